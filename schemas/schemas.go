// Package schemas holds the JSON Schemas (2020-12) of what Andon reads and
// writes, for whoever validates against them or prints them. They lie at the
// repository's root because other programs fetch them from there.
package schemas

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed *.schema.json
var files embed.FS

// Names returns the names that Get knows, in order.
func Names() []string {
	return []string{"bundle", "chain", "config", "diff", "history", "override", "report", "rollup", "session", "trace"}
}

// URL returns the address of the schema of that name, under which others refer
// to it.
func URL(name string) string { return "https://andon-ci.github.io/schemas/" + name + ".schema.json" }

// Get returns the schema of that name. The error for an unknown name lists the
// known ones.
func Get(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("no schema %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return files.ReadFile(name + ".schema.json")
}
