package ingest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// figures are what the records of one file add up to.
type figures struct {
	calls, tools map[string]bool
	errors       map[string]bool
	failed       map[string]bool
	usage        map[string]trace.Usage
}

func readFigures(t *testing.T, file string) figures {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f := figures{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]trace.Usage{}}
	in := ingest.New(ingest.Options{Name: file, Emit: f.add, Find: func(g finding.Finding) { t.Errorf("%s: %s", g.Place(), g.Message) }})
	r := jsonl.NewReader(bytes.NewReader(raw), 0)
	for {
		c, err := r.Next()
		if err != nil {
			break
		}
		in.Chunk(c)
	}
	in.Close()
	return f
}

func (f figures) add(r trace.Record) {
	switch fact := r.Fact.(type) {
	case *trace.Call:
		if fact.Error != nil {
			f.errors[fact.ID] = true
			return
		}
		f.calls[fact.ID] = true
		f.usage[fact.ID] = f.usage[fact.ID].Max(fact.Usage)
	case *trace.Tool:
		f.tools[fact.ID] = true
		if fact.Failed {
			f.failed[fact.ID] = true
		}
	}
}

// TestTelemetryTruth compares what the telemetry of the real CLIs says, each
// file alone, with what the model server counted.
func TestTelemetryTruth(t *testing.T) {
	root := "../../../shared/transcripts"
	raw, err := os.ReadFile(filepath.Join(root, "TRUTH.tsv"))
	if err != nil {
		t.Skip("no recordings of real CLIs with the figures that were served to them beside the repository")
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	names := strings.Split(lines[0], "\t")
	for _, line := range lines[1:] {
		want := map[string]int64{}
		cells := strings.Split(line, "\t")
		for i, c := range cells {
			want[names[i]], _ = strconv.ParseInt(c, 10, 64)
		}
		for _, name := range []string{"otlp-traces.jsonl", "otlp-logs.jsonl", "otel-file.jsonl"} {
			file := filepath.Join(root, cells[0], name)
			if _, err := os.Stat(file); err == nil {
				t.Run(cells[0]+"/"+name, func(t *testing.T) { compare(t, readFigures(t, file), want) })
			}
		}
	}
}

// compare holds a file that knows any call to all of the calls' figures, and
// any file to what can be at most.
func compare(t *testing.T, f figures, want map[string]int64) {
	t.Helper()
	var u trace.Usage
	for _, v := range f.usage {
		u = u.Add(v)
	}
	for name, n := range map[string]int{"llm_errors": len(f.errors), "tool_calls": len(f.tools), "tool_calls_meant_to_fail": len(f.failed)} {
		if int64(n) > want[name] {
			t.Errorf("%s: got %d, more than the %d that there were", name, n, want[name])
		}
	}
	if len(f.calls) == 0 {
		return
	}
	for name, n := range map[string]int64{
		"llm_calls": int64(len(f.calls)), "input_tokens": u.Input.N(), "cache_read_tokens": u.CacheRead.N(), "output_tokens": u.Output.N(),
	} {
		if n != want[name] {
			t.Errorf("%s: got %d, the server counted %d", name, n, want[name])
		}
	}
	if got, all := u.CacheWrite5m.Add(u.CacheWrite1h).N(), want["cache_write_5m_tokens"]+want["cache_write_1h_tokens"]; got != all {
		t.Errorf("cache writes: got %d, the server counted %d", got, all)
	}
}
