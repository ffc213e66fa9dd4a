package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/trace"
)

// allowKey keys the fingerprints of the configuration's list. They are the same
// everywhere, and whoever reads the list could try values out: what stands in it
// is no secret. No other output has fingerprints by this key.
const allowKey = "andon allow v1"

// day is how a date is written.
const day = "2006-01-02"

// allowed is a credential that the configuration declares to be none.
type allowed struct {
	Fingerprint string `yaml:"fingerprint"`
	Reason      string `yaml:"reason"`
	Expires     string `yaml:"expires"` // the last day on which it counts, in UTC
}

// allowlist knows the credentials that are let pass. A nil list lets none.
type allowlist struct {
	path    string // of the configuration
	entries []allowed
	used    []bool
	today   string
	scan    *secret.Scanner // with allowKey
	known   []string        // the secrets of the job
	never   map[string]bool // and their fingerprints
}

// newAllowlist returns nil for no entries. The secrets of the job stand in the
// environment variables with the given names.
func newAllowlist(env Env, path string, entries []allowed, names []string) (*allowlist, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	scan, err := secret.New(secret.Options{Key: []byte(allowKey)})
	if err != nil {
		return nil, fmt.Errorf("preparing the list of allowed credentials: %w", err)
	}
	a := &allowlist{path: path, entries: entries, used: make([]bool, len(entries)), today: today(env).Format(day), scan: scan, never: map[string]bool{}}
	for _, name := range names {
		value := strings.TrimSpace(env.Getenv(name))
		if value == "" {
			continue
		}
		a.known = append(a.known, value)
		for _, m := range scan.Scan([]byte(value)) {
			a.never[m.Fingerprint] = true
		}
	}
	return a, nil
}

// ofJob reports whether a match is a secret of the job.
func (a *allowlist) ofJob(m secret.Match, text []byte, print string) bool {
	return m.Rule == knownRule || a.never[print] ||
		slices.ContainsFunc(a.known, func(v string) bool { return bytes.Contains(text[m.Start:m.End], []byte(v)) })
}

func today(env Env) time.Time {
	if env.Now == nil {
		return time.Now().UTC()
	}
	return env.Now().UTC()
}

// part returns of what was found in a text that which is not allowed, and the
// matches that are, by the number of their entry. A secret of the job is never
// allowed.
func (a *allowlist) part(text []byte, found []secret.Match) (rest []secret.Match, let map[int]secret.Match) {
	if a == nil || len(found) == 0 {
		return found, nil
	}
	type place struct {
		rule       string
		start, end int
	}
	prints := map[place]string{}
	for _, m := range a.scan.Scan(text) {
		prints[place{m.Rule, m.Start, m.End}] = m.Fingerprint
	}
	let = map[int]secret.Match{}
	for _, m := range found {
		print := prints[place{m.Rule, m.Start, m.End}]
		n := a.entry(m.Fingerprint, print)
		if n < 0 || a.ofJob(m, text, print) {
			rest = append(rest, m)
			continue
		}
		a.used[n] = true
		if _, seen := let[n]; !seen {
			let[n] = m
		}
	}
	return rest, let
}

// knownRule is that of the values that the job holds.
const knownRule = "secret/known-value"

// entry returns the number of the entry for one of the fingerprints that has
// not expired, or -1.
func (a *allowlist) entry(prints ...string) int {
	return slices.IndexFunc(a.entries, func(e allowed) bool { return e.Expires >= a.today && slices.Contains(prints, e.Fingerprint) })
}

// findings say which entries are of no use any more.
func (a *allowlist) findings() []finding.Finding {
	if a == nil {
		return nil
	}
	var out []finding.Finding
	for i, e := range a.entries {
		at := trace.Pos{File: a.path, Pointer: fmt.Sprintf("/allow/%d", i)}
		switch {
		case e.Expires < a.today:
			out = append(out, finding.Finding{
				Rule: "allow/expired", Severity: finding.Warning, Pos: at, Fingerprint: e.Fingerprint,
				Message: "the credential was allowed until " + e.Expires + ": " + e.Reason, Hint: "revoke it, or look whether the reason still holds and set another date",
			})
		case !a.used[i]:
			out = append(out, finding.Finding{
				Rule: "allow/unused", Severity: finding.Info, Pos: at, Fingerprint: e.Fingerprint,
				Message: "no credential with this fingerprint was found", Hint: "remove the entry if that stays so",
			})
		}
	}
	return out
}

// let reports the credentials of a source that are allowed, each once.
func (g *gatherer) let(found map[int]secret.Match, s *source, pos func(secret.Match) trace.Pos) {
	for n, e := range g.allowEntries() {
		m, ok := found[n]
		if !ok || slices.Contains(s.let, n) {
			continue
		}
		s.let = append(s.let, n)
		g.add(finding.Finding{
			Rule: "allow/passed", Severity: finding.Info, Pos: pos(m), Fingerprint: e.Fingerprint,
			Message: m.Title + ", allowed until " + e.Expires + ": " + e.Reason,
		})
	}
}

func (g *gatherer) allowEntries() []allowed {
	if g.allow == nil {
		return nil
	}
	return g.allow.entries
}

// asText makes every value of the list a text: a date is one, and so is a
// fingerprint that happens to have digits alone.
func asText(doc *yaml.Node) {
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		doc = doc.Content[0]
	}
	for i := 0; i+1 < len(doc.Content) && doc.Kind == yaml.MappingNode; i += 2 {
		if doc.Content[i].Value != "allow" {
			continue
		}
		for _, e := range doc.Content[i+1].Content {
			for j := 1; j < len(e.Content) && e.Kind == yaml.MappingNode; j += 2 {
				if v := e.Content[j]; v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
					v.Tag = "!!str"
				}
			}
		}
	}
}

// checkAllowed makes sure that the dates are some.
func checkAllowed(entries []allowed) error {
	for i, e := range entries {
		if _, err := time.Parse(day, e.Expires); err != nil {
			return fmt.Errorf("/allow/%d/expires is no date such as 2027-01-31", i)
		}
	}
	return nil
}

// allowText writes findings as entries for the configuration, each credential
// once. The reason is left to whoever puts them there.
func allowText(fs []finding.Finding, now time.Time) string {
	var b strings.Builder
	b.WriteString("allow:\n")
	seen := map[string]bool{}
	for _, f := range fs {
		if !strings.HasPrefix(f.Rule, "secret/") || f.Rule == knownRule || seen[f.Fingerprint] {
			continue
		}
		seen[f.Fingerprint] = true
		fmt.Fprintf(&b, "  - fingerprint: %q # %s, %s\n    reason: \"\"\n    expires: %s\n", f.Fingerprint, f.Rule, plain(f.Place()), now.AddDate(0, 0, 90).Format(day))
	}
	if len(seen) == 0 {
		return "allow: []\n"
	}
	return b.String()
}
