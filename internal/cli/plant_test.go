package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/secret"
)

// ruleExample is what the drill needs of a rule of internal/secret.
type ruleExample struct {
	ID       string           `json:"id"`
	Severity finding.Severity `json:"severity"`
	Positive []string         `json:"positive"`
}

// ruleExamples reads the rules' own examples, one rule each.
func ruleExamples(t *testing.T) []ruleExample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "secret", "rules", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []ruleExample
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Rules []ruleExample }
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for i, r := range file.Rules {
			if !raceDetector || i%10 == 0 {
				out = append(out, r)
			}
		}
	}
	if len(out) < 100 {
		t.Fatalf("the credential rules are not at internal/secret: %d were found", len(out))
	}
	return out
}

var blank = regexp.MustCompile(`\{(\d+)\*([A-Z])\}`)

// expand fills the blanks of a rule's example as the tests of internal/secret
// do: {36*A} is 36 random letters and digits.
func expand(example string, seed uint64) string {
	alphabets := map[string]string{
		"A": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		"L": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
		"U": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
		"B": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"C": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
		"H": "0123456789abcdef",
		"D": "0123456789",
		"K": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
		"N": "abcdefghijklmnopqrstuvwxyz0123456789",
		"Y": "abcdefghijklmnopqrstuvwxyz",
		"Z": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"G": "0123456789ABCDEF",
	}
	r := rand.New(rand.NewPCG(seed, 2))
	return blank.ReplaceAllStringFunc(example, func(m string) string {
		parts := blank.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[1])
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabets[parts[2]][r.IntN(len(alphabets[parts[2]]))]
		}
		out[n/2] = alphabets[parts[2]][3] // no alphabet leaves a rule's minimum to chance
		return string(out)
	})
}

// plant is a credential that the drill has put somewhere.
type plant struct {
	rule     string
	severity finding.Severity
	place    string
}

// probe is a piece of a credential in one of the forms in which it could leak.
type probe struct {
	text  string
	form  string
	plant *plant
}

// probeHead is how many bytes a probe has at least, and is indexed by.
const probeHead = 8

// texts returns for each rule of a severity a text that holds a credential of
// it, and remembers what to look for. The same place gets the same texts.
func (d *drill) texts(place string, severity finding.Severity) []string {
	seed := uint64(len(place)) * 1_000_003
	for _, c := range place {
		seed = seed*31 + uint64(c)
	}
	known := slices.ContainsFunc(d.plants, func(p plant) bool { return p.place == place })
	scan, err := secret.New(secret.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for i, e := range d.examples {
		if e.Severity != severity {
			continue
		}
		example := e.Positive[int(seed%7)%len(e.Positive)]
		text, values := "", []secret.Match(nil)
		for n := uint64(i) * 1000; len(values) == 0 && n < uint64(i)*1000+50; n += 2 { // some values are words by chance
			text = expand(example, seed+n)
			values = scan.Scan([]byte(text))
		}
		if len(values) == 0 { // internal/secret holds the example to its rule
			d.t.Errorf("%s: nothing is found in the example %q", e.ID, example)
			continue
		}
		out = append(out, text)
		if known {
			continue
		}
		other := expand(example, seed+uint64(i)*1000+999)
		for _, v := range values {
			p := &plant{e.ID, v.Severity, place}
			d.plants = append(d.plants, *p)
			d.watch(p, text[v.Start:v.End], other)
		}
	}
	return out
}

// watch looks for the beginning, the end and the most random piece of a value,
// but for what every value of the rule has.
func (d *drill) watch(p *plant, value, other string) {
	const size = 12
	pieces := map[string]bool{}
	if len(value) <= size {
		pieces[value] = true
	} else {
		best := ""
		for i := 0; i+size <= len(value); i++ {
			piece := value[i : i+size]
			fixed := strings.Contains(other, piece)
			if (i == 0 || i+size == len(value)) && !fixed && randomness(piece) > 2.5 {
				pieces[piece] = true
			}
			if !fixed && randomness(piece) > randomness(best) {
				best = piece
			}
		}
		if best == "" {
			best = value // nothing in it is random
		}
		pieces[best] = true
	}
	for piece := range pieces {
		for form, text := range leakForms(piece) {
			if len(text) >= probeHead {
				head := [probeHead]byte([]byte(text[:probeHead]))
				d.probes[head] = append(d.probes[head], probe{text, form, p})
			}
		}
	}
}

func randomness(s string) float64 {
	counts := map[rune]float64{}
	for _, c := range s {
		counts[c]++
	}
	bits := 0.0
	for _, n := range counts {
		bits -= n / float64(len(s)) * math.Log2(n/float64(len(s)))
	}
	return bits
}

// leakForms are the ways in which a value could be written.
func leakForms(v string) map[string]string {
	quote := func(s string) string {
		b, _ := json.Marshal(s)
		return strings.Trim(string(b), `"`)
	}
	forms := map[string]string{
		"as it is": v, "in JSON": quote(v), "in JSON in JSON": quote(quote(v)),
		"in a query": url.QueryEscape(v), "in a path": url.PathEscape(v),
		"in hex": hex.EncodeToString([]byte(v)), "in HEX": strings.ToUpper(hex.EncodeToString([]byte(v))),
	}
	var lower, upper strings.Builder
	for i := range len(v) {
		h := hex.EncodeToString([]byte{v[i]})
		lower.WriteString("%" + h)
		upper.WriteString("%" + strings.ToUpper(h))
	}
	forms["in percent form"], forms["in PERCENT form"] = lower.String(), upper.String()
	for pad := range 3 {
		enc := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", pad) + v))
		core := enc[[]int{0, 2, 3}[pad] : (pad+len(v))*8/6]
		forms["in base64 at "+strconv.Itoa(pad)] = core
		forms["in URL base64 at "+strconv.Itoa(pad)] = strings.NewReplacer("+", "-", "/", "_").Replace(core)
	}
	return forms
}

// literal matches a JSON string.
var literal = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// prose returns where the strings of a JSON text stand that are said rather
// than looked up: values of several words. A text without any has other values.
func prose(raw []byte) [][]int {
	var words, any [][]int
	for _, at := range literal.FindAllIndex(raw, -1) {
		var s string
		rest := bytes.TrimLeft(raw[at[1]:], " \t\r\n")
		if bytes.HasPrefix(rest, []byte(":")) || json.Unmarshal(raw[at[0]:at[1]], &s) != nil {
			continue
		}
		if strings.Contains(s, " ") {
			words = append(words, at)
		} else if strings.ContainsAny(s, "/.") || strings.Count(s, "-") > 1 {
			any = append(any, at)
		}
	}
	if words == nil {
		return any
	}
	return words
}

// withTexts returns JSON with texts added to the strings that prose finds, by
// their number. In a string that is JSON itself they go into its strings.
func withTexts(raw []byte, texts func(i int) []string) []byte {
	var b bytes.Buffer
	from := 0
	for i, at := range prose(raw) {
		var s string
		json.Unmarshal(raw[at[0]:at[1]], &s)
		add := texts(i)
		if len(add) == 0 {
			continue
		}
		if json.Valid([]byte(s)) && len(prose([]byte(s))) > 0 {
			s = string(withTexts([]byte(s), func(i int) []string {
				if i > 0 {
					return nil
				}
				return add
			}))
		} else {
			s += "\n" + strings.Join(add, "\nand then\n")
		}
		quoted, _ := json.Marshal(s)
		b.Write(raw[from:at[0]])
		b.Write(quoted)
		from = at[1]
	}
	b.Write(raw[from:])
	return b.Bytes()
}

// streamed returns a transcript of messages that were streamed, each credential
// in two pieces.
func streamed(texts []string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"type":"system","subtype":"init","cwd":"/w","session_id":"c0ffee00-2222-4222-8333-444455556666","tools":[],"model":"claude-opus-4-5","claude_code_version":"2.1.0"}` + "\n")
	for i, text := range texts {
		for n, piece := range []string{"it is " + text[:len(text)*2/3], text[len(text)*2/3:] + " there\n"} {
			quoted, _ := json.Marshal(piece)
			b.WriteString(`{"type":"stream_event","event":{"type":"content_block_delta","index":` + strconv.Itoa(i) + `,"delta":{"type":"text_delta","text":` + string(quoted) +
				`}},"session_id":"c0ffee00-2222-4222-8333-444455556666","parent_tool_use_id":null,"uuid":"` + strconv.Itoa(2*i+n) + `"}` + "\n")
		}
	}
	return b.Bytes()
}
