package secret

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
)

// The rule of values that the job itself holds.
const (
	knownRule  = "secret/known-value"
	knownTitle = "Secret of the job"
	minKnown   = 6
)

// Of the parts of a value that are looked for by themselves.
const (
	minPart  = 12  // bytes, at least
	maxParts = 500 // of one value
)

// knownWords returns the forms in which a value of the job is looked for, and
// those of its parts. The newline of the file that it came from is none of it.
func knownWords(value string, n int) []word {
	if value = strings.TrimSpace(value); len(value) < minKnown {
		return nil
	}
	forms := map[string]bool{}
	if !isObject(value) {
		forms[value] = true // else it would be cut out of the JSON that it is a part of
	}
	addForms(forms, value)
	for _, p := range parts(value) {
		forms[p] = true
		addForms(forms, p)
	}
	var out []word
	for f := range forms {
		if len(f) >= minCore {
			out = append(out, word{text: f, known: n})
		}
	}
	return out
}

func isObject(value string) bool {
	value = strings.TrimSpace(value)
	return value != "" && (value[0] == '{' || value[0] == '[') && json.Valid([]byte(value))
}

func addForms(forms map[string]bool, value string) {
	for esc, level := jsonEscape(value), 0; esc != value && level < maxLevels && len(esc) < 1<<16; level++ {
		forms[esc] = true
		esc = jsonEscape(esc)
	}
	forms[url.QueryEscape(value)] = true
	forms[url.PathEscape(value)] = true
	forms[percent(value, "%02X")] = true
	forms[percent(value, "%02x")] = true
	forms[hex.EncodeToString([]byte(value))] = true
	forms[strings.ToUpper(hex.EncodeToString([]byte(value)))] = true
	for _, c := range base64Cores(value) {
		forms[c] = true
		forms[strings.NewReplacer("+", "-", "/", "_").Replace(c)] = true
	}
}

// parts returns what of a value over several lines, or of one that is JSON, is
// a secret by itself: it may be laid out otherwise where it leaks.
func parts(value string) []string {
	seen := map[string]bool{value: true}
	var out []string
	add := func(s string) {
		if s = strings.TrimSpace(s); len(out) < maxParts && !seen[s] && telling(s) {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, text := range append(leaves(value), value) {
		add(text)
		if !strings.Contains(text, "\n") {
			continue
		}
		for line := range strings.SplitSeq(text, "\n") {
			add(line)
			if m := assignment.FindStringSubmatch(line); m != nil {
				add(m[1])
			}
		}
	}
	return out
}

// assignment is a line that gives a name a value: of an environment file, of
// YAML, of JSON that is not valid.
var assignment = regexp.MustCompile(`^\s*(?:export\s+)?["']?[A-Za-z_][A-Za-z0-9_.-]*["']?\s*[=:]\s*["']?(.*?)["']?,?\s*$`)

// leaves returns the strings in a value that is JSON.
func leaves(value string) []string {
	if !isObject(value) {
		return nil
	}
	var v any
	if json.Unmarshal([]byte(value), &v) != nil {
		return nil
	}
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return out
}

// telling reports whether a part is long and random enough to be a secret: no
// word, address or name of a host, which stand in many a text by right.
func telling(s string) bool {
	if len(s) < minPart || entropy(s) < 3 || placeholder(s) || strings.Contains(s, "://") {
		return false
	}
	if strings.Contains(s, "PRIVATE KEY-----") && strings.Contains(s, "\n") {
		return true
	}
	return !strings.ContainsAny(s, " \t\n{}") && mixed(s) && !slug.MatchString(s)
}

// slug is a name made of words and numbers, such as eu-west-1.db.internal.
var slug = regexp.MustCompile(`^[A-Za-z]+[0-9]{0,3}(?:[-_.@/:]+(?:[A-Za-z]*[a-z]{3,}[A-Za-z]*[0-9]{0,3}|[a-z]{1,2}|[0-9]{1,12}))+$`)

var jsonEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func jsonEscape(s string) string { return jsonEscapes.Replace(s) }
