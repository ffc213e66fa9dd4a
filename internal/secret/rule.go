package secret

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"

	"github.com/andon-ci/andon/internal/finding"
)

//go:embed rules.json
var embedded []byte

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
	Identity int     `json:"identity"` // so many of its characters make its fingerprint; 0 all

	Positive []string `json:"positive"` // examples that must be found
	Negative []string `json:"negative"` // and that must not

	once     sync.Once
	compiled *regexp.Regexp
}

// separator is what may stand between a name and its value: in shell, YAML,
// JSON at any depth, HTTP headers, and a pair of members {"name":…,"value":…}.
const separator = `(?:\\*["'])?\s{0,8}(?:,\s{0,8}\\*["']value\\*["']\s{0,8})?(?:=>|[:=])\s{0,8}(?:\\*["'])?`

func (r *rule) regexp() *regexp.Regexp {
	r.once.Do(func() {
		r.compiled = regexp.MustCompile(`\A(?:` + strings.ReplaceAll(r.Pattern, "{sep}", separator) + `)`)
	})
	return r.compiled
}

func (r *rule) window() int {
	if r.Window == 0 {
		return 600
	}
	return r.Window
}

func loadRules() ([]*rule, error) {
	var rules []*rule
	if err := json.Unmarshal(embedded, &rules); err != nil {
		return nil, fmt.Errorf("reading the credential rules: %w", err)
	}
	return rules, nil
}

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
			out = append(out, finding.Rule{ID: r.ID, Severity: r.Severity, Title: r.Title, Help: r.Help})
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
	return (r.Entropy == 0 || entropy(value) >= r.Entropy) && !placeholder(value)
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
	placeholderWord = regexp.MustCompile(`(?i)example|changeme|change_me|placeholder|redacted|your[_-]|[_-]your|xxxx|\*\*\*\*|\.\.\.|dummy|00000000|1234567890|abcdefghij|insert[_-]|replace[_-]|s3cr3t|hunter2|p@ssw0rd`)
	placeholderForm = regexp.MustCompile(`\$[A-Za-z_({]|<[A-Za-z_ -]+>|\{\{|%[A-Z_]+%|^(?i:password|passwd|pass|secret|token|user|username|postgres|root|admin|test|none|null|true|false|undefined|mysecretpassword|letmein)[0-9]{0,4}$`)
)

// placeholder reports whether a value stands for a credential without being
// one: a variable, a documented sample, a mask.
func placeholder(value string) bool {
	value = value[:min(len(value), 400)] // by chance a long key holds any word
	if placeholderWord.MatchString(value) || placeholderForm.MatchString(value) {
		return true
	}
	distinct := map[byte]bool{}
	for i := range len(value) {
		distinct[value[i]] = true
	}
	return len(value) >= 12 && len(distinct) < 5
}
