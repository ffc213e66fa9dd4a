package ingest_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// FuzzFile reads arbitrary bytes as a file of any format. Whatever they are, a
// reader may not panic, and each record must say which run and space it is of.
func FuzzFile(f *testing.F) {
	files, err := filepath.Glob("../../testdata/transcripts/*/*.json*")
	exported, exportedErr := filepath.Glob("../../testdata/otlp/*.json")
	if err := errors.Join(err, exportedErr); err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, exported...) {
		if raw, err := os.ReadFile(file); err == nil && filepath.Ext(file) != ".golden" {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := ingest.New(ingest.Options{
			Name: "fuzz",
			Emit: func(r trace.Record) {
				if r.RunID == "" || r.Space == "" || r.Source == "" || r.Fact == nil {
					t.Errorf("incomplete record %+v", r)
				}
				checkIdentity(t, r.Fact)
			},
			Find: func(finding.Finding) {},
		})
		r := jsonl.NewReader(bytes.NewReader(raw), 0)
		for {
			c, err := r.Next()
			if err != nil {
				break
			}
			in.Chunk(c)
		}
		in.Close()
	})
}

func checkIdentity(t *testing.T, fact trace.Fact) {
	t.Helper()
	id := "-"
	switch f := fact.(type) {
	case *trace.Call:
		id = f.ID
	case *trace.Tool:
		id = f.ID
	case *trace.Subagent:
		id = f.ID
	}
	if id == "" {
		t.Errorf("a %T without an id", fact)
	}
}
