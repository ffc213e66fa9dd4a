package secret

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
)

// Most credentials have no form by which they are known: 32 hex digits are one
// where a name says so. Rules with names are therefore not looked for by their
// names, which stand everywhere, but by the values: a run of letters and digits
// that is long enough is rare, and what stands before it is soon read.
const (
	minRun   = 12  // characters of a value in one run, at least
	maxRun   = 600 // of what is no image
	maxLead  = 200 // bytes of a value before that run, at most: more is no token
	maxTail  = 160 // bytes behind that run that may belong to the value
	lookBack = 56  // bytes before a value in which its name stands
)

// valuer knows the names of the rules that have any.
type valuer struct {
	kind   [256]uint8
	names  []name
	short  [1 << 10][]int32 // by the first three bytes, where there are no more
	long   [1 << 12][]int32 // by the first four
	heads  [1 << 10]uint64  // bits of the first four bytes of both
	begins [1 << 16]uint16  // by the first two: which of the lists
	lists  [][]*rule        // the first is empty
	any    *rule            // of a name that says secret, and of no vendor
}

// name is a word before a value, in lower case.
type name struct {
	text  string
	rules []*rule
	near  bool // the value of one of the rules need not be assigned
	word  bool // such as key or token: it says that the value is secret
	hash  bool // such as sha or digest: it says that it is none
}

const (
	inRun   = 1 // of a run
	isDigit = 2
	inPath  = 4 // of a value, but between runs
	inName  = 8
)

func newValuer(rules []*rule) *valuer {
	v := &valuer{lists: [][]*rule{nil}}
	for c := range 256 {
		switch b := byte(c); {
		case '0' <= b && b <= '9':
			v.kind[c] = inRun | isDigit | inPath | inName
		case isWord(b) || b == '-':
			v.kind[c] = inRun | inPath | inName
		case strings.IndexByte("./+~%@|!$", b) >= 0:
			v.kind[c] = inPath
		}
	}
	v.kind['.'] |= inName
	v.kind[' '] |= inName
	v.kind['\t'] |= inName
	at := map[string]int{}
	add := func(text string) *name {
		n, ok := at[text]
		if !ok {
			n = len(v.names)
			at[text] = n
			v.names = append(v.names, name{text: text})
		}
		return &v.names[n]
	}
	for _, w := range secretWords() {
		add(w).word = true
	}
	for _, w := range hashWords() {
		add(w).hash = true
	}
	for _, r := range rules {
		for _, n := range r.Names {
			e := add(n)
			e.rules = append(e.rules, r)
			e.near = e.near || r.Near > 0
		}
		for _, b := range r.Begins {
			h := block(b[0], b[1])
			if v.begins[h] == 0 {
				v.begins[h] = uint16(len(v.lists))
				v.lists = append(v.lists, nil)
			}
			v.lists[v.begins[h]] = append(v.lists[v.begins[h]], r)
		}
		if r.Guard == "assignment" {
			v.any = r
		}
	}
	for i, n := range v.names {
		if len(n.text) == 3 {
			h := head3([]byte(n.text + "\x00"))
			v.short[h>>6] = append(v.short[h>>6], int32(i))
			for c := range 256 {
				h := hash(binary.LittleEndian.Uint32([]byte(n.text + string([]byte{byte(c)}))))
				v.heads[h>>6] |= 1 << (h & 63)
			}
			continue
		}
		h := hash(binary.LittleEndian.Uint32([]byte(n.text)))
		v.heads[h>>6] |= 1 << (h & 63)
		v.long[h>>4] = append(v.long[h>>4], int32(i))
	}
	return v
}

// secretWords say in a name that its value is secret.
func secretWords() []string {
	return []string{"key", "token", "secret", "passw", "passphrase", "pwd", "auth", "cred", "api", "access", "private", "bearer", "webhook"}
}

// hashWords say in a name that its value is none.
func hashWords() []string {
	return []string{"sha1", "sha256", "sha512", "checksum", "digest", "commit", "integrity", "etag", "revision", "fingerprint", "md5", "signature", "publickey", "public_key", "public-key", "public key", "pubkey", "uuid", "guid", "toolu_", "call_id", "request_id", "session_id", "message_id", "tool_use_id", "parentuuid"}
}

// head3 returns a number for the first three of four bytes, the same for
// letters of either case.
func head3(b []byte) uint16 { return hash(binary.LittleEndian.Uint32(b) << 8) }

// next returns the next run from at on that has a digit, and len(b) where there
// is none. Of text without any it looks at about every fifth byte.
func (v *valuer) next(b []byte, at int) (from, to int) {
	kind := &v.kind
	from = at
	known := at - 1 // from there back to from, all belongs to the run
	for k := at + minRun - 1; k < len(b); {
		i := k
		for i > known && kind[b[i]]&inRun != 0 {
			i--
		}
		if i > known {
			from, known, k = i+1, k, i+minRun
			continue
		}
		kinds := uint8(0)
		for to = from; to < len(b) && kind[b[to]]&inRun != 0; to++ {
			kinds |= kind[b[to]]
		}
		if kinds&isDigit != 0 {
			return from, to
		}
		from, known, k = to+1, to, to+minRun
	}
	return len(b), len(b)
}

// searchValues tries the rules with names where a value stands.
func (s *Scanner) searchValues(w *window, in *region) {
	if in != nil && in.joined {
		return
	}
	v, b := s.values, w.text
	for from, to := v.next(b, 0); from < len(b); from, to = v.next(b, to) {
		if to-from > maxRun || in != nil && w.start(max(0, from-lookBack)) > in.last {
			continue
		}
		if s.starts = v.starts(b, unescaped(b, from), to, s.starts[:0]); len(s.starts) == 0 {
			continue
		}
		if from > 1 && strings.IndexByte("~|%", b[from-1]) >= 0 {
			s.tryBegins(b, from-2)
		}
		if low := s.starts[len(s.starts)-1]; low < from && low+6 < len(b) && b[low+5] == '~' {
			s.tryBegins(b, low+4) // Azure's secrets have their mark there
		}
		for _, at := range s.starts {
			s.tryBegins(b, at)
		}
		if low := s.starts[len(s.starts)-1]; v.worth(b, s.starts, to-low) {
			s.tryValue(b, s.starts, to)
		}
	}
}

// starts appends where the value can begin that a run is in: there, and behind
// each sign within what stands before it that may assign a value as well as be
// in one. The last is the lowest. There are none where the value would be too
// long to be a token.
func (v *valuer) starts(b []byte, from, to int, out []int) []int {
	if at := behindWords(b[from:to]); at > 0 {
		out = append(out, from+at)
	}
	out = append(out, from)
	i := from
	for ; i > 0; i-- {
		if from-i > maxLead {
			return nil
		}
		c := b[i-1]
		if v.kind[c]&inPath != 0 {
			continue
		}
		if c != '=' && c != ':' {
			break
		}
		if i < from && len(out) < 8 {
			out = append(out, i)
		}
	}
	if i = unescaped(b, i); i < from && i != out[len(out)-1] {
		out = append(out, i)
	}
	return out
}

// behindWords returns where a value begins that words and dashes stand before,
// as in name-token-0123.
func behindWords(run []byte) int {
	at := 0
	for i, c := range run {
		switch {
		case c == '-':
			at = i + 1
		case '0' <= c && c <= '9':
			if i < 4 || len(run)-at < minRun {
				return 0
			}
			return at
		}
	}
	return 0
}

// unescaped returns where a run begins of which the first letter belongs to an
// escape, as in \nkey.
func unescaped(b []byte, at int) int {
	switch {
	case at == 0 || b[at-1] != '\\':
		return at
	case b[at] == 'u' && at+5 < len(b) && isHex(b[at+1:at+5]):
		return at + 5
	case bytes.IndexByte([]byte("nrtbf"), b[at]) >= 0:
		return at + 1
	}
	return at
}

func (s *Scanner) tryBegins(b []byte, at int) {
	if at+2 > len(b) {
		return
	}
	for _, r := range s.values.lists[s.values.begins[block(b[at], b[at+1])]] {
		if r.Run == 0 || run(b[at:min(len(b), at+r.window())], r.Run) {
			s.try(b, r, at)
		}
	}
}

// worth reports whether what stands before a value of n characters, which begins
// at one of some offsets, may be the name of one that a rule is for. It looks at escapes as they are.
func (v *valuer) worth(b []byte, starts []int, n int) bool {
	for _, at := range starts {
		if v.assigned(b, at) {
			return true
		}
	}
	from, low := starts[0], starts[len(starts)-1]
	if n < 14 || named(b[from:min(len(b), from+n)]) {
		return false
	}
	near := false
	v.each(b, max(0, low-lookBack-16), from, func(_ int, n *name) bool {
		near = near || n.near
		return !near
	})
	return near
}

// assigned reports whether a name that says something is given the value at an
// offset.
func (v *valuer) assigned(b []byte, at int) (says bool) {
	if !operated(b, at) {
		return false
	}
	p := v.before(b, at)
	v.each(b, p.from, p.to, func(_ int, n *name) bool {
		says = says || !n.hash
		return !says
	})
	return says
}

// operated reports whether an operator that gives a name its value may stand
// before an offset.
func operated(b []byte, at int) bool {
	for i, n := at-1, 0; i >= 0 && n < 20; i-- {
		switch c := b[i]; {
		case c == '\\':
			continue
		case bytes.IndexByte([]byte("=:>,|("), c) >= 0:
			return true
		case bytes.IndexByte([]byte(" \t\n\r'\"`[{"), c) < 0 && !isWord(c):
			return false
		}
		n++
	}
	return false
}

// each calls f for the names between two offsets, until it returns false.
func (v *valuer) each(b []byte, from, to int, f func(at int, n *name) bool) {
	for i := from; i+4 <= min(len(b), to+1); i++ {
		first := binary.LittleEndian.Uint32(b[i:])
		h := hash(first)
		if v.heads[h>>6]&(1<<(h&63)) == 0 {
			continue
		}
		if !v.call(v.long[h>>4], b[:to], i, f) || !v.call(v.short[hash(first<<8)>>6], b[:to], i, f) {
			return
		}
	}
}

// call calls f for those of some names that stand at an offset.
func (v *valuer) call(names []int32, b []byte, at int, f func(at int, n *name) bool) bool {
	for _, k := range names {
		if n := &v.names[k]; n.stands(b, at) && !f(at, n) {
			return false
		}
	}
	return true
}

// stands reports whether the name stands at an offset. One that is not long has
// to begin a word.
func (n *name) stands(b []byte, at int) bool {
	if at+len(n.text) > len(b) {
		return false
	}
	for i := range len(n.text) {
		if lower(b[at+i]) != n.text[i] {
			return false
		}
	}
	if n.word || n.hash || len(n.text) > 9 || at == 0 {
		return true
	}
	return boundary(b, at) || b[at-1] == '_' || 'A' <= b[at] && b[at] <= 'Z' && 'a' <= b[at-1] && b[at-1] <= 'z'
}

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
		for _, g := range s.values.guesses(w, w.index(at)) {
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
	p = back(b, p, 8, "`'\" \t\r\n=([")
	if q := scheme(b[:p]); q < p && len(bytes.TrimLeft(b[p:at], " \t")) == 0 {
		return v.before(b, q)
	}
	operated := bytes.IndexByte(b[p:at], '=') >= 0 || bytes.IndexByte(b[p:at], '(') >= 0
	comma := !operated && p > 0 && b[p-1] == ','
	for back := 0; p > 0 && back < 6 && bytes.IndexByte([]byte("=:>|?,"), b[p-1]) >= 0; back++ {
		p, operated = p-1, true
	}
	p = back(b, p, 6, "`'\" \t\r\n])")
	from := p
	for from > 0 && p-from < 80 && v.kind[b[from-1]]&inName != 0 {
		from--
	}
	if strings.EqualFold(string(b[from:p]), "value") { // {"name":…,"value":…}
		from = max(0, p-80)
	}
	call := bytes.TrimRight(b[:from], "`'\"\\ ")
	return place{from, p, operated, comma && !bytes.HasSuffix(call, []byte("("))}
}

// back returns where those characters begin that stand before an offset and are
// of some kinds, so many at most, and the backslashes that escape them.
func back(b []byte, at, most int, kinds string) int {
	for n := 0; at > 0 && n < most; at-- {
		if c := b[at-1]; c == '\\' {
			continue
		} else if strings.IndexByte(kinds, c) < 0 {
			break
		}
		n++
	}
	return at
}

// scheme returns where the word before a value begins that says how to send it,
// as in Authorization: Bearer.
func scheme(b []byte) int {
	for _, w := range []string{"Bearer", "bearer", "Token", "token", "Basic", "ApiKey", "Key"} {
		if rest, ok := bytes.CutSuffix(b, []byte(w)); ok && len(rest) > 0 && bytes.IndexByte([]byte(" '\"`"), rest[len(rest)-1]) >= 0 {
			if r := bytes.TrimRight(rest, " '\"`"); len(r) > 0 && (r[len(r)-1] == ':' || r[len(r)-1] == '=') {
				return len(rest)
			}
		}
	}
	return len(b)
}

// guesses returns what the value at an offset of a window may be.
func (v *valuer) guesses(w *window, at int) []guess {
	b := w.text
	if at >= len(b) {
		return nil
	}
	var out []guess
	p := v.before(b, at)
	word, hash := -1, hashed(b[:at])
	v.each(b, p.from, p.to, func(i int, n *name) bool {
		if n.word && p.to-i-len(n.text) <= 24 {
			word = i
		}
		hash = hash || n.hash
		return true
	})
	v.each(b, max(0, at-lookBack), at, func(i int, n *name) bool {
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
		if m, ok := v.any.match1(w, at); ok && !identifier(m.value) && strings.Count(m.value, "/") < 3 {
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
	return false
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
			digits++
		}
	}
	return digits < 3 && identifier(string(run[:min(len(run), maxWord-1)]))
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
// as a word does.
func (r *rule) match1(w *window, at int) (span, bool) {
	rest := window{text: w.text[at:], base: w.base}
	if len(w.at) > 0 {
		rest.at, rest.to = w.at[at:], w.to[at:]
	} else {
		rest.base += at
	}
	m, ok := r.match(&rest)
	if !ok || strings.ContainsAny(m.value, "\"'\\\n\r") || m.to < len(rest.text) && (isWord(rest.text[m.to]) || rest.text[m.to] == '-' || rest.text[m.to] == '(') {
		return span{}, false
	}
	return m, true
}

// uuid is a number that names things more often than it opens them.
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// telling reports whether a value of the rule says itself what it is.
func (r *rule) telling() bool { return r.Prefix >= 3 }
