// Package secret finds credentials in traces, for whoever must not let them
// leave a runner.
//
// The one design decision is that the raw bytes are searched, not decoded
// strings: a credential in a transcript may stand in JSON within JSON within
// JSON, in a line that is no JSON at all, or in base64, and decoding everything
// to find nothing is what makes scanners slow. Keywords are looked for in one
// pass. Where one stands, a short window behind it is undone of its escapes,
// level by level, and the rule's pattern is tried on each level.
//
// Comments in the text that ask to be left alone (gitleaks:allow) are not
// honoured: whoever writes a trace could write one.
package secret

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
)

// Options are what a Scanner needs to know.
type Options struct {
	// Key keys the fingerprints (HMAC-SHA256). Without one there are none: a
	// plain hash of a short secret could be tried out.
	Key []byte

	// Known are values that must not be found: as they are, JSON-escaped, in
	// base64, percent or hex form. Those under six bytes are not looked for.
	Known []Known
}

// Known is a secret of the job and its name.
type Known struct{ Name, Value string }

// Match is a credential that was found.
type Match struct {
	Rule        string // such as "secret/github-token"
	Severity    finding.Severity
	Title       string // such as "GitHub token"
	Start, End  int    // where it stands in the bytes that were scanned, as it is encoded there
	Pointer     string // JSON Pointer of the string that it is in; empty where the bytes are no JSON
	Fingerprint string // 16 hex digits, the same for the same credential and key
}

// Scanner finds credentials. It keeps buffers and is not for concurrent use.
type Scanner struct {
	key     []byte
	known   []Known
	matcher *matcher
	doc     jsonl.Doc
	found   []Match
	level   [2]window
}

// maxMatches bounds what is reported of one chunk. Redact removes all.
const maxMatches = 1000

// New returns a Scanner with the embedded rules.
func New(o Options) (*Scanner, error) {
	rules, err := loadRules()
	if err != nil {
		return nil, err
	}
	s := &Scanner{key: slices.Clone(o.Key)}
	var words []keyword
	for _, r := range rules {
		words = append(words, r.words()...)
	}
	for _, k := range o.Known {
		if len(k.Value) >= minKnown {
			words = append(words, knownWords(k.Value, len(s.known))...)
			s.known = append(s.known, k)
		}
	}
	s.matcher = newMatcher(words)
	return s, nil
}

// Scan returns the credentials in raw, which is a line of JSON, a value over
// several lines, or any text. They are in order, and do not overlap.
func (s *Scanner) Scan(raw []byte) []Match {
	out := s.scan(raw, maxMatches)
	if len(out) > 0 {
		s.point(raw, out)
	}
	return out
}

func (s *Scanner) scan(raw []byte, limit int) []Match {
	s.found = s.found[:0]
	s.search(raw)
	if disguised(raw) {
		s.searchUndisguised(raw)
	}
	return clean(s.found, limit)
}

// search looks for keywords and tries the rules where they stand.
func (s *Scanner) search(raw []byte) {
	done := 0 // up to here everything belongs to a credential that was found for sure
	s.matcher.each(raw, func(k *keyword, at int) {
		switch {
		case at < done:
		case k.rule == nil:
			s.add(knownRule, finding.Error, knownTitle, at, at+len(k.text), s.known[k.known].Value)
		case k.form != plainForm:
			s.coded(raw, k, at)
		case k.rule.guard(raw, at, len(k.text)):
			if end := s.try(raw, k.rule, at); k.rule.Severity == finding.Error {
				done = max(done, end)
			}
		}
	})
}

// try matches a rule at a keyword on every level of escapes. The match covers
// what any level covers; the innermost says what the credential is, because on
// the others escapes may pass for a part of it. It returns where that ends.
func (s *Scanner) try(raw []byte, r *rule, at int) int {
	w := &s.level[0]
	w.set(raw[at:min(len(raw), at+r.window())], at)
	best := Match{}
	value := ""
	for range maxLevels {
		if v, start, end, ok := r.match(w); ok {
			if value == "" {
				best.Start = start
			}
			best.Start, best.End, value = min(start, best.Start), max(end, best.End), v
		}
		if !w.undo(&s.level[1]) {
			break
		}
		s.level[0], s.level[1] = s.level[1], s.level[0]
		w = &s.level[0]
	}
	if value == "" {
		return 0
	}
	start := best.Start
	if r.Lead != "" {
		start = leadStart(raw, at, r.Lead)
	}
	s.add(r.ID, r.Severity, r.Title, start, best.End, identity(value, r.Identity))
	return best.End
}

// leadStart returns where the lead of a credential begins: it may hold more
// words between its own beginning and the keyword, as a PEM header does.
func leadStart(raw []byte, at int, lead string) int {
	from := max(0, at-60)
	if i := bytes.LastIndex(raw[from:at], []byte(lead)); i >= 0 {
		return from + i
	}
	return at
}

// match returns the credential that stands at the beginning of a window, and
// its place in the raw bytes.
func (r *rule) match(w *window) (value string, start, end int, ok bool) {
	m := r.regexp().FindSubmatchIndex(w.text)
	if m == nil {
		return "", 0, 0, false
	}
	a, b := m[0], m[1]
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] >= 0 {
			a, b = m[g], m[g+1]
			break
		}
	}
	value = string(w.text[a:b])
	if !r.plausible(value) {
		return "", 0, 0, false
	}
	if r.Identity > 0 {
		b = m[1] // the group is only what the credential is known by
		if r.Lead != "" {
			a = m[0]
		}
	}
	return value, w.raw(a), w.raw(b), true
}

// identity returns what a credential is known by, however it was wrapped.
func identity(value string, n int) string {
	if n > 0 && len(value) > n {
		return value[:n]
	}
	return value
}

func (s *Scanner) add(rule string, sev finding.Severity, title string, start, end int, value string) {
	s.found = append(s.found, Match{Rule: rule, Severity: sev, Title: title, Start: start, End: end, Fingerprint: s.fingerprint(value)})
}

func (s *Scanner) fingerprint(value string) string {
	if len(s.key) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// clean puts matches in order and drops those that overlap a better one: an
// error before a guess, then the longer.
func clean(found []Match, limit int) []Match {
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(b.End, a.End))
	})
	var out []Match
	for _, m := range found {
		last := len(out) - 1
		if last < 0 || m.Start >= out[last].End {
			out = append(out, m)
			continue
		}
		o := &out[last]
		if m.Severity.Rank() > o.Severity.Rank() || m.Severity == o.Severity && m.End-m.Start > o.End-o.Start {
			m.Start, m.End = min(m.Start, o.Start), max(m.End, o.End)
			*o = m
		} else {
			o.End = max(o.End, m.End)
		}
	}
	return out[:min(len(out), limit)]
}

// point fills in the JSON Pointers.
func (s *Scanner) point(raw []byte, found []Match) {
	for base := 0; base < len(raw); {
		v, used, err := s.doc.Parse(raw[base:])
		if err != nil || used == 0 {
			return
		}
		for i := range found {
			if at := found[i].Start - base; at >= 0 && at < used {
				found[i].Pointer = pointer(v, at, "")
			}
		}
		base += used
	}
}

// pointer returns the path to the innermost value round an offset.
func pointer(v jsonl.Value, at int, path string) string {
	for depth := 0; depth < 64; depth++ {
		next, name := jsonl.Value{}, ""
		for key, m := range v.Members() {
			if m.Offset() <= at && at < m.Offset()+len(m.Raw()) {
				next, name = m, key
			}
		}
		n := 0
		for e := range v.Elements() {
			if e.Offset() <= at && at < e.Offset()+len(e.Raw()) {
				next, name = e, itoa(n)
			}
			n++
		}
		if !next.Exists() {
			return path
		}
		path += "/" + pointerEscape.Replace(clip(name))
		v = next
	}
	return path
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// clip keeps a hostile member name from filling the report.
func clip(name string) string {
	if len(name) > 100 || !plainName.MatchString(name) {
		return "…"
	}
	return name
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_ .:@$-]*$`)
