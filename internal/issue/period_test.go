package issue

import (
	"slices"
	"strings"
	"testing"
)

func TestPlanPeriod(t *testing.T) {
	of := func(series, period, text string) string { return periodMarker(series, period) + "\n" + text }
	this, last := of("report", "2026-W47", "body"), of("report", "2026-W46", "old")
	const now = "title"
	for _, tt := range []struct {
		name   string
		issues []Issue
		want   []Step
	}{
		{"none there", nil, []Step{{Create, 0, now, this}}},
		{"the same", []Issue{{1, true, true, now, this + "\r\n"}}, nil},
		{"another text", []Issue{{1, true, true, now, of("report", "2026-W47", "was")}}, []Step{{Update, 1, now, this}}},
		{"another title", []Issue{{1, true, true, "was", this}}, []Step{{Update, 1, now, this}}},
		{"closed by somebody", []Issue{{1, true, false, "was", this}}, []Step{{Update, 1, now, this}}},
		{"the last week's open", []Issue{{1, true, true, now, last}}, []Step{{Create, 0, now, this}, {Close, 1, "", ""}}},
		{"the last week's open beside", []Issue{{2, true, true, now, this}, {1, true, true, now, last}}, []Step{{Close, 1, "", ""}}},
		{"the last week's closed", []Issue{{2, true, true, now, this}, {1, true, false, now, last}}, nil},
		{"a later week's stays", []Issue{{1, true, true, now, of("report", "2026-W48", "body")}}, []Step{{Create, 0, now, this}}},
		{"a day's in the week before", []Issue{{1, true, true, now, of("report", "2026-11-15", "body")}}, []Step{{Create, 0, now, this}, {Close, 1, "", ""}}},
		{"a day's in this week stays", []Issue{{1, true, true, now, of("report", "2026-11-16", "body")}}, []Step{{Create, 0, now, this}}},
		{"the last month's open", []Issue{{1, true, true, now, of("report", "2026-10", "body")}}, []Step{{Create, 0, now, this}, {Close, 1, "", ""}}},
		{"this month's stays", []Issue{{1, true, true, now, of("report", "2026-11", "body")}}, []Step{{Create, 0, now, this}}},
		{"twice", []Issue{{2, true, true, now, this}, {1, true, true, now, this}}, []Step{{Close, 2, "", ""}}},
		{"another account's", []Issue{{2, false, true, now, this}, {1, false, true, now, last}}, []Step{{Create, 0, now, this}}},
		{"another series", []Issue{{1, true, true, now, of("report/@octo/web", "2026-W46", "body")}}, []Step{{Create, 0, now, this}}},
		{"no period", []Issue{{1, true, true, now, Marker("report") + "\nbody"}}, []Step{{Create, 0, now, this}}},
		{"quoted", []Issue{{1, true, true, now, "> " + last}}, []Step{{Create, 0, now, this}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := PlanPeriod(tt.issues, "report", "2026-W47", now, "body"); !slices.Equal(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A series is named by an owner, whose name somebody else has chosen.
func TestPeriodMarkerIsClosed(t *testing.T) {
	if got := periodMarker("report/@a --> <b>", "1 -->"); strings.Count(got, ">") != 1 || strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
}

// TestPeriodChange closes what is over also where the period is of another length
// since.
func TestPeriodChange(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		over    bool
	}{
		{"2026-W47", "2026-11-23", true}, {"2026-W47", "2026-11-22", false}, {"2026-W47", "2026-12", true}, {"2026-W49", "2026-12", false},
		{"2026-W53", "2027-01-04", true}, {"2026-W53", "2027-01-03", false}, {"2026-W53", "2027-W01", true}, {"2025-W01", "2025-01", false},
		{"2026-02", "2026-03-01", true}, {"2026-02", "2026-02-28", false}, {"2026-11-20", "2026-11", false}, {"else", "2026-11", false},
	} {
		if got := isOver(tt.was, tt.is); got != tt.over {
			t.Errorf("%s is over in %s: %v", tt.was, tt.is, got)
		}
	}
}
