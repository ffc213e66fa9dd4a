package secret

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/finding"
)

//go:embed rules/*.json rules/samples.txt
var embedded embed.FS

// rule is one kind of credential, as rules.json describes it. Its pattern is
// tried where one of its keywords stands, from the keyword's first byte on.
type rule struct {
	ID       string           `json:"id"`
	Title    string           `json:"title"`
	Severity finding.Severity `json:"severity"`
	Help     string           `json:"help"`
	Keywords []string         `json:"keywords"`
	Fold     bool             `json:"fold"`  // keywords in any case
	Coded    bool             `json:"coded"` // look for the keywords in base64, hex and percent form too
	Lead     string           `json:"lead"`  // what stands before the keyword and belongs to the credential

	// Pattern is a regular expression in which {sep} is what may stand between a
	// name and its value. Its first group that took part, or the whole of it, is
	// the credential.
	Pattern string `json:"pattern"`
	Window  int    `json:"window"` // bytes from the keyword on that are looked at; 600 where not set

	// The guards keep the pattern from being tried in vain.
	Boundary bool   `json:"boundary"` // no letter or digit stands before the keyword
	Run      int    `json:"run"`      // so many characters of a token stand from the keyword on
	Slashes  bool   `json:"slashes"`  // slashes count in Run
	Assign   int    `json:"assign"`   // a value of so many characters is assigned behind the keyword
	Guard    string `json:"guard"`    // "url": a password stands before an @

	// What the credential itself has to be like.
	Entropy  float64 `json:"entropy"`  // bits a character, at least
	Digits   bool    `json:"digits"`   // has a digit
	Letters  bool    `json:"letters"`  // has a letter
	Min      int     `json:"min"`      // characters, at least
	Length   int     `json:"length"`   // characters, as they are issued; 0 where that varies
	Check    string  `json:"check"`    // the test of its structure, in check.go
	Bare     bool    `json:"bare"`     // no placeholder looks like it
	Identity int     `json:"identity"` // so many of its characters make its fingerprint; 0 all

	// Of a rule whose credentials have no form of their own, but a name before
	// them.
	Names  []string `json:"names"`  // in lower case; one of them stands before
	Words  []string `json:"words"`  // and one of these between it and the value, where it is but near
	Near   int      `json:"near"`   // within so many bytes, without an operator; 0 where that is not enough
	Begins []string `json:"begins"` // of two bytes or more: what a keyword would be, were it longer
	Back   int      `json:"back"`   // bytes before the keyword that may belong to the credential
	Reach  int      `json:"reach"`  // bytes behind the keyword in which the rest may begin, whatever stands between; 0 where it follows
	Prefix int      `json:"prefix"` // characters that the credential begins with and that never change

	Positive []string `json:"positive"` // examples that must be found
	Negative []string `json:"negative"` // and that must not

	own      bool     // of our own files
	samples  []string // of all rules
	compile  sync.Once
	compiled [2]*regexp.Regexp // the pattern, and the same behind a character
	parsed   sync.Once
	shapes   shapeSet // of the pattern
	longest  int      // bytes of what it matches, at most; -1 where any number
	literals [][]byte // that stand in every match, one behind another
	core     []byte   // the longest part of one, other than the keyword, that only an escape by number can hide
}

// separator is what may stand between a name and its value: in shell, YAML,
// JSON at any depth, HTTP headers, and a pair of members {"name":…,"value":…}.
const separator = `(?:\\*["'])?\s{0,8}(?:,\s{0,8}\\*["']value\\*["']\s{0,8})?(?:=>|[:=])\s{0,8}(?:\\*["'])?`

// find returns where the pattern matches at an offset of a text, and its groups.
func (r *rule) find(text []byte, at int) []int {
	r.compile.Do(func() {
		r.compiled[0] = regexp.MustCompile(r.text())
		if r.Back > 0 {
			r.compiled[1] = regexp.MustCompile(`\A(?s:.)` + r.text()[len(`\A`):]) // for what it says of the character before it
		}
	})
	if at == 0 {
		return r.compiled[0].FindSubmatchIndex(text)
	}
	m := r.compiled[1].FindSubmatchIndex(text[at-1:])
	for i := range m {
		if m[i] >= 0 {
			m[i] += at - 1
		}
	}
	if m != nil {
		m[0] = at
	}
	return m
}

func (r *rule) text() string {
	return `\A(?:` + strings.ReplaceAll(r.Pattern, "{sep}", separator) + `)`
}

// parse finds out what can be told of a text before the pattern is tried.
func (r *rule) parse() {
	r.parsed.Do(func() {
		tree, err := syntax.Parse(r.text(), syntax.Perl)
		if err != nil {
			return
		}
		r.literals = literals(tree)
		r.core = r.coreOf(r.literals)
		r.shapes = shapesOf(tree, r.Keywords)
		r.longest = longest(tree)
	})
}

// coreOf returns the longest part of some literals without characters that have
// escapes of their own. That of a keyword tells nothing.
func (r *rule) coreOf(literals [][]byte) []byte {
	var longest []byte
	for _, l := range literals {
		for _, part := range bytes.FieldsFunc(l, func(c rune) bool { return c < ' ' || c >= utf8.RuneSelf || strings.ContainsRune(`\"/`, c) }) {
			if len(part) > len(longest) && !slices.ContainsFunc(r.Keywords, func(k string) bool { return strings.Contains(k, string(part)) }) {
				longest = part
			}
		}
	}
	return longest
}

// mayMatch reports whether the pattern may match at the start of a text.
func (r *rule) mayMatch(text []byte) bool {
	r.parse()
	if !r.shapes.of(text).begins(text) {
		return false
	}
	for _, l := range r.literals {
		i := bytes.Index(text, l)
		if i < 0 {
			return false
		}
		text = text[i+len(l):]
	}
	return true
}

// mayHide reports whether the pattern may match a text when its escapes are
// undone, or its lines joined.
func (r *rule) mayHide(raw []byte) bool {
	r.parse()
	if r.Back == 0 && !r.shapes.of(raw).hidden(raw) {
		return false
	}
	return bytes.Contains(raw, r.core) || bytes.Contains(raw, []byte(`\u`)) || r.wraps()
}

// literals returns the texts that stand in all that a pattern matches, one behind
// another, as far as that is easily told.
func literals(tree *syntax.Regexp) (out [][]byte) {
	switch tree.Op {
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase == 0 {
			out = append(out, []byte(string(tree.Rune)))
		}
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
		for _, sub := range tree.Sub {
			out = append(out, literals(sub)...)
		}
	}
	return out
}

func (r *rule) window() int {
	if r.Window == 0 {
		return 600
	}
	return r.Window
}

// file is one of rules/*.json.
type file struct {
	Source string  `json:"source"` // where they were taken from; empty for our own
	Rules  []*rule `json:"rules"`
}

func loadRules() ([]*rule, error) {
	names, err := fs.Glob(embedded, "rules/*.json")
	if err != nil {
		return nil, err
	}
	published, err := samples()
	if err != nil {
		return nil, err
	}
	var rules []*rule
	for _, name := range names {
		data, err := embedded.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the credential rules: %w", err)
		}
		more, err := parseRules(data)
		if err != nil {
			return nil, fmt.Errorf("reading the credential rules of %s: %w", name, err)
		}
		for _, r := range more {
			r.samples = published
		}
		rules = append(rules, more...)
	}
	return rules, nil
}

// advice is the help of rules that have none of their own.
const advice = "Revoke it where it was issued, then rotate whatever it gave access to."

// Rules returns the rules for documents and SARIF, each id once.
func Rules() []finding.Rule {
	rules, err := loadRules()
	if err != nil {
		panic(err) // the file is part of the program; a test reads it
	}
	known := finding.Rule{
		ID: knownRule, Severity: finding.Error, Title: "A secret of the job",
		Help: "A value that the job holds as a secret stands in a trace, as it is or encoded. Rotate it.",
	}
	out := []finding.Rule{known}
	seen := map[string]bool{}
	for _, r := range rules {
		if !seen[r.ID] {
			seen[r.ID] = true
			out = append(out, finding.Rule{ID: r.ID, Severity: r.Severity, Title: r.Title, Help: cmp.Or(r.Help, advice)})
		}
	}
	return out
}

// plausible reports whether a value can be a credential of the rule, and is no
// placeholder.
func (r *rule) plausible(value string) bool {
	if len(value) < r.Min {
		return false
	}
	if r.Digits && !strings.ContainsAny(value, "0123456789") {
		return false
	}
	if r.Letters && !strings.ContainsFunc(value, isLetter) {
		return false
	}
	return (r.Entropy == 0 || entropy(value) >= r.Entropy) && r.real(value)
}

// real reports whether the structure of a value, or else its letters, say that
// it is no placeholder.
func (r *rule) real(value string) bool {
	switch r.verdict(value) {
	case none:
		return false
	case sure:
		return true
	}
	return r.Bare || !placeholder(value)
}

func isLetter(c rune) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// entropy returns the Shannon entropy of the bytes of s, in bits a byte.
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	e := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			e -= p * math.Log2(p)
		}
	}
	return e
}

var (
	variableForm    = regexp.MustCompile(`^\$[A-Za-z_]|\$[({]|\$[A-Z_]{3}|<[A-Za-z_ -]+>|\{\{|%[A-Z_]+%`) // holds one of variableMarks
	placeholderForm = regexp.MustCompile(`^(?i:password|passwd|pass|secret|token|user|username|postgres|root|admin|test|none|null|true|false|undefined|mysecretpassword|letmein|string|value|text|p[a@]?ss(?:wo?rd|phrase)?|p%40ssword|pa%[23]fsword|my%20pass)[0-9]{0,4}$`)
)

const variableMarks = "$<{%"

// doubtful reports whether a value was typed rather than drawn, is published as
// a sample, or has not the structure that others of the rule have: it is no
// error.
func (r *rule) doubtful(value string) bool {
	if slices.ContainsFunc(r.samples, func(sample string) bool { return strings.Contains(value, sample) }) {
		return true
	}
	switch r.verdict(value) {
	case sure:
		return false
	case unlikely:
		return true
	}
	folded := strings.ToLower(value[:min(len(value), 200)])
	for _, w := range typed() {
		if strings.Contains(folded, w) {
			return true
		}
	}
	return repeats(value)
}

// typed are sequences and words that stand in nothing that was drawn, in lower
// case.
func typed() [21]string {
	return [...]string{
		"123456789", "abcdefg", "abcdef012345", "98765432", "fedcba98", "0a1b2c3d", "a1b2c3d4", "qwerty", "abc123", "123abc", "xyz789", "aaecawqf",
		"deadbeef", "cafebabe", "foobar", "notreal", "not-real", "not_real", "-fake-", "_fake_", "testtest",
	}
}

// repeats reports whether a character stands seven times in a row, but for the A
// of zeros in base64.
func repeats(s string) bool {
	n := 0
	for i := 1; i < len(s); i++ {
		if n++; s[i] != s[i-1] || s[i] == 'A' {
			n = 0
		}
		if n == 6 {
			return true
		}
	}
	return false
}

// samples returns the values that documentation publishes.
func samples() ([]string, error) {
	list, err := embedded.ReadFile("rules/samples.txt")
	if err != nil {
		return nil, fmt.Errorf("reading the sample credentials: %w", err)
	}
	var out []string
	for line := range strings.Lines(string(list)) {
		if line[0] != '#' {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out, nil
}

// placeholder reports whether a value stands for a credential without being
// one: a variable, a documented sample, a mask.
func placeholder(value string) bool {
	value = value[:min(len(value), 400)] // by chance a long key holds any word
	folded := strings.ToLower(value)
	for _, w := range placeholderWords() {
		if strings.Contains(folded, w) {
			return true
		}
	}
	if strings.ContainsAny(value, variableMarks) && variableForm.MatchString(value) || len(value) <= 24 && placeholderForm.MatchString(value) {
		return true
	}
	var seen [256]bool
	distinct := 0
	for i := range len(value) {
		if !seen[value[i]] {
			seen[value[i]] = true
			distinct++
		}
	}
	return len(value) >= 12 && distinct < 5
}

// placeholderWords stand in no credential but by chance.
func placeholderWords() [21]string {
	return [...]string{
		"example", "changeme", "change_me", "placeholder", "redacted", "your_", "your-", "_your", "-your", "xxxx", "****", "...",
		"dummy", "00000000", "insert_", "insert-", "replace_", "replace-", "s3cr3t", "hunter2", "p@ssw0rd",
	}
}
