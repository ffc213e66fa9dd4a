package ingest

import (
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// sink is where a reader puts what it has read.
type sink struct {
	o        Options
	source   string
	space    string
	fallback string // a run id for files that have none
	unknown  map[string]int
	invalid  int
	puzzled  bool // the last value was of a type that is new to the reader
	line     int  // on which the value begins that is being read

	nested jsonl.Doc // for JSON within strings

	run      string // id of the run that is being read
	subagent string // id of the sub-agent that is being read, if any

	// verdicts are decisions that hold once their tool call has succeeded.
	verdicts map[string]*trace.Decision

	// intended are changes that may get an id once their tool call has succeeded.
	intended map[string]intent
}

// add emits a fact of the current run and sub-agent. A step without an id could
// not be told from another, and is left out.
func (s *sink) add(line int, t time.Time, f trace.Fact) {
	if !identified(f) {
		s.drift("(a step without an id)")
		return
	}
	run := s.run
	if run == "" {
		run = s.fallback
	}
	s.o.Emit(trace.Record{
		Pos:      trace.Pos{File: s.o.Name, Line: line},
		Source:   s.source,
		Space:    s.space,
		RunID:    run,
		Unnamed:  s.run == "" || s.run == s.fallback,
		Subagent: s.subagent,
		Time:     t,
		Fact:     f,
	})
}

// here returns the line of the first of some parts, of the value that is being
// read, that is there; else the line on which the value begins. A document may
// have a line for each of its parts, or one for all of them. Parts that are asked
// for one after another cost little, and one that stands far from the last a look
// at all that is between them.
func (s *sink) here(parts ...jsonl.Value) int {
	for _, v := range parts {
		if v.Kind() != jsonl.Missing {
			return s.line + v.Line()
		}
	}
	return s.line
}

func identified(f trace.Fact) bool {
	switch f := f.(type) {
	case *trace.Call:
		return f.ID != ""
	case *trace.Tool:
		return f.ID != ""
	case *trace.Subagent:
		return f.ID != ""
	}
	return true
}

// maxPuzzled is how often a type that the reader does not know is a reason to
// look whether the file is another one from there on.
const maxPuzzled = 4

// drift counts a record of a type that the reader does not know.
func (s *sink) drift(typ string) {
	switch {
	case len(typ) > 80: // which no type is; a piece of it could be one of a credential
		typ = "(a long text)"
	case typ == "":
		typ = "(none)"
	}
	if _, known := s.unknown[typ]; known || len(s.unknown) < 100 {
		s.unknown[typ]++
		s.puzzled = s.unknown[typ] <= maxPuzzled
		return
	}
	s.unknown["(others)"]++
}

// bad reports a record that lacks what its reader needs.
func (s *sink) bad(line int, pointer, msg, hint string) {
	s.invalid++
	s.o.Find(finding.Finding{
		Rule: "trace/missing-field", Severity: finding.Error, Message: msg, Hint: hint,
		Pos: trace.Pos{File: s.o.Name, Line: line, Pointer: pointer},
	})
}

// await keeps a decision until the tool call that carries it out has ended.
func (s *sink) await(toolID string, d *trace.Decision) {
	if d != nil && len(s.verdicts) < 10_000 {
		s.verdicts[toolID] = d
	}
}

// settle emits the decision of a tool call that has succeeded, and forgets the
// one of a call that has failed.
func (s *sink) settle(line int, t time.Time, toolID string, failed bool) {
	d := s.verdicts[toolID]
	if d == nil {
		return
	}
	delete(s.verdicts, toolID)
	if !failed {
		s.add(line, t, d)
	}
}

// count returns the non-negative integer at v, unknown where there is none.
func count(v jsonl.Value) trace.Count {
	n, ok := v.Int()
	if !ok {
		return trace.Count{}
	}
	return trace.Measured(n)
}

// millisOf returns the milliseconds at v, rounded, unknown where there are none.
func millisOf(v jsonl.Value) trace.Count {
	f, ok := v.Float()
	if !ok || !(f >= 0 && f < 1<<53) {
		return trace.Count{}
	}
	return trace.Measured(int64(f + 0.5))
}

// money returns the amount at v, nil where there is none.
func money(v jsonl.Value) *float64 {
	f, ok := v.Float()
	if !ok || f < 0 {
		return nil
	}
	return &f
}

// minus returns the part of a count that is not in the parts: OpenAI, Gemini
// and OpenTelemetry count cached tokens inside the input.
func minus(whole trace.Count, parts ...trace.Count) trace.Count {
	n, ok := whole.Get()
	if !ok {
		return whole
	}
	for _, p := range parts {
		n -= p.N()
	}
	return trace.Measured(max(n, 0))
}

// size returns the number of bytes that v takes: of its text for a string, of
// its JSON for anything else.
func size(v jsonl.Value) trace.Count {
	switch v.Kind() {
	case jsonl.Missing:
		return trace.Count{}
	case jsonl.String:
		return trace.Measured(int64(v.StringLen()))
	}
	return trace.Measured(int64(len(v.Raw())))
}
