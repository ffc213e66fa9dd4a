package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

// Story is a chain, and what people made of the decisions in it.
type Story struct {
	*session.Chain
	Overrides *override.Result // nil where it was not looked for, or could not be read
}

// records returns the overrides and then the agreements.
func (s *Story) records() []*override.Record {
	var out []*override.Record
	if s.Overrides == nil {
		return out
	}
	for _, list := range [][]override.Record{s.Overrides.Overrides, s.Overrides.Agreements} {
		for i := range list {
			out = append(out, &list[i])
		}
	}
	return out
}

// ChainJSON writes a chain as schemas/chain.schema.json describes it, indented
// by two spaces. The same chain gives the same bytes.
func ChainJSON(w io.Writer, s *Story) error {
	out := struct {
		session.Chain
		Overrides  []override.Record  `json:"overrides,omitzero"`
		Agreements []override.Record  `json:"agreements,omitzero"`
		Told       *override.Coverage `json:"override_coverage,omitempty"`
	}{Chain: *s.Chain}
	if out.Sessions == nil {
		out.Sessions = []*session.Link{}
	}
	if out.Acts == nil {
		out.Acts = []session.Act{}
	}
	if out.Findings == nil {
		out.Findings = []finding.Finding{}
	}
	if out.Coverage.Unread == nil {
		out.Coverage.Unread = []session.Unread{}
	}
	if o := s.Overrides; o != nil {
		out.Overrides, out.Agreements, out.Told = o.Overrides, o.Agreements, &o.Coverage
	}
	return writeJSON(w, out)
}

// overruled counts what people made of the decisions.
func overruled(r *override.Result) string {
	out := fmt.Sprintf("%s; %s", number(int64(len(r.Overrides))), plural(len(r.Agreements), "agreement", "agreements"))
	if n := len(r.Coverage.Unresolved); n > 0 {
		out += fmt.Sprintf("; %s that cannot be told", plural(n, "act", "acts"))
	}
	return out
}

// recordLine writes what somebody made of a decision, and the run that had made
// it, in one line.
func recordLine(r *override.Record, w writing) string {
	what := "override"
	if r.Schema == override.AgreementSchema {
		what = "agreement"
	}
	out := fmt.Sprintf("%s, %s: %s by %s, on %s", what, w.name(string(r.Strength)), w.name(strings.ReplaceAll(string(r.Signal), "_", " ")), personText(r.Actor, w), decisionText(r, w))
	if r.Link != nil {
		out += fmt.Sprintf("; run %s, %s", w.name(r.RunID), w.name(string(r.Link.Level)))
	}
	return out
}
