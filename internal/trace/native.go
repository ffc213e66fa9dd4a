package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// native is a line of the native format, schemas/trace.schema.json.
type native struct {
	Type      string `json:"type"`
	RunID     string `json:"run_id,omitempty"`
	ParentRun string `json:"parent_run_id,omitempty"`
	SpanID    string `json:"span_id,omitempty"`

	Time  *time.Time `json:"time,omitempty"`
	Start *time.Time `json:"start,omitempty"`
	End   *time.Time `json:"end,omitempty"`

	Agent   *Agent         `json:"agent,omitempty"`
	Runtime *Runtime       `json:"runtime,omitempty"`
	Context *nativeContext `json:"context,omitempty"`

	Model   string   `json:"model,omitempty"`
	Tool    string   `json:"tool,omitempty"`
	Usage   *Usage   `json:"usage,omitempty"`
	CostUSD *float64 `json:"cost_usd,omitempty"`
	Error   *Error   `json:"error,omitempty"`
	Partial bool     `json:"partial,omitempty"`

	ExitCode    *int  `json:"exit_code,omitempty"`
	Failed      bool  `json:"failed,omitempty"`
	Denied      bool  `json:"denied,omitempty"`
	ArgsBytes   Count `json:"args_bytes,omitzero"`
	ResultBytes Count `json:"result_bytes,omitzero"`

	Decision *nativeDecision `json:"decision,omitempty"`

	Status            Status `json:"status,omitempty"`
	Turns             Count  `json:"turns,omitzero"`
	Calls             Count  `json:"llm_calls,omitzero"`
	ToolCalls         Count  `json:"tool_calls,omitzero"`
	ToolErrors        Count  `json:"tool_errors,omitzero"`
	PermissionDenials Count  `json:"permission_denials,omitzero"`
	Subagents         Count  `json:"subagents,omitzero"`
	DurationMS        Count  `json:"duration_ms,omitzero"`
}

type nativeContext struct {
	Repository string         `json:"repository,omitempty"`
	Subject    *nativeSubject `json:"subject,omitempty"`
	HeadSHA    string         `json:"head_sha,omitempty"`
}

type nativeSubject struct {
	Kind   string `json:"kind,omitempty"`
	Number int    `json:"number,omitempty"`
}

type nativeDecision struct {
	Kind         Kind     `json:"kind"`
	Findings     Count    `json:"findings,omitzero"`
	ComposedFrom []string `json:"composed_from,omitempty"`
}

// Write writes the records of one run as lines of the native format, without
// content: names, times, counts and sizes, no message and no summary. Calls and
// tools need ids of 16 hex digits. What a time is needed for and not known is
// written with the time before it.
func Write(w io.Writer, records []Record) error {
	n := nativeWriter{enc: json.NewEncoder(w), last: time.Unix(0, 0).UTC()}
	n.enc.SetEscapeHTML(false)
	for i := range records {
		if err := n.write(&records[i]); err != nil {
			return fmt.Errorf("writing a native trace: %w", err)
		}
	}
	return nil
}

type nativeWriter struct {
	enc    *json.Encoder
	last   time.Time
	totals Totals
}

func (n *nativeWriter) at(t time.Time) *time.Time {
	if !t.IsZero() {
		n.last = t
	}
	last := n.last
	return &last
}

// span fills in a step's times so that it does not end before it starts.
func (n *nativeWriter) span(l *native, start, end time.Time) {
	if start.IsZero() {
		start = end
	}
	if end.Before(start) {
		end = start
	}
	l.Start, l.End = n.at(start), n.at(end)
}

func (n *nativeWriter) write(r *Record) error {
	l := native{RunID: r.RunID}
	if r.Subagent != "" {
		l.RunID, l.ParentRun = r.Subagent, r.RunID
	}
	switch f := r.Fact.(type) {
	case *Start:
		l.Type, l.Time, l.Agent, l.Runtime = "run.start", n.at(r.Time), agentOrUnknown(f.Agent), &f.Runtime
		l.Model, l.Context = f.Model, contextOf(f.Context)
	case *Subagent:
		return n.subagent(&l, f)
	case *Call:
		l.Type, l.SpanID, l.Model, l.Usage = "llm.call", f.ID, orUnknown(f.Model), &f.Usage
		l.CostUSD, l.Error, l.Partial = f.CostUSD, f.Error, f.Partial
		n.span(&l, f.Start, f.End)
	case *Tool:
		l.Type, l.SpanID, l.Tool = "tool.call", f.ID, orUnknown(f.Name)
		l.ExitCode, l.Failed, l.Denied, l.Error = f.ExitCode, f.Failed, f.Denied, f.Error
		l.ArgsBytes, l.ResultBytes = f.ArgsSize, f.ResultSize
		n.span(&l, f.Start, f.End)
	case *Decision:
		l.Type, l.Time = "decision", n.at(r.Time)
		l.Decision = &nativeDecision{Kind: f.Kind, Findings: f.Findings, ComposedFrom: f.ComposedFrom}
	case *Totals:
		n.totals = *f // written with the end
		return nil
	case *End:
		n.end(&l, f, r.Time)
	default:
		return nil // scores and logs are content
	}
	return n.enc.Encode(&l)
}

func (n *nativeWriter) subagent(l *native, f *Subagent) error {
	l.Type, l.Time, l.Agent = "run.start", n.at(f.Start), agentOrUnknown(Agent{Name: f.Name})
	if err := n.enc.Encode(l); err != nil || f.Status == "" {
		return err
	}
	return n.enc.Encode(&native{Type: "run.end", RunID: l.RunID, ParentRun: l.ParentRun, Time: n.at(f.End), Status: f.Status})
}

func (n *nativeWriter) end(l *native, f *End, t time.Time) {
	l.Type, l.Time, l.Status, l.Error = "run.end", n.at(t), f.Status, f.Error
	if n.totals.Usage.Total().Known() {
		l.Usage = &n.totals.Usage
	}
	l.CostUSD, l.Turns, l.Calls, l.DurationMS = n.totals.CostUSD, n.totals.Turns, n.totals.Calls, n.totals.Duration
	l.ToolCalls, l.ToolErrors = n.totals.ToolCalls, n.totals.ToolErrors
	l.PermissionDenials, l.Subagents = n.totals.PermissionDenials, n.totals.Subagents
}

func contextOf(c Context) *nativeContext {
	out := nativeContext{Repository: c.Repository, HeadSHA: c.HeadSHA}
	if c.SubjectKind != "" {
		out.Subject = &nativeSubject{c.SubjectKind, c.Number}
	}
	if out == (nativeContext{}) {
		return nil
	}
	return &out
}

func agentOrUnknown(a Agent) *Agent {
	a.Name = orUnknown(a.Name)
	return &a
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
