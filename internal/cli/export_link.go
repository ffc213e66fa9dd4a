package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/otlp"
)

// maxShown is how many traces of an export have their pages shown.
const maxShown = 3

// see remembers the traces of spans that were sent.
func (d *destination) see(spans []*otlp.Span) {
	for _, s := range spans {
		if len(d.traces) > maxShown {
			return
		}
		if !slices.Contains(d.traces, s.Trace) {
			d.traces = append(d.traces, s.Trace)
		}
	}
}

// links returns the pages of what was sent: none where it is of many traces,
// which backends list better.
func (d *destination) links() []string {
	if len(d.traces) > maxShown {
		return nil
	}
	var out []string
	for _, t := range d.traces {
		if page := d.Link(t); page != "" {
			out = append(out, plain(page))
		}
	}
	return out
}

// show puts the pages of what was sent into the job's summary.
func (e *export) show() {
	var out []string
	for _, d := range e.ends {
		for _, page := range d.links() {
			out = append(out, fmt.Sprintf("[open the trace in %s](%s)", plain(d.Host()), page))
		}
	}
	if len(out) > 0 && inActions(e.env) {
		e.summarise("\n" + strings.Join(out, " · ") + "\n")
	}
}

// summarise adds to the job's summary, unless that is off.
func (e *export) summarise(markdown string) {
	if e.env.Getenv("ANDON_SUMMARY") == "false" || e.env.Getenv("GITHUB_STEP_SUMMARY") == "" {
		return
	}
	if err := action.New(e.env.Stderr, e.env.Getenv).Summary([]byte(markdown)); err != nil {
		fmt.Fprintf(e.env.Stderr, "andon: %s\n", plain(err.Error()))
	}
}
