package internal_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/andon-ci/andon/"

// layer returns the layer of each package: imports go strictly downward.
func layer() map[string]int {
	return map[string]int{
		"schemas":          0,
		"internal/jsonl":   0,
		"internal/keyword": 0,
		"internal/stat":    0,
		"internal/trace":   0,
		"internal/zstd":    0,
		"internal/finding": 1,
		"internal/price":   1,

		"internal/price/refresh":  2,
		"internal/secret/refresh": 3,

		"internal/ingest":   2,
		"internal/validate": 2,
		"internal/secret":   2,
		"internal/session":  2,

		"internal/artifact": 3,
		"internal/clock":    3,
		"internal/issue":    3,
		"internal/override": 3,
		"internal/trend":    3,

		"internal/trend/factory": 3, // for tests

		"internal/github": 4,
		"internal/otlp":   4,

		"internal/github/fake": 4, // for tests

		"internal/history":             4,
		"internal/history/historytest": 5, // for tests

		"internal/report": 4,
		"internal/action": 4,

		"emit": 4,

		"internal/otlp/exporter": 5,

		"internal/cli": 6,
		"cmd/andon":    7,
	}
}

// owner returns the one package that may import a third-party module.
func owner() map[string]string {
	return map[string]string{
		"github.com/santhosh-tekuri/jsonschema/v5":   "internal/validate",
		"github.com/sethvargo/go-githubactions":      "internal/action",
		"github.com/bmatcuk/doublestar/v4":           "internal/cli",
		"github.com/klauspost/compress":              "internal/zstd",
		"github.com/rogpeppe/go-internal":            "internal/history",
		"go.yaml.in/yaml/v3":                         "internal/cli",
		"golang.org/x/term":                          "internal/cli",
		"gonum.org/v1/gonum":                         "internal/stat",
		"mvdan.cc/sh/v3":                             "internal/ingest",
		"github.com/google/go-github/v66":            "internal/github",
		"github.com/bradleyfalzon/ghinstallation/v2": "internal/github",
		"github.com/getkin/kin-openapi":              "internal/github/fake",
		"github.com/vektah/gqlparser/v2":             "internal/github/fake",
		"go.opentelemetry.io/proto/otlp":             "internal/otlp/exporter",
		"google.golang.org/protobuf":                 "internal/otlp/exporter",
	}
}

// testOnly returns the modules that only tests import.
func testOnly() []string {
	return []string{"github.com/yuin/goldmark", "golang.org/x/net"}
}

// impure are what the layers below 4 may not import: time and readers are
// handed to them.
func impure() []string {
	return []string{"os", "os/exec", "os/signal", "net", "net/http", "syscall", "io/ioutil"}
}

// source is one Go file of the repository.
type source struct {
	path    string // slash-separated, from the repository's root
	dir     string
	test    bool
	imports []string
}

// sources parses every Go file itself: what `go list` says comes from a child
// process that Go's test cache does not see.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		out = append(out, parse(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d Go files found", len(out))
	}
	return out
}

func parse(t *testing.T, path string) source {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel("..", path)
	if err != nil {
		t.Fatal(err)
	}
	s := source{path: filepath.ToSlash(rel), dir: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(path, "_test.go")}
	for _, i := range file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, p)
	}
	return s
}

func TestLayers(t *testing.T) {
	layers := layer()
	for _, s := range sources(t) {
		from, known := layers[s.dir]
		if !known && !s.test {
			t.Errorf("%s: package %s has no layer", s.path, s.dir)
			continue
		}
		if s.test {
			continue
		}
		for _, i := range s.imports {
			dep, own := strings.CutPrefix(i, module)
			if own && layers[dep] >= from {
				t.Errorf("%s: layer %d imports %s of layer %d", s.path, from, dep, layers[dep])
			}
			if from < 4 && !strings.HasSuffix(s.dir, "/refresh") && slices.Contains(impure(), i) {
				t.Errorf("%s: imports %s; layers below 4 are pure", s.path, i)
			}
		}
	}
}

func TestOwners(t *testing.T) {
	for _, s := range sources(t) {
		for _, i := range s.imports {
			if !strings.Contains(strings.Split(i, "/")[0], ".") || strings.HasPrefix(i, module) {
				continue
			}
			if !allowed(s, i) {
				t.Errorf("%s: imports %s, which it does not own", s.path, i)
			}
		}
	}
}

func allowed(s source, path string) bool {
	for mod, pkg := range owner() {
		if within(path, mod) {
			return s.test || s.dir == pkg
		}
	}
	return s.test && slices.ContainsFunc(testOnly(), func(mod string) bool { return within(path, mod) })
}

func within(path, mod string) bool { return path == mod || strings.HasPrefix(path, mod+"/") }

// TestDependenciesExplained holds go.mod, the owners above and
// docs/dependencies.md equal.
func TestDependenciesExplained(t *testing.T) {
	doc, err := os.ReadFile("../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, mod := range direct(t) {
		if owner()[mod] == "" && !slices.Contains(testOnly(), mod) {
			t.Errorf("go.mod requires %s, which no package owns", mod)
		}
		if !strings.Contains(string(doc), mod) {
			t.Errorf("docs/dependencies.md gives no reason for %s", mod)
		}
	}
}

// direct returns the modules that go.mod requires and does not mark indirect.
func direct(t *testing.T) []string {
	t.Helper()
	f, err := os.Open("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	require := regexp.MustCompile(`^(?:require )?\t?([a-z0-9.-]+\.[a-z]+/\S+) v\S+$`)
	var out []string
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadString('\n')
		if m := require.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			out = append(out, m[1])
		}
		if err != nil {
			return out
		}
	}
}
