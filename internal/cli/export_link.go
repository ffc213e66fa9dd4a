package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/otlp/exporter"
	"github.com/andon-ci/andon/internal/session"
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

// pages returns where the configuration says that the traces of a repository's
// workflow runs are shown, nil for nowhere.
func (c exportConfig) pages(repository string) func(session.Workflow) string {
	ends, err := exporter.Endpoints(c.Endpoints, exporter.Environment{Getenv: func(string) string { return "" }})
	if err != nil || len(ends) == 0 || c.TraceScope == string(otlp.AgentRun) {
		return nil
	}
	return func(w session.Workflow) string {
		p := otlp.Pipeline{Repository: repository, RunID: strconv.FormatInt(w.ID, 10), Attempt: strconv.Itoa(max(w.Attempt, 1))}
		root, _ := otlp.NewMapper(p, otlp.Options{Scheme: otlp.Scheme(c.TraceIDs)}).Root()
		for _, e := range ends {
			if page := e.Link(root.Trace); page != "" && w.Bundles > 0 {
				return page
			}
		}
		return ""
	}
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
