package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

func TestIncidentRows(t *testing.T) {
	at := func(file string, line int, rule string, s finding.Severity) finding.Finding {
		return finding.Finding{Rule: rule, Severity: s, Pos: trace.Pos{File: file, Line: line}, Fingerprint: "0123456789abcdef"}
	}
	w := session.Workflow{ID: 7, URL: "https://github.com/o/r/actions/runs/7"}
	const rule = "secret/github-token"
	leaks := LeaksOf(w, []finding.Finding{
		at("a.jsonl", 9, rule, finding.Error), at("a.jsonl", 2, rule, finding.Error), at("a.jsonl", 2, rule, finding.Error),
		at("a.jsonl", 3, "secret/generic", finding.Warning), at("a.jsonl", 3, "trace/truncated", finding.Error),
		at("@octo-org/all #1 | `x` <!-- andon:incident 1 -->\n| x", 0, "secret/@mona", finding.Error),
	})
	rows := IncidentRows(leaks)
	if want := "| `secret/github-token` | `a.jsonl` | 2, 9 | [7](https://github.com/o/r/actions/runs/7) | `0123456789abcdef` |"; len(rows) != 2 || rows[0] != want {
		t.Errorf("%q", rows)
	}
	for _, bad := range []string{"@octo", "@mona |", "<!--", "\n", " | `x`"} {
		if strings.Contains(rows[1], bad) {
			t.Errorf("%q is in %q", bad, rows[1])
		}
	}
	text := IncidentMarkdown("#12", rows)
	if got := ListedRows(strings.ReplaceAll(text, "\n", "\r\n")); !slices.Equal(got, rows) {
		t.Errorf("read again: %q", got)
	}
	many := slices.Repeat(rows, maxIncident)
	if got := IncidentMarkdown("#12", many); len(ListedRows(got)) != maxIncident || !strings.Contains(got, "100 more are not listed") {
		t.Errorf("%d rows", len(ListedRows(got)))
	}
}
