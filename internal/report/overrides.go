package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// OverridesJSON writes {"overrides": [...], "agreements": [...], "coverage":
// {...}}; schemas/override.schema.json describes an element of the lists.
func OverridesJSON(w io.Writer, r override.Result) error { return writeJSON(w, r) }

// OverridesJSONL writes the overrides and then the agreements, one a line, as
// history keeps them. The coverage is left out.
func OverridesJSONL(w io.Writer, r override.Result) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, list := range [][]override.Record{r.Overrides, r.Agreements} {
		for _, rec := range list {
			if err := enc.Encode(rec); err != nil {
				return fmt.Errorf("encoding an override: %w", err)
			}
		}
	}
	_, err := w.Write(jsonText(b.Bytes()))
	return err
}

// OverridesText writes what people did about decisions, for a terminal or a
// log, and then what it rests on and what it cannot say.
func OverridesText(w io.Writer, r override.Result) error {
	var b strings.Builder
	for _, rec := range r.Overrides {
		recordText(&b, "override", rec)
	}
	for _, rec := range r.Agreements {
		recordText(&b, "agreement", rec)
	}
	fmt.Fprintf(&b, "%s, %s in %s\n", plural(len(r.Overrides), "override", "overrides"), plural(len(r.Agreements), "agreement", "agreements"), basisOf(r.Coverage))
	coverageText(&b, r.Coverage)
	_, err := io.WriteString(w, b.String())
	return err
}

func basisOf(c override.Coverage) string {
	s := plural(c.Changes, "change", "changes")
	if c.Event != "" {
		s += " (event " + termText(c.Event, maxName) + ")"
	}
	return s
}

// recordText writes one record, and below it the words, the run and the places.
func recordText(b *strings.Builder, what string, r override.Record) {
	w := writing{strong: clean, name: func(s string) string { return termText(s, maxName) }}
	fmt.Fprintf(b, "%s %s: %s %s\n", what, subjectText(r.Repository, r.Subject), termText(string(r.Strength), maxName), termText(string(r.Signal), maxName))
	fmt.Fprintf(b, "    by %s, on %s", personText(r.Actor, w), decisionText(&r, w))
	if !r.Time.IsZero() {
		fmt.Fprintf(b, ", %s", r.Time.UTC().Format(time.RFC3339))
	}
	b.WriteByte('\n')
	if r.Lines != nil {
		fmt.Fprintf(b, "    %s", plural(int(r.Lines.Changed), "line", "lines"))
		if of, ok := r.Lines.Of.Get(); ok {
			fmt.Fprintf(b, " of %s", number(of))
		}
		b.WriteByte('\n')
	}
	if r.Reason != "" {
		fmt.Fprintf(b, "    says: %s\n", termText(r.Reason, maxMessage))
	}
	if r.Link != nil {
		fmt.Fprintf(b, "    run %s, %s by %s\n", termText(r.RunID, maxName), termText(string(r.Link.Level), maxName), termText(r.Link.By, maxMessage))
	}
	for i, e := range r.Evidence {
		again := slices.ContainsFunc(r.Evidence[:i], func(o override.Evidence) bool { return o.URL == e.URL })
		if e.URL != "" && !again {
			fmt.Fprintf(b, "    %s\n", termText(e.URL, maxMessage))
		}
	}
}

func personText(p override.Person, w writing) string {
	login := "somebody"
	if p.Login != "" {
		login = w.name(p.Login)
	}
	if p.Kind != override.Human {
		login += " (person or agent, that is not known)"
	}
	return login
}

func decisionText(r *override.Record, w writing) string {
	agent := "an agent"
	if r.Agent.Name != "" {
		agent = w.name(r.Agent.Name)
	}
	switch r.Decision.Kind {
	case "":
		return "a decision of " + agent
	case trace.Commit:
		return "the change of " + agent
	}
	return "the " + w.name(strings.ReplaceAll(string(r.Decision.Kind), "_", " ")) + " of " + agent
}

func subjectText(repository string, s session.Subject) string {
	if s.Number == 0 {
		return termText(repository, maxName) + " " + termText(s.Kind, maxName)
	}
	return fmt.Sprintf("%s#%d", termText(repository, maxName), s.Number)
}

// partText names a part of a history that was not read.
func partText(p override.Part) string {
	switch p {
	case override.PartAfter:
		return "what came after the merge"
	case override.PartPrevious:
		return "what a dismissed review had said"
	case override.PartPermissions:
		return "who may write"
	}
	return strings.ReplaceAll(string(p), "_", " ")
}

// coverageText writes what was counted, what cannot be told, what does not
// count and what was taken back.
func coverageText(b *strings.Builder, c override.Coverage) {
	for _, t := range c.Decisions {
		fmt.Fprintf(b, "  decisions, %s: %s, %s overridden, %s agreed with, %s inconclusive\n", termText(string(t.Kind), maxName),
			number(int64(t.Total)), number(int64(t.Overridden)), number(int64(t.Agreed)), number(int64(t.Inconclusive)))
	}
	for _, u := range c.Unresolved {
		fmt.Fprintf(b, "  cannot tell %s in %s: %s\n", termText(string(u.Signal), maxName), subjectText(u.Repository, u.Subject), termText(u.Why, maxMessage))
	}
	for _, i := range c.Ignored {
		fmt.Fprintf(b, "  does not count as %s: %s\n", termText(string(i.Signal), maxName), termText(i.Why, maxMessage))
	}
	for _, id := range c.Cancelled {
		fmt.Fprintf(b, "  taken back: %s\n", termText(id, maxName))
	}
	if len(c.Missing) > 0 {
		var parts []string
		for _, p := range c.Missing {
			parts = append(parts, partText(p))
		}
		fmt.Fprintf(b, "  not read: %s\n", termText(strings.Join(parts, ", "), maxMessage))
	}
	if c.Partial {
		b.WriteString("  this is not all:\n")
		for _, why := range c.Unread {
			fmt.Fprintf(b, "    %s\n", termText(why, maxMessage))
		}
	}
	if c.Cursor != "" {
		fmt.Fprintf(b, "    go on with --cursor %s\n", termText(c.Cursor, maxName))
	}
}
