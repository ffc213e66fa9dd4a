package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
)

func TestTerminal(t *testing.T) {
	for name, test := range map[string]struct {
		r *session.Report
		o TerminalOptions
	}{
		"no-runs":        {empty(session.Coverage{}), TerminalOptions{}},
		"success":        {success(), TerminalOptions{Width: 100}},
		"several":        {several(), TerminalOptions{Width: 140}},
		"several-narrow": {several(), TerminalOptions{Width: 72}},
		"several-color":  {several(), TerminalOptions{Width: 100, Color: true}},
		"unknown":        {unpriced(), TerminalOptions{Width: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Terminal(&b, test.r, test.o); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", b.Bytes())
			if !test.o.Color && bytes.ContainsRune(b.Bytes(), 0x1b) {
				t.Error("colours where none are wanted")
			}
		})
	}
}

func TestSteps(t *testing.T) {
	dropped := security()
	dropped.StepsDropped = 1200
	var b bytes.Buffer
	for _, r := range []*session.Run{dropped, unpriced().Sessions[0].Runs[0]} {
		if err := Steps(&b, r, TerminalOptions{Width: 100}); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
	}
	golden(t, "steps.txt", b.Bytes())
}

// The steps of a sub-agent stand below it, and those without a time last.
func TestStepsOrder(t *testing.T) {
	step := func(kind, id, agent string, ms int64) session.Step {
		s := session.Step{Kind: kind, ID: id, Name: id, Subagent: agent}
		if ms >= 0 {
			s.Start = clock(ms)
		}
		return s
	}
	steps := []session.Step{
		step("llm", "late", "", -1), step("tool", "b1", "B", 30), step("subagent", "B", "B", 20), step("subagent", "A", "A", 10),
		step("llm", "a2", "A", -1), step("tool", "a1", "A", 25), step("tool", "first", "", 5), step("tool", "orphan", "gone", 40),
		step("subagent", "A", "A", 50),
	}
	var got []string
	for _, s := range ordered(steps) {
		got = append(got, s.ID)
	}
	if want := "first A a1 a2 B b1 orphan A late"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestFindingsText(t *testing.T) {
	var b bytes.Buffer
	r := several()
	fs := allFindings(r)
	finding.Sort(fs)
	if err := FindingsText(&b, fs, r.Coverage); err != nil {
		t.Fatal(err)
	}
	if err := FindingsText(&b, nil, session.Coverage{Files: 1, Lines: 1}); err != nil {
		t.Fatal(err)
	}
	golden(t, "findings.txt", b.Bytes())
}

// Of a place, the end is kept.
func TestSqueezePlace(t *testing.T) {
	for _, test := range []struct {
		s    string
		n    int
		want string
	}{{"a/b.jsonl:15", 20, "a/b.jsonl:15"}, {"a/b.jsonl:15", 12, "a/b.jsonl:15"}, {"a/b.jsonl:15", 9, "…jsonl:15"}, {"漢字/字:15", 6, "…字:15"}, {"", 5, ""}} {
		if got := squeezePlace(test.s, test.n); got != test.want {
			t.Errorf("%q in %d: %q, want %q", test.s, test.n, got, test.want)
		}
	}
	for s, want := range map[string]string{"": "", "abc": "abc", "abcd": "…cd", "漢字漢字": "…漢字"} {
		if got := tail(s, 3); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// Wide runes count as two columns, marks as none.
func TestWide(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "漢字": 4, "e\u0301": 1, "🔴": 2, "–…": 2} {
		if got := wide(s); got != want {
			t.Errorf("%q: %d columns, want %d", s, got, want)
		}
	}
	for _, test := range []struct {
		s    string
		n    int
		want string
	}{{"abcdef", 6, "abcdef"}, {"abcdef", 4, "abc…"}, {"漢字漢字", 5, "漢字…"}, {"漢字漢字", 4, "漢…"}} {
		if got := squeeze(test.s, test.n); got != test.want || wide(got) > test.n {
			t.Errorf("%q in %d: %q, want %q", test.s, test.n, got, test.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		s    string
		n    int
		want []string
	}{
		{"", 5, nil},
		{"a b c", 5, []string{"a b c"}},
		{"aaa bbb", 5, []string{"aaa", "bbb"}},
		{"aaaaaaaa b", 5, []string{"aaaaa", "aaa b"}},
		{"x 漢字漢字漢字", 5, []string{"x", "漢字", "漢字", "漢字"}},
	} {
		got := wrap(test.s, test.n)
		if len(got) != len(test.want) {
			t.Errorf("%q: %q, want %q", test.s, got, test.want)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%q: %q, want %q", test.s, got, test.want)
			}
		}
	}
}
