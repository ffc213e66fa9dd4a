// Package secret finds credentials in traces, for whoever must not let them
// leave a runner.
//
// The one design decision is that the raw bytes are searched, not decoded
// strings: a credential in a transcript may stand in JSON within JSON within
// JSON, in a line that is no JSON at all, or in base64, and decoding everything
// to find nothing is what makes scanners slow. Keywords are looked for in one
// pass. Where one stands, a short window behind it is undone of its escapes,
// level by level, and the rule's pattern is tried on each level. Only where an
// escape or a character that shows nothing could hide a keyword itself are the
// bytes round it searched once more, with their escapes undone.
//
// Comments in the text that ask to be left alone (gitleaks:allow) are not
// honoured: whoever writes a trace could write one.
package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/keyword"
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

	value string // what it is known by
	parts bool   // the ends of strings in it stay when it is cut out
	rest  bool   // it goes on from the one before, in the next piece of a message
}

// Scanner finds credentials. It keeps buffers and is not for concurrent use: each
// goroutine has a fork.
type Scanner struct {
	*lore
	doc    jsonl.Doc
	hits   []keyword.Hit
	names  []keyword.Hit
	found  []Match
	level  [2]window     // what try makes of a window
	layer  [2]window     // what searchRegion makes of a region
	bare   window        // the same without what shows nothing
	joined window        // what unwrap makes of a window
	tried  map[*rule]int // in the text that is searched, from where on each has not been tried, of those that begin before a keyword
	starts []int         // where the value that is looked at can begin
}

// lore is what a Scanner knows. It does not change.
type lore struct {
	key     []byte
	known   []Known
	words   []word
	set     *keyword.Set // of the words
	spots   *spotter
	values  *valuer
	sieve   *sieve
	encoded []*rule         // whose credentials are looked for in encoded form
	ids     map[string]bool // of the rules
}

// maxSwallowed is how much of a credential may, by chance, be taken for the end
// of the one before it.
const maxSwallowed = 40

// maxMatches bounds what is reported of one chunk. Redact removes all.
const maxMatches = 1000

// New returns a Scanner with the embedded rules.
func New(o Options) (*Scanner, error) {
	rules, err := loadRules()
	if err != nil {
		return nil, err
	}
	s := &Scanner{lore: &lore{key: slices.Clone(o.Key), ids: map[string]bool{knownRule: true}}, tried: map[*rule]int{}}
	var words []word
	for _, r := range rules {
		r.Positive, r.Negative = nil, nil // they are for the tests
		s.ids[r.ID] = true
		if r.Coded {
			s.encoded = append(s.encoded, r)
		}
		words = append(words, r.words()...)
	}
	for _, k := range o.Known {
		if len(k.Value) >= minKnown {
			words = append(words, knownWords(k.Value, len(s.known))...)
			s.known = append(s.known, k)
		}
	}
	slices.SortStableFunc(words, func(a, b word) int { return len(a.text) - len(b.text) }) // what is found at one place, in this order
	s.words, s.set, s.spots, s.values = words, setOf(words), newSpotter(words), newValuer(rules)
	s.sieve = newSieve(s.spots.isEnd)
	return s, nil
}

// Fork returns a Scanner that finds the same and may be used at the same time.
func (s *Scanner) Fork() *Scanner { return &Scanner{lore: s.lore, tried: map[*rule]int{}} }

// Scan returns the credentials in raw, which is a line of JSON, a value over
// several lines, or any text. They are in order, and do not overlap.
func (s *Scanner) Scan(raw []byte) []Match {
	out := firsts(s.scan(raw, maxMatches))
	if len(out) > 0 {
		s.point(raw, out)
	}
	return out
}

func (s *Scanner) scan(raw []byte, limit int) []Match {
	s.found = s.found[:0]
	s.searchWords(&window{text: raw}, nil)
	hidden := regions{raw: raw, region: region{last: -1}}
	var lead stretch
	s.sieve.each(raw, func(from, to int) { s.tryRun(raw, from, to, &lead) }, func(at int, marks uint64) { s.searchOdd(&hidden, at, marks) })
	s.flush(&hidden)
	s.searchWoven(raw)
	return s.unmarked(raw, clean(s.found, limit))
}

// search looks for credentials in a window. Where a region is given, the window
// is that region without some escapes.
func (s *Scanner) search(w *window, in *region) {
	mark := len(s.found)
	s.searchWords(w, in)
	if in == nil || !in.joined {
		var lead stretch
		s.sieve.each(w.text, func(from, to int) {
			if in == nil || w.start(max(0, from-lookBack)) <= in.last {
				s.tryRun(w.text, from, to, &lead)
			}
		}, nil)
	}
	for i := mark; i < len(s.found); i++ {
		m := &s.found[i]
		m.Start, m.End = w.start(m.Start), w.end(m.End)
	}
}

// searchWords looks for keywords and tries the rules where they stand.
func (s *Scanner) searchWords(w *window, in *region) {
	var sure span // a credential that was found for sure: what stands in it belongs to it
	clear(s.tried)
	s.hits = s.set.Find(w.text, s.hits[:0])
	for i, h := range s.hits {
		k, at := &s.words[h.Word], h.At
		switch {
		case sure.start <= at && at < sure.end-maxSwallowed || !in.admits(w, k, at):
		case k.rule == nil:
			s.add(knownRule, finding.Error, knownTitle, at, at+len(k.text), s.known[k.known].Value)
		case k.form != plainForm:
			s.coded(w.text, k, at)
		case k.rule.guard(w, at, len(k.text)) && !s.idle(w, in, i):
			in.need(w, at, k.rule.window())
			if m := s.tryOnce(w.text, k.rule, at); k.rule.Severity == finding.Error && m.end > sure.end {
				sure = m
			}
		}
	}
}

// idle reports whether a hit tells no more than those before and behind it: all
// in its reach is in theirs, and the first had none.
func (s *Scanner) idle(w *window, in *region, i int) bool {
	r := s.words[s.hits[i].Word].rule
	if s.hits[i].At >= s.tried[r] {
		return false
	}
	for _, h := range s.hits[i+1:] {
		k := &s.words[h.Word]
		if h.At > s.tried[r] {
			break
		}
		if k.rule == r && k.form == plainForm && in.admits(w, k, h.At) && r.guard(w, h.At, len(k.text)) {
			return true
		}
	}
	return false
}

// tryOnce does what try does, but looks for what begins before the keyword only
// where the last try of the rule has not.
func (s *Scanner) tryOnce(raw []byte, r *rule, at int) (m span) {
	if r.Back == 0 {
		if m, _ = s.try(raw, r, at, at); r.Reach > 0 && m.value == "" {
			s.tried[r] = at + r.Reach
		}
		return m
	}
	m, s.tried[r] = s.try(raw, r, at, max(s.tried[r], at-r.Back-10)) // with room for an escape
	return m
}

// try matches a rule at a keyword on every level of escapes. The match covers
// what any level covers; the innermost says what the credential is, because on
// the others escapes may pass for a part of it. It begins at the keyword, or
// from another place on. Try returns where it stands, and from where on another
// may begin.
func (s *Scanner) try(raw []byte, r *rule, at, from int) (best span, next int) {
	w, other := &s.level[0], &s.level[1]
	low := max(0, from-1)
	if r.Back == 0 {
		low = at
	}
	around := raw[low:min(len(raw), at+r.window()+r.Back)] // whatever keyword of a credential it is
	if !r.mayHide(around) {
		return span{}, from
	}
	w.set(around, low)
	next = at + 1
	for range maxLevels {
		m, begin, ok := r.matchRound(w, from, at)
		next = min(next, begin)
		if r.wraps() {
			m, ok = s.unwrap(r, w, m, ok)
		}
		if ok && (r.Lead != "" || strings.IndexByte(m.value, '"') < 0) { // else it reaches over the end of a string
			best = best.with(m)
		}
		if !w.undo(other) {
			break
		}
		w, other = other, w
	}
	if best.value == "" {
		return span{}, next
	}
	if r.Lead != "" {
		best.start = leadStart(raw, at, r.Lead)
		best.end = beforeName(raw, best.start, best.end)
	}
	for best.end > best.start && best.end < len(raw) && raw[best.end-1] == '\\' {
		best.end-- // it escapes what follows
	}
	sev := r.Severity
	if r.doubtful(best.value) || partOfName(raw, best.end) {
		sev = finding.Warning
	}
	s.add(r.ID, sev, r.Title, best.start, best.end, identity(best.value, r.Identity))
	s.found[len(s.found)-1].parts = r.Lead != ""
	return best, next
}

// span is a credential and its place.
type span struct {
	value      string
	start, end int
	to         int // where it ends in the window
	all        int // where all ends that the pattern matched
}

// with returns what two spans cover, with the value of the other.
func (m span) with(o span) span {
	if m.value != "" {
		o.start, o.end = min(m.start, o.start), max(m.end, o.end)
	}
	return o
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
// its place in the raw bytes. A token may also end where the rest of a name goes
// on, as in mcp__TOKEN__call.
func (r *rule) match(w *window) (found span, ok bool) { return r.matchAt(w, 0) }

// matchRound returns the first credential round a place of the raw bytes that
// begins at another or behind it, and where it begins.
func (r *rule) matchRound(w *window, from, at int) (found span, begin int, ok bool) {
	for i := w.index(max(from, w.base)); i < len(w.text) && w.start(i) <= at; i++ {
		if found, ok = r.matchAt(w, i); ok && found.all > at {
			return found, w.start(i), true
		}
	}
	return span{}, at + 1, false
}

// matchAt does the same for a credential that begins at an offset.
func (r *rule) matchAt(w *window, at int) (found span, ok bool) {
	if found, ok = r.matchTo(w, at, len(w.text)); ok || r.Run == 0 {
		return found, ok
	}
	for i := at + r.Run; i < len(w.text) && (isWord(w.text[i]) || w.text[i] == '-' || w.text[i] == '.'); i++ {
		if w.text[i] != '_' {
			continue
		}
		if found, ok = r.matchTo(w, at, i); ok {
			break
		}
	}
	return found, ok
}

// matchTo does the same for one that ends at another offset, at the latest.
func (r *rule) matchTo(w *window, at, end int) (found span, ok bool) {
	if !r.mayMatch(w.text[at:end]) {
		return span{}, false // this is told sooner than by the pattern
	}
	m := r.find(w.text[:end], at)
	if m == nil {
		return span{}, false
	}
	a, b := m[0], m[1]
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] >= 0 {
			a, b = m[g], m[g+1]
			break
		}
	}
	value := string(w.text[a:b])
	if !r.plausible(value) {
		return span{}, false
	}
	if r.Identity > 0 {
		b = m[1] // the group is only what the credential is known by
		if r.Lead != "" {
			a = m[0]
		}
	}
	return span{value, w.start(a), w.end(b), b, w.end(m[1])}, true
}

// identity returns what a credential is known by, however it was wrapped.
func identity(value string, n int) string {
	if n > 0 && len(value) > n {
		return value[:n]
	}
	return value
}

func (s *Scanner) add(rule string, sev finding.Severity, title string, start, end int, value string) {
	s.found = append(s.found, Match{Rule: rule, Severity: sev, Title: title, Start: start, End: end, Fingerprint: s.fingerprint(value), value: value})
}

func (s *Scanner) fingerprint(value string) string {
	if len(s.key) == 0 {
		return ""
	}
	return fingerprint(s.key, value)
}

// fingerprint returns what a value is known by among those with the same key.
func fingerprint(key []byte, value string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil)[:8])
}
