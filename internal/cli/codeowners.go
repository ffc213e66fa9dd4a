package cli

import (
	"bufio"
	"bytes"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// codeowners are the rules of a CODEOWNERS file, of which the last that matches
// a path counts:
// https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
type codeowners []ownerRule

type ownerRule struct {
	patterns []string // of doublestar; any of them
	owners   []string
}

// codeownersPaths are where GitHub looks for the file, in its order.
func codeownersPaths() []string {
	return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}
}

// parseCodeowners reads a file. A line that GitHub would not take is skipped, as
// GitHub does.
func parseCodeowners(raw []byte) codeowners {
	var out codeowners
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(strings.ReplaceAll(line, `\ `, "\x00"))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "!") || strings.ContainsAny(fields[0], "[]{}") {
			continue
		}
		r := ownerRule{patterns: ownerPatterns(strings.ReplaceAll(fields[0], "\x00", " "))}
		for _, o := range fields[1:] {
			if validOwner.MatchString(o) {
				r.owners = append(r.owners, o)
			}
		}
		out = append(out, r)
	}
	return out
}

// ownerPatterns turns a pattern as in .gitignore into those of doublestar. A
// pattern matches all below a folder, but for one that ends in "/*".
func ownerPatterns(p string) []string {
	anchored := strings.Contains(strings.TrimSuffix(p, "/"), "/")
	p = strings.TrimPrefix(p, "/")
	folder := strings.HasSuffix(p, "/")
	p = strings.TrimSuffix(p, "/")
	if p == "*" && !anchored || p == "" {
		return []string{"**"}
	}
	if !anchored {
		p = "**/" + p
	}
	switch {
	case folder:
		return []string{p + "/**"}
	case strings.HasSuffix(p, "/*") && anchored:
		return []string{p}
	}
	return []string{p, p + "/**"}
}

// of returns the owners of a path, none where no rule matches or the last that
// does names nobody. Of the path "", they are those of all that has no others.
func (c codeowners) of(path string) []string {
	for _, r := range slices.Backward(c) {
		if path == "" && slices.Contains(r.patterns, "**") {
			return r.owners
		}
		if path != "" && slices.ContainsFunc(r.patterns, func(p string) bool { return doublestar.MatchUnvalidated(p, path) }) {
			return r.owners
		}
	}
	return nil
}

// ownerName is an owner without what would mention anybody.
func ownerName(owner string) string { return strings.TrimPrefix(owner, "@") }
