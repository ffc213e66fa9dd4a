package session

import (
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// Records returns a run as the records of a native trace without content: who
// ran, its steps with their times and counts, what it decided and how it ended.
// Read again, they give the same steps.
func Records(s *Session, r *Run) []trace.Record {
	b := recorder{record: trace.Record{Source: NativeFormat, RunID: r.ID}}
	b.add(r.Start, "", &trace.Start{
		Agent: r.Agent, Runtime: r.Runtime,
		Context: trace.Context{
			Repository: s.Repository, SubjectKind: s.Subject.Kind, Number: s.Subject.Number, HeadSHA: s.HeadSHA,
		},
	})
	for i := range r.Steps[:min(len(r.Steps), maxSteps)] {
		b.step(&r.Steps[i])
	}
	if d := r.Decision; d != nil {
		b.add(r.End, "", &trace.Decision{Kind: d.Kind, Source: trace.FromRecord, Findings: d.Findings, ComposedFrom: d.composedFrom})
	}
	b.add(r.End, "", &trace.Totals{
		Usage: r.Usage, CostUSD: r.Cost.ReportedUSD, Calls: r.LLMCalls, Turns: r.Turns, Duration: r.DurationMS,
		ToolCalls: r.ToolCalls, ToolErrors: r.ToolErrors, PermissionDenials: r.PermissionDenials, Subagents: r.Subagents,
	})
	end := &trace.End{Status: r.Status}
	if r.Error != nil {
		end.Error = &trace.Error{Type: r.Error.Type}
	}
	b.add(r.End, "", end)
	return b.out
}

type recorder struct {
	record trace.Record
	out    []trace.Record
}

func (b *recorder) step(s *Step) {
	var e *trace.Error
	if s.Error != nil {
		e = &trace.Error{Type: s.Error.Type} // a message is content
	}
	switch s.Kind {
	case StepLLM:
		b.add(s.End, s.Subagent, &trace.Call{ID: s.ID, Model: s.Name, Start: s.Start, End: s.End, Usage: s.Usage, Error: e, Partial: s.Partial})
	case StepTool:
		b.add(s.End, s.Subagent, &trace.Tool{
			ID: s.ID, Name: s.Name, Start: s.Start, End: s.End,
			ExitCode: s.ExitCode, Failed: s.Failed, Error: e, Done: true,
		})
	case StepSubagent:
		status := trace.Success
		if s.Failed {
			status = trace.Failure
		}
		b.add(s.Start, s.ID, &trace.Subagent{ID: s.ID, Name: s.Name, Start: s.Start, End: s.End, Status: status})
	}
}

func (b *recorder) add(t time.Time, subagent string, f trace.Fact) {
	r := b.record
	r.Time, r.Subagent, r.Fact = t, subagent, f
	b.out = append(b.out, r)
}
