package otlp_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/price"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// FuzzExport holds what must be true of the spans of any trace: ids that are
// there once, parents that are there, no circles, texts that can be sent.
func FuzzExport(f *testing.F) {
	files, err := filepath.Glob(recordings + "/*/*.jsonl")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, path := range files {
		if raw, err := os.ReadFile(path); err == nil && len(raw) < 20_000 {
			f.Add(raw)
		}
	}
	f.Add([]byte(hostileTrace))
	prices, err := price.Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := session.NewCollector(prices)
		ingested(c, "t.jsonl", raw)
		r := &session.Report{Sessions: session.Correlate(c.Runs(), session.Key{})}
		for _, p := range []otlp.Pipeline{pipeline(), {}} {
			checkHostile(t, otlp.NewMapper(p, options()).Units(r))
		}
	})
}

// hostileTrace is a trace that names spans, agents and calls as it should not.
const hostileTrace = `{"type":"run.start","run_id":"r\u0000","trace_id":"ffffffffffffffffffffffffffffffff","span_id":"00000000000000a1","time":"2026-11-20T10:00:00Z","agent":{"name":"\u001b[31mred\u202e"}}
{"type":"llm.call","run_id":"r\u0000","span_id":"00000000000000a1","parent_span_id":"00000000000000a1","start":"2026-11-20T10:00:05Z","end":"1969-01-01T00:00:00Z","model":"m\u0000","usage":{"input_tokens":9007199254740993,"output_tokens":-5}}
{"type":"tool.call","run_id":"r\u0000","span_id":"00000000000000a1","start":"2999-01-01T00:00:00Z","end":"2026-11-20T10:00:02Z","tool":"a\nb","failed":true,"error":{"type":"a whole sentence of somebody"}}
{"type":"score","run_id":"r\u0000","time":"2026-11-20T10:00:03Z","name":"\ud800","value":1e999}
{"type":"run.end","run_id":"r\u0000","time":"0001-01-01T00:00:00Z","status":"failure"}
`

func checkHostile(t *testing.T, units []otlp.Unit) {
	t.Helper()
	parents, lines := map[string]string{}, 0
	for b := range otlp.Batches(units, "1.2.3", func(s string) string { return s }) {
		if len(b.Spans) > otlp.MaxSpans {
			t.Errorf("%d spans in a request", len(b.Spans))
		}
		for line, err := range b.JSON(otlp.MaxLine) {
			if lines++; err != nil || !json.Valid(line) {
				t.Fatalf("line %d: %v", lines, err)
			}
		}
		for _, s := range b.Spans {
			if _, twice := parents[s.ID.String()]; twice {
				t.Errorf("%q: its id is there twice", s.Name)
			}
			parents[s.ID.String()] = ""
			if !s.Remote && s.Parent != (otlp.SpanID{}) {
				parents[s.ID.String()] = s.Parent.String()
			}
			checkTexts(t, s)
		}
	}
	for id := range parents {
		at := id
		for n := 0; parents[at] != ""; n++ {
			if _, there := parents[parents[at]]; !there || n > len(parents) {
				t.Fatalf("%s hangs under nothing, or in a circle", id)
			}
			at = parents[at]
		}
	}
}

func checkTexts(t *testing.T, s *otlp.Span) {
	t.Helper()
	sound := func(what, text string, most int) {
		control := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }
		if !utf8.ValidString(text) || strings.ContainsFunc(text, control) || len(text) > most {
			t.Errorf("%s: %.100q has %d bytes", what, text, len(text))
		}
	}
	sound("the name", s.Name, 300)
	sound("the status", s.Message, otlp.MaxValue)
	if s.End.Before(s.Start) || len(s.Attrs) > 128 {
		t.Errorf("%q lasts from %v to %v, with %d attributes", s.Name, s.Start, s.End, len(s.Attrs))
	}
	keys := map[string]bool{}
	for _, a := range s.Attrs {
		if keys[a.Key] {
			t.Errorf("%q has %q twice", s.Name, a.Key)
		}
		keys[a.Key] = true
		sound("a key", a.Key, 100)
		switch v := a.Value.(type) {
		case string:
			sound(a.Key, v, otlp.MaxValue)
		case []string:
			sound(a.Key, strings.Join(v, ","), otlp.MaxValue)
		}
	}
	if typ, _ := attr(s, "error.type").(string); strings.Contains(typ, " ") || len(typ) > 64 {
		t.Errorf("error.type is %q", typ)
	}
}

// TestHuge holds that what a trace has much of takes no more than it may.
func TestHuge(t *testing.T) {
	s := at("a", 10)
	r := s.Runs[0]
	long := strings.Repeat("\xff\x00word ", 100_000)
	r.Agent.Name, r.Error, r.Status = long, &trace.Error{Type: long, Message: long}, trace.Failure
	r.Decision = &session.Decision{Kind: trace.Approve, Summary: long}
	for i := range 50_000 {
		r.Models = append(r.Models, fmt.Sprint("model ", i))
		r.Files = append(r.Files, long[:200])
	}
	r.Steps = []session.Step{{Kind: session.StepTool, ID: long, Name: long, Failed: true, Error: r.Error}}
	o := options()
	o.Content = true
	o.Resource = []otlp.Attr{{Key: "a\xff\x00", Value: long}}
	units := otlp.NewMapper(pipeline(), o).Units(report(s))
	checkHostile(t, units)
	for _, u := range units {
		for _, a := range otlp.CleanAttrs(u.Resource, func(s string) string { return s }) {
			checkTexts(t, &otlp.Span{Attrs: []otlp.Attr{a}})
		}
	}
}

// TestForgedIDs holds that no id of a span or of a trace is taken from a trace
// file, which may be a stranger's.
func TestForgedIDs(t *testing.T) {
	prices, err := price.Default()
	if err != nil {
		t.Fatal(err)
	}
	c := session.NewCollector(prices)
	ingested(c, "t.jsonl", []byte(hostileTrace))
	r := &session.Report{Sessions: session.Correlate(c.Runs(), session.Key{})}
	for _, p := range []otlp.Pipeline{pipeline(), {}} {
		spans := spansOf(otlp.NewMapper(p, options()).Units(r))
		if len(spans) < 3 {
			t.Fatalf("%d spans", len(spans))
		}
		for _, s := range spans {
			if s.Trace.String() == strings.Repeat("f", 32) || s.ID.String() == "00000000000000a1" || s.Parent.String() == "00000000000000a1" {
				t.Errorf("%q has an id of the file's", s.Name)
			}
		}
	}
}
