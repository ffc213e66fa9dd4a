package secret

import (
	"bytes"
	"slices"
	"strings"
)

// Of values that are cut out wherever else they stand.
const (
	minEcho   = 10  // bytes, at least: shorter ones are words too
	maxEchoes = 200 // values of one text
)

// echoes returns where else in a text the values stand that were found in it,
// as they are or encoded. What tells a credential for what it is, a name or a
// URL round it, may stand before one of its places alone.
func echoes(raw []byte, found []Match) []Match {
	var out []Match
	seen := map[string]bool{}
	for _, m := range found {
		if len(m.value) < minEcho || seen[m.value] || len(seen) >= maxEchoes {
			continue
		}
		seen[m.value] = true
		for _, form := range writings(m.value) {
			for from := 0; ; {
				i := bytes.Index(raw[from:], []byte(form))
				if i < 0 {
					break
				}
				at := from + i
				from = at + len(form)
				echo := m
				echo.Start, echo.End, echo.parts, echo.rest = at, from, false, false
				if !covered(found, echo) {
					out = append(out, echo)
				}
			}
		}
	}
	return out
}

// writings returns the forms in which a value can stand in a text, in order.
func writings(value string) []string {
	forms := map[string]bool{}
	if !strings.ContainsAny(value, "\"\\\n") {
		forms[value] = true // else its end could be taken for that of a string
	}
	addForms(forms, value)
	var out []string
	for f := range forms {
		if len(f) >= minEcho {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

func covered(found []Match, m Match) bool {
	i, _ := slices.BinarySearchFunc(found, m.Start, func(f Match, at int) int { return f.End - at - 1 })
	return i < len(found) && found[i].Start <= m.Start && m.End <= found[i].End
}
