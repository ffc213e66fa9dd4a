package validate

import (
	"cmp"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxProblems bounds what is said of one value. Whoever writes a thousand wrong
// elements made one mistake.
const maxProblems = 20

// problem is one reason for which the library rejects a value.
type problem struct {
	pointer string   // RFC 6901
	keyword string   // of the schema, such as required
	names   []string // the members or words in question, as the schema has them
	want    string   // the type or bound in question
	got     string   // the type, or the value where it is one short word
}

// problemsIn returns the reasons at the bottom of the library's error about
// doc, in order of their places.
func problemsIn(err error, doc any) []problem {
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return nil
	}
	var out []problem
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			walk(c)
		}
		if len(e.Causes) == 0 {
			out = append(out, problemOf(e, doc))
		}
	}
	walk(ve)
	slices.SortFunc(out, func(a, b problem) int {
		return cmp.Or(strings.Compare(a.pointer, b.pointer), strings.Compare(a.keyword, b.keyword), slices.Compare(a.names, b.names))
	})
	return out[:min(len(out), maxProblems)]
}

// What the library says, as far as it is about the schema. Its messages also
// quote values, which may be credentials; those are not taken.
var (
	wordsInQuotes = regexp.MustCompile(`"([a-z_./0-9]{1,40})"`)
	namesInQuotes = regexp.MustCompile(`'([A-Za-z_][A-Za-z_-]{0,39})'`)
	typesSaid     = regexp.MustCompile(`^expected ([a-z ]+), but got ([a-z]+)$`)
	boundSaid     = regexp.MustCompile(`^must be [<>]= (\S+) but`)
	plainWord     = regexp.MustCompile(`^[a-z][a-z_-]{0,19}$`)
)

func problemOf(e *jsonschema.ValidationError, doc any) problem {
	p := problem{pointer: unescape(e.InstanceLocation), keyword: e.KeywordLocation[strings.LastIndexByte(e.KeywordLocation, '/')+1:]}
	switch p.keyword {
	case "required":
		p.names = captures(namesInQuotes, e.Message)
	case "additionalProperties":
		p.names = captures(namesInQuotes, e.Message)
		slices.Sort(p.names) // the library has them in the order of a map
		p.names = p.names[:min(len(p.names), maxProblems)]
	case "enum", "const":
		p.names = captures(wordsInQuotes, e.Message)
		if s, _ := at(doc, p.pointer).(string); plainWord.MatchString(s) {
			p.got = s
		}
	case "type":
		if m := typesSaid.FindStringSubmatch(e.Message); m != nil {
			p.want, p.got = m[1], m[2]
		}
	case "minimum", "maximum":
		if m := boundSaid.FindStringSubmatch(e.Message); m != nil {
			p.want = m[1]
		}
	}
	return p
}

func captures(re *regexp.Regexp, s string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	return out
}

// unescape takes the percent signs out of the library's pointers, which are
// fragments of URLs.
func unescape(pointer string) string {
	if s, err := url.PathUnescape(pointer); err == nil {
		return s
	}
	return pointer
}

// at returns the member of a member that a pointer names; it does not go into
// arrays.
func at(doc any, pointer string) any {
	for _, key := range strings.Split(pointer, "/")[1:] {
		m, _ := doc.(map[string]any)
		doc = m[key]
	}
	return doc
}
