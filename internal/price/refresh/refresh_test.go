package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/price"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const testdata = "../../../testdata/price"

func TestRefresh(t *testing.T) {
	tests := []struct {
		golden string
		args   []string
	}{
		{"table.golden.json", nil},
		{"kept.golden.json", []string{"-keep", filepath.Join(testdata, "former.json")}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			args := append([]string{"-in", filepath.Join(testdata, "source.json"), "-date", "2026-11-21", "-source", "sample 1"}, tt.args...)
			var out bytes.Buffer
			if err := run(args, nil, &out); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join(testdata, tt.golden)
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", out.Bytes(), want)
			}
			if _, err := price.Parse(out.Bytes()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefreshStandardInput(t *testing.T) {
	const source = `{"m": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-07, "output_cost_per_token": 1e-06}}`
	const want = `{
"source": "s",
"date": "2026-01-02",
"licence": "MIT",
"unit": "USD per million tokens",
"models": {
"m": {"input":0.3,"output":1}
}
}
`
	out := filepath.Join(t.TempDir(), "table.json")
	if err := run([]string{"-date", "2026-01-02", "-source", "s", "-out", out}, strings.NewReader(source), nil); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != want {
		t.Errorf("got\n%s\nwant\n%s (%v)", got, want, err)
	}
}

func TestRefreshErrors(t *testing.T) {
	tests := []struct {
		name, stdin string
		args        []string
	}{
		{"no such file", "", []string{"-in", "testdata/none.json"}},
		{"no JSON", "<html>", nil},
		{"not an object", "[]", nil},
		{"no such former table", "{}", []string{"-keep", "testdata/none.json"}},
		{"unknown flag", "{}", []string{"-none"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := run(tt.args, strings.NewReader(tt.stdin), &out); err == nil || out.Len() > 0 {
				t.Errorf("error %v, output %q", err, out.Bytes())
			}
		})
	}
}

// TestEmbedded holds the embedded table to the form that this command writes,
// so that the next refresh changes only what has changed.
func TestEmbedded(t *testing.T) {
	old, err := price.Default()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../table.json")
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]price.Price{}
	for name, p := range old.All() {
		models[name] = p
	}
	got, err := write(header{Source: old.Source(), Date: old.Date(), Licence: "MIT"}, models)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the embedded table is not as refresh writes it (%v)", err)
	}
}
