package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// fault is a run that did not succeed, or steps of one run that failed alike.
type fault struct {
	run    *session.Run
	step   *session.Step // the first of them; nil for the run itself
	err    *trace.Error  // of the step, as far as it may be shown
	places []string
	n      int
}

// faults returns what failed in a session, run by run. An agent that tries the
// same in vain twenty times has one fault and not twenty. What tools have said is
// part of it only where content may be shown.
func faults(s *session.Session, content bool) []fault {
	type cause struct {
		kind, name string
		exit       int
		err        trace.Error
	}
	var out []fault
	for _, r := range s.Runs {
		if r.Error != nil || r.Status != trace.Success {
			out = append(out, fault{run: r, places: r.Files[:min(len(r.Files), 1)], n: 1})
		}
		at := map[cause]int{}
		for i := range r.Steps {
			st := &r.Steps[i]
			if !st.Failed && st.Error == nil {
				continue
			}
			c := cause{kind: st.Kind, name: st.Name, exit: exitCode(st)}
			if e := withoutExit(st); e != nil {
				c.err = *e
			}
			if !content && st.Kind == session.StepTool {
				c.err.Message = ""
			}
			k, known := at[c]
			if !known {
				k = len(out)
				at[c] = k
				out = append(out, fault{run: r, step: st, err: &c.err})
			}
			out[k].n++
			out[k].places = addPlace(out[k].places, place(st.Pos))
		}
	}
	return out
}

func exitCode(s *session.Step) int {
	if s.ExitCode == nil {
		return 0
	}
	return *s.ExitCode
}

// addPlace keeps the first three places: enough to see for oneself.
func addPlace(places []string, p string) []string {
	if p == "" || len(places) == 3 || slices.Contains(places, p) {
		return places
	}
	return append(places, p)
}

// times returns " (17 times)" for more than one.
func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%s times)", number(int64(n)))
}

// found is a finding, and the places of all that say the same.
type found struct {
	finding.Finding
	places []string
	n      int
}

// group puts findings together that say the same, in order of the first.
func group(fs []finding.Finding) []found {
	type saying struct {
		rule, message, hint string
		severity            finding.Severity
	}
	var out []found
	at := map[saying]int{}
	for _, f := range fs {
		s := saying{f.Rule, f.Message, f.Hint, f.Severity}
		k, known := at[s]
		if !known {
			k = len(out)
			at[s] = k
			out = append(out, found{Finding: f})
		}
		out[k].n++
		out[k].places = addPlace(out[k].places, f.Place())
	}
	return out
}

// codes lists places as code, without the folder they are all in.
func (m *summary) codes(places []string) string {
	var out []string
	for _, p := range places {
		out = append(out, mdCode(tail(strings.TrimPrefix(p, m.folder), maxPath), maxPath))
	}
	return strings.Join(out, ", ")
}
