package secret

import (
	"bytes"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/keyword"
)

// Most credentials have no form by which they are known: 32 hex digits are one
// where a name says so. Rules with names are therefore not looked for by their
// names, which stand everywhere, but by the values: a run of letters and digits
// that is long enough is rare, and what stands before it is soon read.
const (
	maxRun   = 600 // of what is no image
	maxLead  = 200 // bytes of a value before that run, at most: more is no token
	maxTail  = 160 // bytes behind that run that may belong to the value
	lookBack = 56  // bytes before a value in which its name stands
)

// valuer knows the names of the rules that have any.
type valuer struct {
	kind   [256]uint8
	names  []name
	all    *keyword.Set    // of the names
	nearby *keyword.Set    // of those that need not be given their value
	near   []int           // which of all they are
	begins [1 << 16]uint16 // by the first two: which of the lists
	lists  [][]*rule       // the first is empty
	any    *rule           // of a name that says secret, and of no vendor
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
	isOp    = 16  // gives a name a value
	isSpace = 32  // stands before an operator or behind it
	opens   = 64  // stands before a value
	closes  = 128 // stands behind a name
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
	for c, kinds := range map[string]uint8{"=:>,|(": isOp, " \t\n\r'\"`[{": isSpace, "`'\" \t\r\n=([": opens, "`'\" \t\r\n])": closes} {
		for i := range len(c) {
			v.kind[c[i]] |= kinds
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
	v.index()
	return v
}

// index makes the sets of names.
func (v *valuer) index() {
	var all, near []keyword.Word
	for i, n := range v.names {
		w := keyword.Word{Text: n.text, Fold: true}
		all = append(all, w)
		if n.near {
			near, v.near = append(near, w), append(v.near, i)
		}
	}
	v.all, v.nearby = keyword.New(all), keyword.New(near)
}

// secretWords say in a name that its value is secret.
func secretWords() []string {
	return []string{"key", "token", "secret", "passw", "passphrase", "pwd", "auth", "cred", "api", "access", "private", "bearer", "webhook"}
}

// hashWords say in a name that its value is none.
func hashWords() []string {
	return []string{"sha1", "sha256", "sha512", "checksum", "digest", "commit", "integrity", "etag", "revision", "fingerprint", "md5", "signature", "publickey", "public_key", "public-key", "public key", "pubkey", "uuid", "guid", "toolu_", "call_id", "callid", "request_id", "requestid", "sessionid", "messageid", "responseid", "traceid", "spanid", "session_id", "message_id", "tool_use_id", "parentuuid"}
}

// tryRun tries the rules of values at a run, given what is known to be one value
// before it.
func (s *Scanner) tryRun(b []byte, from, to int, lead *stretch) {
	if to-from > maxRun {
		return
	}
	s.codedTwice(b, from, to)
	if s.starts = s.startsOf(b, unescaped(b, from), to, lead); len(s.starts) == 0 {
		return
	}
	if from > 1 && strings.IndexByte("~|%", b[from-1]) >= 0 {
		s.tryBegins(b, from-2)
	}
	low := s.starts[len(s.starts)-1]
	if low < from && low+6 < len(b) && b[low+5] == '~' {
		s.tryBegins(b, low+4) // Azure's secrets have their mark there
	}
	for _, at := range s.starts {
		s.tryBegins(b, at)
	}
	found := len(s.found)
	if s.worth(b, s.starts, to-low) {
		s.tryValue(b, s.starts, to)
	}
	if len(s.found) == found {
		s.tryApart(b, low, to)
	}
}

// startsOf returns where the value can begin that a run is in: there, and behind
// each sign within what stands before it that may assign a value as well as be
// in one. The last is the lowest. There are none where the value would be too
// long to be a token. Lead is what is known to be one value before it, and gets
// to be that up to the end of the run.
func (s *Scanner) startsOf(b []byte, from, to int, lead *stretch) []int {
	out := s.starts[:0]
	if at := behindWords(b[from:to]); at > 0 {
		out = append(out, from+at)
	}
	out = append(out, from)
	i := from
	for ; i > 0; i-- {
		if i == lead.to && from-lead.from > maxLead {
			i = lead.from
		}
		if from-i > maxLead {
			out = out[:0]
			break
		}
		c := b[i-1]
		if c != '=' && c != ':' && c != '/' {
			if s.values.kind[c]&inPath != 0 {
				continue
			}
			break
		}
		if i < from && len(out) < 8 {
			out = append(out, i)
		}
	}
	*lead = stretch{i, to}
	if i = unescaped(b, i); len(out) > 0 && i < from && i != out[len(out)-1] {
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
			s.try(b, r, at, max(0, at-r.Back))
		}
	}
}

// worth reports whether what stands before a value of n characters, which begins
// at one of some offsets, may be the name of one that a rule is for. It looks at escapes as they are.
func (s *Scanner) worth(b []byte, starts []int, n int) bool {
	for _, at := range starts {
		if s.assigned(b, at) {
			return true
		}
	}
	from, low := starts[0], starts[len(starts)-1]
	if n < 14 || named(b[from:min(len(b), from+n)]) {
		return false
	}
	return s.isNear(b, max(0, low-lookBack-16), from)
}

// assigned reports whether a name that says something is given the value at an
// offset.
func (s *Scanner) assigned(b []byte, at int) (says bool) {
	if !s.values.operated(b, at) {
		return false
	}
	p := s.values.before(b, at)
	s.eachName(b, p.from, p.to, func(_ int, n *name) bool {
		says = says || !n.hash
		return !says
	})
	return says
}

// operated reports whether an operator that gives a name its value may stand
// before an offset.
func (v *valuer) operated(b []byte, at int) bool {
	for i, n := at-1, 0; i >= 0 && n < 20; i-- {
		c := b[i]
		switch k := v.kind[c]; {
		case c == '\\':
			continue
		case k&isOp != 0:
			return true
		case k&(isSpace|inRun) == 0 || c == '-':
			return false
		}
		n++
	}
	return false
}

// each calls f for the names between two offsets, until it returns false.
func (s *Scanner) eachName(b []byte, from, to int, f func(at int, n *name) bool) {
	s.names = s.values.all.Find(b[from:to], s.names[:0])
	for _, h := range s.names {
		if n := &s.values.names[h.Word]; n.begins(b, from+h.At) && !f(from+h.At, n) {
			return
		}
	}
}

// isNear reports whether a name stands between two offsets of which the value
// need not be assigned.
func (s *Scanner) isNear(b []byte, from, to int) bool {
	v := s.values
	s.names = v.nearby.Find(b[from:to], s.names[:0])
	return slices.ContainsFunc(s.names, func(h keyword.Hit) bool { return v.names[v.near[h.Word]].begins(b, from+h.At) })
}

// begins reports whether a name can begin at an offset. One that is not long has
// to begin a word.
func (n *name) begins(b []byte, at int) bool {
	if n.word || n.hash || len(n.text) > 9 || at == 0 {
		return true
	}
	return boundary(b, at) || b[at-1] == '_' || 'A' <= b[at] && b[at] <= 'Z' && 'a' <= b[at-1] && b[at-1] <= 'z'
}
