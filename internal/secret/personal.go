package secret

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed rules/personal/personal.json
var personalRules []byte

// Personal finds personal data: addresses of e-mail and of machines, numbers of
// phones and of payment cards, and the names in paths of home folders. It is not
// for a gate: only Redact knows it, and what it finds is no finding.
//
// None of it has a keyword, as credentials do. One pass looks at the bytes that
// all of it has in it, such as an @, and at what stands round them. A nil
// Personal finds nothing.
type Personal struct {
	key    []byte
	rules  map[string]*personalRule
	anchor [256]bool
	found  []datum
	digits []byte // those of the number that is looked at
	parts  []group
	form   []byte
}

// personalRule is one kind of personal data, as rules/personal/personal.json
// describes it.
type personalRule struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Keep     []string `json:"keep"`      // names that are no person's, in lower case
	KeepEnds []string `json:"keep_ends"` // ends of files' names that look like those of domains
	Positive []string `json:"positive"`  // examples that must be found
	Negative []string `json:"negative"`  // and that must not
}

// The kinds.
const (
	emailRule = "pii/email"
	ipRule    = "pii/ip"
	phoneRule = "pii/phone"
	cardRule  = "pii/card"
	homeRule  = "pii/home"
)

// NewPersonal returns a Personal whose marks are keyed as a Scanner's are.
func NewPersonal(key []byte) (*Personal, error) {
	rules, err := loadPersonal()
	if err != nil {
		return nil, err
	}
	p := &Personal{key: bytes.Clone(key), rules: map[string]*personalRule{}}
	for _, r := range rules {
		r.Positive, r.Negative = nil, nil // they are for the tests
		p.rules[r.ID] = r
	}
	for _, c := range []byte("@+:[hU0123456789") {
		p.anchor[c] = true
	}
	return p, nil
}

func loadPersonal() ([]*personalRule, error) {
	var f struct{ Rules []*personalRule }
	if err := json.Unmarshal(personalRules, &f); err != nil {
		return nil, fmt.Errorf("reading the rules of personal data: %w", err)
	}
	return f.Rules, nil
}

// Redact returns raw with personal data replaced by [REDACTED:pii/kind:id], and
// how many values of each rule it replaced. Everything else stays as it is, and
// JSON stays JSON: a number of digits alone that stands in no string becomes a
// string. What was redacted before is left alone.
func (p *Personal) Redact(raw []byte) (out []byte, replaced map[string]int) {
	if p == nil {
		return raw, nil
	}
	for range maxRounds {
		if p.find(raw); len(p.found) == 0 {
			break
		}
		if replaced == nil {
			replaced = map[string]int{}
		}
		for _, m := range p.found {
			replaced[m.rule]++
		}
		raw = p.replace(raw)
	}
	return raw, replaced
}

// maxRounds is how often Redact looks again: what is left may stand by itself
// then, and be found.
const maxRounds = 10

// replace returns raw with marks in place of what was found.
func (p *Personal) replace(raw []byte) []byte {
	var out bytes.Buffer
	from := 0
	q := quotes{raw: raw}
	for _, m := range p.found {
		quote := q.round(m)
		out.Write(raw[from:m.start])
		fmt.Fprintf(&out, "%s[REDACTED:%s:%s]%s", quote, m.rule, fingerprint(p.key, m.value)[:8], quote)
		from = m.end
	}
	out.Write(raw[from:])
	return out.Bytes()
}

// find fills in what is found, in order.
func (p *Personal) find(raw []byte) {
	p.found = p.found[:0]
	for i := 0; i < len(raw); {
		if !p.anchor[raw[i]] {
			i++
			continue
		}
		i = p.look(raw, i)
	}
}

// look looks for what may stand round an anchor, and returns where to go on.
func (p *Personal) look(raw []byte, i int) int {
	switch raw[i] {
	case '@':
		return p.email(raw, i, i+1)
	case '[':
		return i + max(1, markLength(raw[i:]))
	case ':':
		return p.ip6(raw, i)
	case '+':
		return p.phone(raw, i)
	case 'h':
		return p.home(raw, i, "home")
	case 'U':
		return p.home(raw, i, "Users")
	}
	return p.number(raw, i)
}

// markLength returns the length of what a redaction has left at the start of b,
// 0 where there is none.
func markLength(b []byte) int {
	if !bytes.HasPrefix(b, []byte("[REDACTED:")) {
		return 0
	}
	return bytes.IndexByte(b[:min(len(b), 150)], ']') + 1
}

// datum is a value that was found, and what it is known by however it is
// written.
type datum struct {
	rule       string
	start, end int
	value      string
}

// add notes what was found, and returns where to go on. What it overlaps, as
// the digits before an @ may be, becomes a part of it.
func (p *Personal) add(rule string, start, end int, value string) int {
	for n := len(p.found) - 1; n >= 0 && start < p.found[n].end; n-- {
		start = min(start, p.found[n].start)
		p.found = p.found[:n]
	}
	p.found = append(p.found, datum{rule, start, end, value})
	return end
}

// keeps reports whether a name is known to be no person's.
func (r *personalRule) keeps(name string) bool {
	name = strings.ToLower(name)
	for _, k := range r.Keep {
		if name == k {
			return true
		}
	}
	return false
}

// quotes tells where in raw a number stands in no string.
type quotes struct {
	raw []byte
	at  int  // up to here it was read
	in  bool // whether that is within a string
}

// round returns the quotes that a match needs: none but round a bare number of
// JSON, for which they are those of its key where it has one.
func (q *quotes) round(m datum) string {
	for _, c := range q.raw[m.start:m.end] {
		if !isFigure(c) {
			return ""
		}
	}
	before := bytes.TrimRight(q.raw[:m.start], " \t")
	if rest := bytes.TrimLeft(q.raw[m.end:], " \t\r"); len(rest) > 0 && bytes.IndexByte([]byte("\n,]}\\"), rest[0]) < 0 {
		return ""
	}
	if key := bytes.TrimRight(bytes.TrimSuffix(before, []byte(":")), " \t"); len(before) > 0 && before[len(before)-1] == ':' {
		return keyQuote(key)
	}
	if len(before) > 0 && bytes.IndexByte([]byte("\n,["), before[len(before)-1]) < 0 || q.inString(m.start) {
		return ""
	}
	return `"`
}

// keyQuote returns the quote that b ends with, with what escapes it.
func keyQuote(b []byte) string {
	if len(b) == 0 || b[len(b)-1] != '"' {
		return ""
	}
	i := len(b) - 1
	for i > 0 && b[i-1] == '\\' {
		i--
	}
	return string(b[i:])
}

// inString reports whether an offset is within a string of JSON, none of which
// goes over the end of a line. Offsets come in rising order.
func (q *quotes) inString(to int) bool {
	for ; q.at < to; q.at++ {
		switch q.raw[q.at] {
		case '\n':
			q.in = false
		case '\\':
			q.at++
		case '"':
			q.in = !q.in
		}
	}
	return q.in
}
