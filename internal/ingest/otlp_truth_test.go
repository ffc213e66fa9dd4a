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

// figures are what the records of some files add up to.
type figures struct {
	calls, errors map[string]bool
	tools, failed map[string]bool
	subagents     map[string]bool
	usage         map[string]trace.Usage
	total         trace.Usage
	ends          []trace.Status
}

func newFigures() *figures {
	return &figures{
		calls: map[string]bool{}, errors: map[string]bool{}, tools: map[string]bool{}, failed: map[string]bool{},
		subagents: map[string]bool{}, usage: map[string]trace.Usage{},
	}
}

func (f *figures) read(t *testing.T, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
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
}

func (f *figures) add(r trace.Record) {
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
	case *trace.Subagent:
		f.subagents[fact.ID] = true
	case *trace.Totals:
		f.total = f.total.Max(fact.Usage)
	case *trace.End:
		f.ends = append(f.ends, fact.Status)
	}
}

// recordings is where the files of the real CLIs lie, with the figures that the
// model server counted while they were made.
const recordings = "../../../shared/transcripts"

// truths returns the server's figures of each folder.
func truths(t *testing.T) map[string]map[string]int64 {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(recordings, "TRUTH.tsv"))
	if err != nil {
		t.Skip("no recordings of real CLIs with the figures that were served to them beside the repository")
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	names := strings.Split(lines[0], "\t")
	out := map[string]map[string]int64{}
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		row := map[string]int64{}
		for i, c := range cells {
			row[names[i]], _ = strconv.ParseInt(c, 10, 64)
		}
		out[cells[0]] = row
	}
	return out
}

// TestTelemetryTruth compares what the telemetry of the real CLIs says, each
// file alone, with what the model server counted.
func TestTelemetryTruth(t *testing.T) {
	for folder, want := range truths(t) {
		for _, name := range []string{"otlp-traces.jsonl", "otlp-logs.jsonl", "otel-file.jsonl"} {
			file := filepath.Join(recordings, folder, name)
			if _, err := os.Stat(file); err == nil {
				t.Run(folder+"/"+name, func(t *testing.T) {
					f := newFigures()
					f.read(t, file)
					compare(t, f, want)
				})
			}
		}
	}
}

// compare holds a file that knows any call to all of the calls' figures, and
// any file to what can be at most.
func compare(t *testing.T, f *figures, want map[string]int64) {
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
