package issue

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Issue is an issue that is there.
type Issue struct {
	Number int
	Own    bool // written by the account that asks, as the forge says
	Open   bool
	Title  string
	Body   string
}

// Close is the action on an issue whose time is over: an issue cannot be
// deleted, and what people wrote under it stays.
const Close Action = "close"

// Step is one step of a plan for issues.
type Step struct {
	Action Action
	Number int    // of the issue; 0 for Create
	Title  string // empty for Close
	Body   string // empty for Close
}

// words is what a marker may be made of.
var words = regexp.MustCompile(`[^0-9A-Za-z@/._-]+`)

func periodMarker(series, period string) string {
	return Marker(fmt.Sprintf("%s %s", words.ReplaceAllString(series, "-"), words.ReplaceAllString(period, "-")))
}

// PlanPeriod returns what to do so that there is one own issue of a series for a
// period, with this title and text, and no open one for an earlier period.
// A period is a day, a week or a month, as in 2026-11-20, 2026-W47 or 2026-11. Issues are the newest first; of several
// own ones for the period the oldest is kept. One that somebody has closed is
// kept up to date, and stays closed. Nothing is done where all is so already.
func PlanPeriod(issues []Issue, series, period, title, body string) []Step {
	marker := periodMarker(series, period)
	body = marker + "\n" + body
	first := -1
	var over []Step
	for i, is := range issues {
		if !is.Own {
			continue
		}
		switch p := periodOf(is.Body, series); {
		case p == period:
			if first >= 0 && issues[first].Open {
				over = append(over, Step{Action: Close, Number: issues[first].Number})
			}
			first = i
		case is.Open && isOver(p, period):
			over = append(over, Step{Action: Close, Number: is.Number})
		}
	}
	switch {
	case first < 0:
		return append([]Step{{Action: Create, Title: title, Body: body}}, over...)
	case issues[first].Title == title && same(issues[first].Body, body):
		return over
	}
	return append([]Step{{Action: Update, Number: issues[first].Number, Title: title, Body: body}}, over...)
}

// periodOf returns the period that an issue's marker names, empty for an issue
// of no or of another series.
func periodOf(body, series string) string {
	line, _, _ := strings.Cut(strings.ReplaceAll(body, "\r\n", "\n"), "\n")
	period := line[strings.LastIndexByte(strings.TrimSuffix(line, " -->"), ' ')+1:]
	period = strings.TrimSuffix(period, " -->")
	if line != periodMarker(series, period) {
		return ""
	}
	return period
}

// isOver reports whether the one period ends before the other one begins, which may
// be of another length: people change how often they want a report.
func isOver(period, now string) bool {
	_, to, known := bounds(period)
	from, _, ok := bounds(now)
	return known && ok && to.Before(from)
}

// bounds returns the first and the last day of a period.
func bounds(period string) (from, to time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, period); err == nil {
		return day, day, true
	}
	if first, err := time.Parse("2006-01", period); err == nil {
		return first, first.AddDate(0, 1, -1), true
	}
	var year, week int
	if n, err := fmt.Sscanf(period, "%4d-W%2d", &year, &week); n != 2 || err != nil {
		return from, to, false
	}
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // which is in the first week: ISO 8601
	monday := fourth.AddDate(0, 0, 7*(week-1)-(int(fourth.Weekday())+6)%7)
	return monday, monday.AddDate(0, 0, 6), true
}
