package validate

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/schemas"
)

func validator(t testing.TB) *Validator {
	t.Helper()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func parse(t testing.TB, line string) jsonl.Value {
	t.Helper()
	var d jsonl.Doc
	v, _, err := d.Parse([]byte(line))
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return v
}

// examples are the records beside the schema.
func examples(t testing.TB, name string) []string {
	t.Helper()
	raw, err := os.ReadFile("../../schemas/examples/trace/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

func TestValidExamples(t *testing.T) {
	const leapSecond = ":60Z" // which the plan leaves to the library
	for _, line := range examples(t, "valid") {
		v := validator(t)
		if got := v.Line(parse(t, line), trace.Pos{File: "a", Line: 1}); len(got) > 0 {
			t.Errorf("%s: %+v", line, got)
		}
		if len(v.compiled) > 0 && !strings.Contains(line, leapSecond) {
			t.Errorf("the library was asked about a valid record: %s", line)
		}
	}
}

// TestInvalidExamples holds that each is one finding, in the place that the
// example says, with a hint.
func TestInvalidExamples(t *testing.T) {
	known := map[string]bool{}
	for _, r := range Rules() {
		known[r.ID] = true
	}
	v := validator(t)
	for _, line := range examples(t, "invalid") {
		e := parse(t, line)
		got := v.Line(e.Get("value"), trace.Pos{File: "a", Line: 7})
		if len(got) != 1 || got[0].Pointer != e.Get("pointer").String() {
			t.Errorf("%s: %+v", line, got)
			continue
		}
		if f := got[0]; f.Line != 7 || f.File != "a" || f.Hint == "" || !known[f.Rule] {
			t.Errorf("%s: %+v", line, f)
		}
	}
}

func TestFindings(t *testing.T) {
	const call = `"span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:01Z"`
	tests := []struct{ line, rule, pointer, message string }{
		{`{"a":1}`, "trace/missing-field", "", `a record needs "type"`},
		{`{"type":5}`, "trace/wrong-type", "/type", `"type" of a record is a number, and must be a string`},
		{`[{"type":"log"}]`, "trace/wrong-type", "", `a record is an array, and must be an object`},
		{`{"type":"llm.call",` + call + `}`, "trace/missing-field", "", `llm.call needs "model"`},
		{`{"type":"run.start","run_id":"r","time":"2026-11-20T10:00:00Z","agent":{}}`, "trace/missing-field", "/agent", `"agent" in run.start needs "name"`},
		{`{"type":"llm.call",` + call + `,"model":"m","usage":{"input_tokens":"1"}}`, "trace/wrong-type", "/usage/input_tokens", `"usage.input_tokens" of llm.call is a string, and must be an integer`},
		{`{"type":"llm.call",` + call + `,"model":"m","usage":{"input_tokens":-1}}`, "trace/bad-value", "/usage/input_tokens", `"usage.input_tokens" of llm.call is less than 0`},
		{`{"type":"run.end","time":"now","status":"success"}`, "trace/bad-time", "/time", `"time" of run.end is not a time`},
		{`{"type":"llm.call",` + call + `,"model":""}`, "trace/bad-value", "/model", `"model" of llm.call is empty`},
		{`{"type":"llm.call",` + call + `,"model":null}`, "trace/wrong-type", "/model", `"model" of llm.call is null, and must be a string`},
		{`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"succes"}`, "trace/bad-value", "/status", `"status" of run.end is "succes", which is none of the words that it may be`},
		{`{"type":"decision","time":"2026-11-20T10:00:00Z","decision":{"kind":"approve","confidence":2}}`, "trace/bad-value", "/decision/confidence", `"decision.confidence" of decision is more than 1`},
		{`{"type":"decision","time":"2026-11-20T10:00:00Z","decision":{"kind":"approve","composed_from":["r",1]}}`, "trace/wrong-type", "/decision/composed_from/1", `"decision.composed_from.1" of decision is a number, and must be a string`},
		{`{"type":"log","trace_id":"00000000000000000000000000000000","time":"2026-11-20T10:00:00Z","message":"m"}`, "trace/bad-id", "/trace_id", `"trace_id" of log is all zeros, which stands for no id`},
		{`{"type":"llm.call","span_id":"x","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:01Z","model":"m"}`, "trace/bad-id", "/span_id", `"span_id" of llm.call does not have the form that it needs`},
		{`{"type":"tool.call","span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:01Z","end":"2026-11-20T10:00:00Z","tool":"t"}`, "trace/end-before-start", "/end", "the step ends before it starts"},
	}
	v := validator(t)
	for _, tt := range tests {
		got := v.Line(parse(t, tt.line), trace.Pos{File: "a", Line: 3})
		if len(got) != 1 {
			t.Errorf("%s: %d findings: %+v", tt.line, len(got), got)
			continue
		}
		f := got[0]
		if f.Rule != tt.rule || f.Pointer != tt.pointer || f.Message != tt.message || f.Line != 3 || f.Hint == "" {
			t.Errorf("%s:\ngot %+v", tt.line, f)
		}
	}
}

// TestHints holds that a hint says what to write.
func TestHints(t *testing.T) {
	const log = `{"type":"log","time":"2026-11-20T10:00:00Z","message":"m",`
	tests := []struct{ line, hint string }{
		{`{"type":"llm.call","span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:01Z"}`, `add the model's name, for example "model": "gpt-5.2-codex"`},
		{`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"succes"}`, `did you mean "success"? it may be success, failure, cancelled, timeout, incomplete`},
		{`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"fail"}`, `did you mean "failure"? it may be success, failure, cancelled, timeout, incomplete`},
		{`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"done"}`, `it may be success, failure, cancelled, timeout, incomplete`},
		{`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"success","turns":"4"}`, `write the figure without quotes`},
		{`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"success","turns":null}`, `leave the field out where there is nothing to say`},
		{`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"success","turns":1.5}`, `write it without a fraction`},
		{`{"type":"run.start","run_id":"r","time":"2026-11-20T10:00:00Z","agent":"review"}`, `write "agent": {"name": "review-security"}`},
		{`{"type":"run.start","run_id":"","time":"2026-11-20T10:00:00Z","agent":{"name":"a"}}`, `add "run_id": "7f3c9a52", any text that is unique to the run`},
		{log + `"parent_span_id":"00F067AA0BA902B7"}`, `it has 16 lower-case hex digits, for example "00f067aa0ba902b7"`},
	}
	v := validator(t)
	for _, tt := range tests {
		got := v.Line(parse(t, tt.line), trace.Pos{})
		if len(got) != 1 || got[0].Hint != tt.hint {
			t.Errorf("%s:\ngot  %+v\nwant %s", tt.line, got, tt.hint)
		}
	}
}

// TestLineAllows holds that what is not known is drift, not an error.
func TestLineAllows(t *testing.T) {
	v := validator(t)
	for _, line := range []string{
		`{"type":"usage"}`, // also a definition in the schema, but no record
		`{"type":"of.the.future","time":5}`,
		`{"type":""}`,
		`{"type":"log","time":"2026-11-20T10:00:00Z","message":"m","start":"2026-11-20T10:00:00Z"}`,
		`{"type":"log","time":"2026-11-20T10:00:00Z","message":"m","start":"2026-11-20T10:00:00Z","end":"2025-11-20T10:00:00Z"}`, // their meaning is not ours
		`{"type":"log","time":"2026-11-20T10:00:00Z","message":"m","ours":{"usage":-1}}`,
		`{"\u0074ype":"log","time":"2026-11-20T10:00:00Z","message":1,"message":"m"}`,
		`{"type":"tool.call","span_id":"00f067aa0ba902b7","start":"2016-12-31T23:59:60Z","end":"2017-01-01T00:00:00Z","tool":"t"}`,
	} {
		if got := v.Line(parse(t, line), trace.Pos{}); len(got) > 0 {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

// TestManyProblems holds that one line makes few findings, and the same ones
// each time.
func TestManyProblems(t *testing.T) {
	const wrong = `{"type":"decision","time":1,"run_id":"","decision":{"kind":"approve","composed_from":[%s1]}}`
	line := fmt.Sprintf(wrong, strings.Repeat("1,", 5_000))
	first := fmt.Sprint(validator(t).Line(parse(t, line), trace.Pos{}))
	for range 3 {
		got := validator(t).Line(parse(t, line), trace.Pos{})
		if len(got) != maxProblems || fmt.Sprint(got) != first {
			t.Fatalf("%d findings, or others than before", len(got))
		}
	}
}

// TestLongArray holds that memory is bounded by the line and not by what is
// wrong with it: without a bound, these 2 MB take 1 GB.
func TestLongArray(t *testing.T) {
	const decision = `{"type":"decision","time":"2026-11-20T10:00:00Z","decision":{"kind":"approve","composed_from":[%s1]}}`
	v := validator(t)
	val := parse(t, fmt.Sprintf(decision, strings.Repeat("1,", 1_000_000)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := v.Line(val, trace.Pos{})
	runtime.ReadMemStats(&after)
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 300 {
		t.Errorf("%d MiB were allocated", mb)
	}
	if len(got) == 0 || got[0].Rule != "trace/bad-value" || !strings.Contains(got[0].Message, "too many elements") {
		t.Errorf("got %+v", got)
	}
	valid := parse(t, fmt.Sprintf(strings.Replace(decision, "%s1", `%s"r"`, 1), strings.Repeat(`"r",`, maxElements)))
	if got := v.Line(valid, trace.Pos{}); len(got) != 1 {
		t.Errorf("one element too many: %+v", got)
	}
}

// TestArraysAreBounded holds that what isBounded says of a schema is so.
func TestArraysAreBounded(t *testing.T) {
	var walk func(schema string, v any)
	walk = func(schema string, v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(schema, e)
			}
		case map[string]any:
			if v["items"] != nil {
				if n, ok := v["maxItems"].(float64); !ok || n > maxElements {
					t.Errorf("%s: an array without maxItems, or with more than %d: %v", schema, maxElements, v)
				}
			}
			for _, e := range v {
				walk(schema, e)
			}
		}
	}
	for _, name := range schemas.Names() {
		raw, err := schemas.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		if isBounded(name) {
			walk(name, v)
		}
	}
}

func TestFindingsQuoteNothing(t *testing.T) {
	v := validator(t)
	for _, line := range []string{
		`{"type":"run.end","time":"SECRET","status":"SECRET"}`,
		`{"type":"llm.call","span_id":"SECRET","start":"SECRET","end":"SECRET","model":"","usage":{"input_tokens":"SECRET"}}`,
	} {
		for _, f := range v.Line(parse(t, line), trace.Pos{}) {
			if strings.Contains(f.Message+f.Hint, "SECRET") {
				t.Errorf("a value is quoted: %+v", f)
			}
		}
	}
}

func TestDocument(t *testing.T) {
	v := validator(t)
	if got := v.Document("config", []byte(`{"on_secret":"ignore"}`), "andon.yml"); len(got) != 1 || got[0].Pointer != "/on_secret" {
		t.Errorf("got %+v", got)
	}
	got := v.Document("config", []byte(`{"g":1,"f":1,"b":1,"fial_on":"error","c":1,"d":1,"e":1,"a":1,"AKIA1234":1}`), "andon.yml")
	if len(got) != 1 || got[0].Message != `the document has no field "a", "b", "c", "d", "e", "f", "fial_on", "g"` || got[0].File != "andon.yml" {
		t.Errorf("got %+v", got)
	}
	if got := v.Document("config", []byte(`{} {}`), "andon.yml"); len(got) != 1 || got[0].Rule != "trace/invalid-json" {
		t.Errorf("got %+v", got)
	}
	if got := v.Document("nosuch", []byte(`{}`), "andon.yml"); len(got) != 1 || !strings.Contains(got[0].Message, "trace") {
		t.Errorf("got %+v", got)
	}
	const session = `{"schema":"andon.session/v1","sessions":[],"coverage":{"files":0,"runs":0,"lines":0,"invalid_lines":0,"unknown_types":{"a b/c":-1},"suppressed":0},"findings":[]}`
	got = v.Document("session", []byte(session), "s.json")
	if len(got) != 1 || got[0].Pointer != "/coverage/unknown_types/a b~1c" || got[0].Message != "a member of the document is less than 0" {
		t.Errorf("got %+v", got)
	}
	if got := v.Document("session", []byte(strings.Replace(session, "/v1", "/v2", 1)), "s.json"); len(got) != 2 || got[1].Hint != "it may be andon.session/v1" {
		t.Errorf("got %+v", got)
	}
}
