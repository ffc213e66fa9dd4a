package cli

import (
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/trace"
)

// cleaner cuts credentials out of what records say in words: names, summaries,
// error messages. It does so before anything is laid out, because a line break
// or an ellipsis within a credential would hide it from the scan of the output.
type cleaner struct {
	scan     *secret.Scanner
	personal *secret.Personal  // nil leaves personal data as it is
	seen     map[string]string // what names come to; they repeat
}

func newCleaner(s *secret.Scanner) *cleaner { return &cleaner{scan: s, seen: map[string]string{}} }

// maxSeen bounds the memory for names. Beyond it, each is scanned again.
const maxSeen = 20_000

// text cleans what is said once.
func (c *cleaner) text(s *string) {
	if *s != "" {
		out, _ := c.scan.Redact([]byte(*s))
		out, _ = c.personal.Redact(out)
		*s = string(out)
	}
}

// name cleans what is said again and again.
func (c *cleaner) name(s *string) {
	if *s == "" {
		return
	}
	clean, known := c.seen[*s]
	if !known {
		clean = *s
		c.text(&clean)
		if len(c.seen) < maxSeen {
			c.seen[*s] = clean
		}
	}
	*s = clean
}

func (c *cleaner) error(e *trace.Error) {
	if e != nil {
		c.name(&e.Type)
		c.text(&e.Message)
	}
}

// record cleans a record in place. Ids of calls and tools stay: they are never
// written, only their hashes are.
func (c *cleaner) record(r *trace.Record) {
	c.name(&r.RunID)
	c.name(&r.Subagent)
	switch f := r.Fact.(type) {
	case *trace.Start:
		for _, s := range []*string{
			&f.Agent.Name, &f.Runtime.Name, &f.Runtime.Version, &f.Model,
			&f.Context.Repository, &f.Context.SubjectKind, &f.Context.HeadSHA, &f.Context.Branch,
		} {
			c.name(s)
		}
		if i := f.Agent.Instructions; i != nil {
			c.name(&i.Path)
			c.name(&i.SHA256)
		}
	case *trace.Call:
		c.name(&f.Model)
		c.name(&f.Provider)
		c.name(&f.FinishReason)
		c.error(f.Error)
	case *trace.Score:
		c.name(&f.Name)
		c.text(&f.Label)
		c.name(&f.Judge)
	case *trace.Tool:
		c.name(&f.Name)
		c.error(f.Error)
		for i := range f.Changes {
			c.name(&f.Changes[i].ID)
		}
	case *trace.Subagent:
		c.name(&f.ID)
		c.name(&f.Name)
	case *trace.Decision:
		c.text(&f.Summary)
		for i := range f.ComposedFrom {
			c.name(&f.ComposedFrom[i])
		}
	case *trace.End:
		c.error(f.Error)
	case *trace.Totals:
		c.models(f)
	}
}

func (c *cleaner) models(t *trace.Totals) {
	for model, u := range t.ByModel {
		clean := model
		if c.name(&clean); clean != model {
			delete(t.ByModel, model)
			t.ByModel[clean] = u
		}
	}
}
