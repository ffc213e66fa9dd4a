package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// file is what is written.
type file struct {
	Source string `json:"source"`
	Rules  []rule `json:"rules"`
}

// rule has those fields of package secret's rules that are set here.
type rule struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity string   `json:"severity"`
	Keywords []string `json:"keywords,omitempty"`
	Fold     bool     `json:"fold,omitempty"`
	Back     int      `json:"back,omitempty"`
	Names    []string `json:"names,omitempty"`
	Words    []string `json:"words,omitempty"`
	Begins   []string `json:"begins,omitempty"`
	Near     int      `json:"near,omitempty"`
	Pattern  string   `json:"pattern"`
	Window   int      `json:"window,omitempty"`
	Run      int      `json:"run,omitempty"`
	Prefix   int      `json:"prefix,omitempty"`
	Boundary bool     `json:"boundary,omitempty"`
	Entropy  float64  `json:"entropy,omitempty"`
	Positive []string `json:"positive,omitempty"`
	From     string   `json:"from,omitempty"` // what it was made from, where that is not the pattern
}

func (f file) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"source\": %q, \"rules\": [\n", f.Source)
	for i, r := range f.Rules {
		var line bytes.Buffer
		e := json.NewEncoder(&line)
		e.SetEscapeHTML(false)
		if e.Encode(r) != nil {
			continue // it holds but strings and numbers
		}
		b.WriteString("  ")
		b.Write(bytes.TrimSpace(line.Bytes()))
		if i < len(f.Rules)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

// What gitleaks' generator puts round a name and behind a value.
const (
	gap      = `(?:[ \t\w.-]{0,20})[\s'"]{0,3}`
	operator = `(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}`
)

func ends() []string {
	return []string{`(?:[\x60'"\s;]|\\[nr]|$|\b)`, `(?:[\x60'"\s;]|\\[nr]|$)`, `(?:\\?['"\x60]|[\s;]|\\[nr]|$)`, `\b`}
}

// convert makes a rule of a source's.
func convert(s source) (rule, error) {
	s.regex = unnamed(s.regex)
	r := rule{ID: "secret/" + plainID(s.id), Title: title(plainID(s.id)), Severity: "error", Entropy: s.entropy}
	if names, value, ok := assignment(s.regex); ok {
		re, err := syntax.Parse(strings.ToLower(names), syntax.Perl)
		if err != nil {
			return r, err
		}
		set := names1(re)
		if len(set) == 0 {
			return r, fmt.Errorf("its names are too many: %s", names)
		}
		r.Names, r.Pattern = sorted(set), value
		if re, err := syntax.Parse(value, syntax.Perl); err == nil {
			if n := find(re); n.back == 0 {
				r.Prefix = n.shortest()
			}
		}
		return r, r.check()
	}
	body, boundary, end := trim(s.regex)
	re, err := syntax.Parse(body, syntax.Perl)
	if err != nil {
		return r, err
	}
	if near(re, &r) {
		return r, r.check()
	}
	body = grouped(re, body)
	n := find(re)
	if n.shortest() < minString && n.shortest() >= 2 && n.back == 0 && !n.fold {
		r.Begins, r.Pattern, r.Window, r.Run, r.Prefix = n.strings, body+end, window(re), least(re), n.shortest()
		r.Entropy = attainable(r.Entropy, r.Run)
		return r, r.check()
	}
	if n.shortest() < minString {
		return r, fmt.Errorf("nothing to look for in %s (%q)", s.regex, n.strings)
	}
	r.Keywords, r.Fold, r.Back, r.Pattern = n.strings, n.fold, n.back, body+end
	if boundary && n.back > 0 {
		r.Pattern = `\b` + body + end
	} else {
		r.Boundary = boundary
	}
	if n.back == 0 {
		r.Run, r.Prefix = least(re), n.shortest()
		r.Entropy = attainable(r.Entropy, r.Run)
	}
	r.Window = window(re)
	return r, r.check()
}

// names1 returns the strings that a name can be, or what all of them begin
// with.
func names1(re *syntax.Regexp) []string {
	set, _, ok := words(re)
	if subs := flatten([]*syntax.Regexp{re}); !ok {
		n := len(subs)
		for set, _, ok = product(subs); n > 0 && (!ok || optional(subs[n-1])); n-- {
			set, _, ok = product(subs[:n-1])
		}
		if n == 0 {
			return nil
		}
	}
	return cut(set)
}

// grouped puts what is the credential in a group, so that what ends it is none.
func grouped(re *syntax.Regexp, body string) string {
	switch {
	case re.MaxCap() > 0 && re.Op == syntax.OpAlternate:
		return "(?:" + body + ")"
	case re.MaxCap() > 0:
		return body
	}
	subs := flatten1(re)
	if last := subs[len(subs)-1]; last.Op == syntax.OpAlternate && last.Sub[len(last.Sub)-1].Op == syntax.OpEndText {
		rest := &syntax.Regexp{Op: syntax.OpConcat, Sub: subs[:len(subs)-1]}
		return "(" + rest.String() + `)(?:\W|$)`
	}
	return "(" + body + ")"
}

// unnamed takes the names off the groups of an expression, and the groups that
// had one away if there are others: those are of what goes with the credential.
func unnamed(regex string) string {
	re, err := syntax.Parse(regex, syntax.Perl)
	if err != nil {
		return regex
	}
	group := "("
	for _, name := range re.CapNames()[1:] {
		if name == "" {
			group = "(?:"
		}
	}
	return named.ReplaceAllString(regex, group)
}

var named = regexp.MustCompile(`\(\?P<\w+>`)

// cut ends names before what may be any character, and drops those of no
// vendor.
func cut(set []string) []string {
	for i, s := range set {
		set[i], _, _ = strings.Cut(s, anything)
	}
	return slices.DeleteFunc(set, func(s string) bool { return len(s) < minName || common()[s] })
}

// common are names that any credential may have; they are no vendor's.
func common() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields("key secret token api api_key api-key apikey access auth client password account private user id app application access_key accesskey data") {
		out[w] = true
	}
	return out
}

// minName is how long a name has to be at least to be looked for.
const minName = 3

func (r rule) check() error {
	_, err := syntax.Parse(r.Pattern, syntax.Perl)
	return err
}

func sorted(set []string) []string {
	slices.Sort(set)
	return slices.Compact(set)
}

// plainID leaves out the number of one of several rules for the same.
func plainID(id string) string {
	if i := strings.LastIndexByte(id, '.'); i > 0 {
		return id[:i]
	}
	return id
}

// title makes a noun of a rule's id; descriptions tell of dangers instead.
func title(id string) string {
	t := strings.ReplaceAll(id, "-", " ")
	for _, w := range []string{"api", "id", "jwt", "aws", "gcp", "pat", "url", "oauth", "sdk", "npm", "cli", "ci", "ai"} {
		t = strings.TrimSpace(strings.ReplaceAll(" "+t+" ", " "+w+" ", " "+strings.ToUpper(w)+" "))
	}
	return strings.ToUpper(t[:1]) + t[1:]
}

// assignment parts the expression of a name that is given a value.
func assignment(regex string) (names, value string, ok bool) {
	names, value, ok = strings.Cut(regex, operator)
	if !ok {
		return "", "", false
	}
	fold := strings.Contains(names, "(?i")
	names = strings.TrimSuffix(strings.TrimSuffix(names, ")"), gap)
	names = strings.TrimSuffix(names, gap)
	for _, p := range []string{`(?i)[\w.-]{0,50}?`, `[\w.-]{0,50}?(?i:[\w.-]{0,50}?`, `[\w.-]{0,50}?(?i:`, `(?i:`, `(?i)`} {
		if rest, found := strings.CutPrefix(names, p); found {
			names = rest
			break
		}
	}
	value, _, _ = trim(value)
	if fold && strings.HasPrefix(regex, `(?i)`) {
		value = `(?i)` + value
	}
	return strings.ReplaceAll(names, "(?-i:", "(?:"), value, true
}

// trim takes the boundaries off an expression.
func trim(regex string) (body string, boundary bool, end string) {
	for _, e := range ends() {
		if rest, ok := strings.CutSuffix(regex, e); ok {
			regex = rest
			if end = `(?:[^\w-]|$)`; e == `\b` {
				end = e
			}
			break
		}
	}
	flags := ""
	if rest, ok := strings.CutPrefix(regex, "(?i)"); ok {
		flags, regex = "(?i)", rest
	}
	rest, boundary := strings.CutPrefix(regex, `\b`)
	return flags + rest, boundary, end
}

// window returns how many bytes from the keyword on a match may need, 0 where
// the usual are enough.
func window(re *syntax.Regexp) int {
	if n := reach(re); n > 500 {
		return min(n+100, 4000)
	}
	return 0
}

// attainable lowers a bound of entropy that what is random, and as short as a
// match can be, would miss by chance.
func attainable(bits float64, n int) float64 {
	if n == 0 {
		return bits
	}
	return min(bits, math.Floor(7*math.Log2(float64(n)))/10)
}

// least returns how many characters of those that tokens are made of a match
// begins with at least.
func least(re *syntax.Regexp) int {
	n, _ := prefix(re)
	return min(n, 200)
}

// prefix does the same, and reports whether the match may end there.
func prefix(re *syntax.Regexp) (n int, whole bool) {
	switch re.Op {
	case syntax.OpLiteral:
		for i, c := range re.Rune {
			if !strings.ContainsRune(tokenRunes, c) {
				return i, false
			}
		}
		return len(re.Rune), true
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			for c := re.Rune[i]; c <= re.Rune[i+1] && c < 0x80; c++ {
				if !strings.ContainsRune(tokenRunes, c) {
					return 0, false
				}
			}
		}
		return 1, true
	case syntax.OpWordBoundary, syntax.OpEmptyMatch:
		return 0, true
	case syntax.OpCapture:
		return prefix(re.Sub[0])
	case syntax.OpRepeat:
		n, whole = prefix(re.Sub[0])
		return max(n*re.Min, min(n, re.Min)), whole
	case syntax.OpPlus:
		return prefix(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			m, ok := prefix(sub)
			if n += m; !ok {
				return n, false
			}
		}
		return n, true
	case syntax.OpAlternate:
		n, whole = 1000, true
		for _, sub := range re.Sub {
			m, ok := prefix(sub)
			n, whole = min(n, m), whole && ok
		}
		return n, whole
	}
	_, whole = optionalToken(re)
	return 0, whole
}

// optionalToken reports whether what may be left out is of a token, too.
func optionalToken(re *syntax.Regexp) (int, bool) {
	if re.Op == syntax.OpQuest || re.Op == syntax.OpStar {
		return prefix(re.Sub[0])
	}
	return 0, false
}

// tokenRunes are what package secret counts as a run.
const tokenRunes = uppers + lowers + digits + "_-./+=%~:"

func reach(re *syntax.Regexp) int {
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		return len(string(re.Rune))
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpStar, syntax.OpPlus:
		return 100
	case syntax.OpCapture, syntax.OpQuest:
		return reach(re.Sub[0])
	case syntax.OpRepeat:
		return max(re.Min, re.Max) * reach(re.Sub[0])
	}
	for _, sub := range re.Sub {
		if re.Op == syntax.OpConcat {
			n += reach(sub)
		} else {
			n = max(n, reach(sub))
		}
	}
	return n
}
