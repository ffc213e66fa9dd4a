package main

import (
	"regexp"
	"strconv"
	"strings"
)

// source is a rule as gitleaks' configuration has it.
type source struct {
	id, description, regex string
	entropy                float64
	keywords               []string // one of which stands in the text, in any case
	part                   bool     // of another rule, by itself of no use
}

// readTOML reads the rules of a configuration. It knows as much of TOML as the
// generator of such files uses: keys with a string or a number on one line.
func readTOML(text string) []source {
	var out []source
	inRule := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "[[rules]]":
			out, inRule = append(out, source{}), true
			continue
		case strings.HasPrefix(line, "["):
			inRule = false // the allowlist of a rule, or what is no rule
		}
		if !inRule {
			continue
		}
		if strings.HasPrefix(line, `"`) && strings.HasSuffix(line, ",") {
			out[len(out)-1].set("keywords", line)
		} else if key, value, ok := strings.Cut(line, " = "); ok {
			out[len(out)-1].set(key, value)
		} else if m := entropyFilter.FindStringSubmatch(line); m != nil {
			out[len(out)-1].entropy, _ = strconv.ParseFloat(m[1], 64)
		}
	}
	return out
}

func (s *source) set(key, value string) {
	switch key {
	case "id":
		s.id = unquote(value)
	case "description":
		s.description = unquote(value)
	case "regex":
		s.regex = unquote(value)
	case "entropy":
		s.entropy, _ = strconv.ParseFloat(value, 64)
	case "keywords":
		s.keywords = append(s.keywords, quotedWords(value)...)
	case "skipReport":
		s.part = value == "true"
	}
}

// entropyFilter is how betterleaks drops what is not random enough.
var entropyFilter = regexp.MustCompile(`entropy\(finding\["secret"\]\) <=? ([0-9.]+)`)

func unquote(s string) string {
	for _, q := range []string{"'''", `"""`, "'"} {
		if strings.HasPrefix(s, q) && strings.HasSuffix(s, q) && len(s) >= 2*len(q) {
			return s[len(q) : len(s)-len(q)]
		}
	}
	if u, err := strconv.Unquote(s); err == nil {
		return u
	}
	return s
}

// quotedWords returns the strings of a list, or of a line of one.
func quotedWords(list string) []string {
	var out []string
	for i, part := range strings.Split(list, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}
