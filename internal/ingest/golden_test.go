package ingest_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads every file of testdata/transcripts/<format>/ and compares
// what was read with the .golden file beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("../../testdata/transcripts/*/*.json*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden") {
			continue
		}
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := dump(filepath.Base(file), raw)
			golden := file + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs; look at it and run with -update:\n%s", golden, difference(string(want), got))
			}
		})
	}
}

// difference returns the first line in which two texts differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n-%s\n+%s", i+1, a, b)
		}
	}
	return ""
}

// dump reads a file and writes each record and finding on a line.
func dump(name string, raw []byte) string {
	var out strings.Builder
	f := ingest.New(ingest.Options{
		Name: name,
		Emit: func(r trace.Record) {
			fmt.Fprintf(&out, "%d %s %s", r.Pos.Line, r.Space, r.RunID)
			if r.Subagent != "" {
				fmt.Fprintf(&out, "/%s", r.Subagent)
			}
			if !r.Time.IsZero() {
				fmt.Fprintf(&out, " %s", r.Time.Format(time.RFC3339Nano))
			}
			fact := reflect.ValueOf(r.Fact).Elem()
			fmt.Fprintf(&out, " %s%s\n", fact.Type().Name(), show(fact))
		},
		Find: func(f finding.Finding) {
			fmt.Fprintf(&out, "%d %s %s: %s\n", f.Pos.Line, f.Severity, f.Rule, f.Message)
		},
	})
	r := jsonl.NewReader(bytes.NewReader(raw), 0)
	for {
		c, err := r.Next()
		if err != nil {
			break
		}
		f.Chunk(c)
	}
	s := f.Close()
	fmt.Fprintf(&out, "format %q, %d lines, %d invalid", s.Format, s.Lines, s.Invalid)
	for _, k := range sortedKeys(s.Unknown) {
		fmt.Fprintf(&out, ", unknown %s %d", k, s.Unknown[k])
	}
	return out.String() + "\n"
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// show writes a value without what is not set in it.
func show(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case trace.Count:
		return x.String()
	case time.Time:
		return x.Format(time.RFC3339Nano)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return show(v.Elem())
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() {
				parts = append(parts, v.Type().Field(i).Name+":"+show(f))
			}
		}
		return "{" + strings.Join(parts, " ") + "}"
	case reflect.Map:
		var parts []string
		for _, k := range v.MapKeys() {
			parts = append(parts, fmt.Sprint(k)+":"+show(v.MapIndex(k)))
		}
		slices.Sort(parts)
		return "map[" + strings.Join(parts, " ") + "]"
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	}
	return fmt.Sprint(v.Interface())
}
