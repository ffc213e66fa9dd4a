package secret

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
)

// tryValue matches the rules of the names before a value, as it stands there and
// with all escapes undone. The value may begin at any of some offsets, of which the last is the
// lowest.
func (s *Scanner) tryValue(raw []byte, starts []int, to int) {
	w, next := &s.level[0], &s.level[1]
	low := max(0, starts[len(starts)-1]-lookBack-30)
	w.set(raw[low:min(len(raw), to+maxTail)], low)
	best := s.guess(w, starts)
	for range maxLevels {
		if !w.undo(next) {
			break
		}
		w, next = next, w
	}
	best = best.or(s.guess(w, starts)) // what is between has nothing that they have not
	if best.rule != nil {
		s.add(best.rule.ID, best.severity, best.rule.Title, best.start, best.end, best.value)
	}
}

// guess returns the best of what the value can be, wherever it begins.
func (s *Scanner) guess(w *window, starts []int) (best guess) {
	for _, at := range starts {
		for _, g := range s.guesses(w, w.index(at)) {
			best = best.or(g)
		}
	}
	return best
}

// index returns where the byte at an offset of the raw bytes stands.
func (w *window) index(at int) int {
	at -= w.base
	if len(w.at) == 0 {
		return min(at, len(w.text))
	}
	low, high := 0, len(w.at)
	for low < high {
		if mid := (low + high) / 2; int(w.at[mid]) < at {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// guess is what a value may be.
type guess struct {
	rule     *rule
	severity finding.Severity
	span
}

// or returns the better of two guesses.
func (g guess) or(o guess) guess {
	switch {
	case g.rule == nil:
		return o
	case o.severity.Rank() < g.severity.Rank():
		return g
	case o.severity == g.severity && g.rule.Guard == "" && (o.rule.Guard != "" || len(o.value) < len(g.value)):
		return g
	}
	o.span = g.with(o.span)
	return o
}

// place is what stands before a value: the name from one offset to another, and
// whether an operator gives it the value.
type place struct {
	from, to int
	operated bool
	listed   bool // the operator is but a comma, and no call stands before the name
}

// before returns what stands before a value.
func (v *valuer) before(b []byte, at int) place {
	p := at
	p = v.back(b, p, 8, opens)
	if q := scheme(b[:p]); q < p && len(bytes.TrimLeft(b[p:at], " \t")) == 0 {
		return v.before(b, q)
	}
	operated := bytes.IndexByte(b[p:at], '=') >= 0 || bytes.IndexByte(b[p:at], '(') >= 0
	comma := !operated && p > 0 && b[p-1] == ','
	for back := 0; p > 0 && back < 6 && (v.kind[b[p-1]]&isOp != 0 && b[p-1] != '(' || b[p-1] == '?'); back++ {
		p, operated = p-1, true
	}
	p = v.back(b, p, 6, closes)
	from := p
	for from > 0 && p-from < 80 && v.kind[b[from-1]]&inName != 0 {
		from--
	}
	if strings.EqualFold(string(b[from:p]), "value") { // {"name":…,"value":…}
		from = max(0, p-80)
	}
	return place{from, p, operated, comma && !called(b[:from])}
}

// called reports whether a text ends where the arguments of a call begin.
func called(b []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(b, "`'\"\\ "), []byte("("))
}

// back returns where those characters begin that stand before an offset and are
// of a kind, so many at most, and the backslashes that escape them.
func (v *valuer) back(b []byte, at, most int, kind uint8) int {
	for n := 0; at > 0 && n < most; at-- {
		if c := b[at-1]; c == '\\' {
			continue
		} else if at > 1 && b[at-2] == '\\' && (c == 'n' || c == 'r' || c == 't') {
			at-- // an escape of space
		} else if v.kind[c]&kind == 0 {
			break
		}
		n++
	}
	return at
}

// scheme returns where the word before a value begins that says how to send it,
// as in Authorization: Bearer.
func scheme(b []byte) int {
	if len(b) == 0 || strings.IndexByte("rncyh", b[len(b)-1]) < 0 {
		return len(b)
	}
	for _, w := range []string{"Bearer", "bearer", "Token", "token", "Basic", "ApiKey", "Key", "OAuth"} {
		if rest, ok := bytes.CutSuffix(b, []byte(w)); ok && len(rest) > 0 && bytes.IndexByte([]byte(" '\"`"), rest[len(rest)-1]) >= 0 {
			if r := bytes.TrimRight(rest, " '\"`"); len(r) > 0 && (r[len(r)-1] == ':' || r[len(r)-1] == '=') {
				return len(rest)
			}
		}
	}
	return len(b)
}

// guesses returns what the value at an offset of a window may be.
func (s *Scanner) guesses(w *window, at int) []guess {
	v, b := s.values, w.text
	if at >= len(b) {
		return nil
	}
	var out []guess
	p := v.before(b, at)
	word, hash := -1, hashed(b[:at])
	s.eachName(b, p.from, p.to, func(i int, n *name) bool {
		if n.word && p.to-i-len(n.text) <= 24 {
			word = i
		}
		hash = hash || n.hash
		return true
	})
	s.eachName(b, max(0, at-lookBack), at, func(i int, n *name) bool {
		for _, r := range n.rules {
			sev, ok := r.severityAt(b, i+len(n.text), at, p)
			if !ok || hash && word < 0 || hashed(b[:at]) {
				continue
			}
			if m, ok := r.match1(w, at); ok {
				if word < 0 && !r.telling() || hash || p.listed || r.doubtful(m.value) || uuid.MatchString(m.value) {
					sev = finding.Warning
				}
				out = append(out, guess{r, sev, m})
			}
		}
		return true
	})
	if len(out) == 0 && p.operated && !p.listed && word >= 0 && !hash && v.any != nil {
		if m, ok := v.any.match1(w, at); ok && !identifier(m.value) && !numbered(m.value) && strings.Count(m.value, "/") < 3 {
			out = append(out, guess{v.any, v.any.Severity, m})
		}
	}
	return out
}

// hashed reports whether what stands before a value says that it is a hash: of
// a module, a package or an image.
func hashed(b []byte) bool {
	for _, p := range []string{"h1:", "sha1-", "sha1:", "sha256-", "sha256:", "sha384-", "sha512-", "sha512:"} {
		if bytes.HasSuffix(b, []byte(p)) {
			return true
		}
	}
	b = b[max(0, len(b)-40):]
	return bytes.Contains(b[bytes.LastIndexAny(b, " \t\n\"'=:")+1:], []byte("cache")) // of a key such as linux-cache-HASH
}

// numbered reports whether a value names a message, a request or a call, as the
// interfaces of models number them, or what is kept for the next run.
func numbered(s string) bool {
	for _, p := range []string{"chatcmpl", "msg", "req", "request", "resp", "toolu", "srvtoolu", "call", "fc", "rs", "run", "thread", "step", "asst", "item", "gen", "cmpl", "batch", "session", "conv", "trace"} {
		if rest, ok := strings.CutPrefix(s, p); ok && rest != "" && (rest[0] == '_' || rest[0] == '-') {
			return true
		}
	}
	return strings.Contains(s, "-cache-")
}

// identifier reports whether a value is made of few words and numbers, as a name
// in a program is. What is random changes its kind of character every second
// time or so.
func identifier(s string) bool {
	parts, last, capitals := 0, byte(0), 0
	for i := range len(s) {
		c := class(s[i])
		if c != 0 && c != last && (c != 'a' || last != 'A' || capitals > 1) {
			parts++
		}
		if capitals++; c != 'A' {
			capitals = 0
		}
		last = c
	}
	return len(s) < maxWord && 10*len(s) >= 32*parts
}

// named reports whether a run is more likely a name in a program: it has few
// digits.
func named(run []byte) bool {
	digits := 0
	for _, c := range run {
		if '0' <= c && c <= '9' {
			if digits++; digits == 3 {
				return false
			}
		}
	}
	return identifier(string(run[:min(len(run), maxWord-1)]))
}

// maxWord is how long an identifier is at most.
const maxWord = 40

// severityAt reports whether the rule's name, which ends at an offset, can be
// that of the value at another, and how sure that is.
func (r *rule) severityAt(b []byte, end, at int, p place) (finding.Severity, bool) {
	if p.operated && end <= p.to && end > p.from && p.to-end <= 30 {
		return r.Severity, true
	}
	if r.Near == 0 || at-end > r.Near {
		return "", false
	}
	if len(r.Words) == 0 {
		return finding.Warning, true
	}
	between := strings.ToLower(string(b[end:at]))
	for _, w := range r.Words {
		if strings.Contains(between, w) {
			return finding.Warning, true
		}
	}
	return "", false
}

// match1 returns the rule's credential at an offset of a window, where it ends
// as a word does, or where the rest is the ending of a name.
func (r *rule) match1(w *window, at int) (span, bool) {
	rest := window{text: w.text, at: w.at, to: w.to, base: w.base}
	rest.drop(at)
	m, ok := r.match(&rest)
	if ok && !wordEnds(rest.text, m.to) {
		i := strings.LastIndexAny(m.value, "./")
		if i < 0 {
			return span{}, false
		}
		m, ok = r.matchTo(&rest, 0, m.to-len(m.value)+i)
		ok = ok && wordEnds(rest.text, m.to)
	}
	if !ok || strings.ContainsAny(m.value, "\"'\\\n\r") {
		return span{}, false
	}
	return m, true
}

// wordEnds reports whether a word ends at an offset.
func wordEnds(b []byte, at int) bool {
	return at >= len(b) || !isWord(b[at]) && b[at] != '-' && b[at] != '('
}

// uuid is a number that names things more often than it opens them.
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// telling reports whether a value of the rule says itself what it is.
func (r *rule) telling() bool { return r.Prefix >= 3 }
