package validate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/session"
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
	v := validator(t)
	for _, line := range examples(t, "valid") {
		if got := v.Line(parse(t, line), trace.Pos{File: "a", Line: 1}); len(got) > 0 {
			t.Errorf("%s: %+v", line, got)
		}
	}
	if len(v.compiled) > 0 {
		t.Errorf("the library was asked about valid records: %d schemas compiled", len(v.compiled))
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

// sure reports whether the plan accepts a record, and whether the library does.
func sure(t testing.TB, v *Validator, raw []byte) (plan, library bool) {
	var d jsonl.Doc
	val, used, err := d.Parse(raw)
	if err != nil || used != len(raw) {
		return false, false
	}
	name := val.Get("type").String()
	p := v.plans[name]
	if p == nil {
		return false, false
	}
	return p.accepts(val), len(v.ask("trace", "#/$defs/"+name, raw, name, trace.Pos{})) == 0
}

// TestPlanAgainstLibrary changes valid records at random, and holds that the
// plan accepts none that the library rejects.
func TestPlanAgainstLibrary(t *testing.T) {
	v := validator(t)
	r := rand.New(rand.NewPCG(1, 2))
	lines := examples(t, "valid")
	accepted, rejected := 0, 0
	for range 20_000 {
		raw := mutate(r, lines[r.IntN(len(lines))], lines)
		plan, library := sure(t, v, raw)
		if plan && !library {
			t.Fatalf("the plan accepts what the library rejects: %s", raw)
		}
		if library {
			accepted++
		} else {
			rejected++
		}
	}
	if accepted < 1000 || rejected < 1000 {
		t.Errorf("the changes are not to the point: %d valid, %d invalid", accepted, rejected)
	}
}

// mutate replaces, adds or removes a value somewhere in a record.
func mutate(r *rand.Rand, line string, lines []string) []byte {
	var v any
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	odd := []any{nil, true, "", "x", "2026-11-20T10:00:00Z", "2026-11-20T10:00:60Z", "2026-02-30T10:00:00Z", "2026-11-20t10:00:00z", "2026-11-20T10:00:00,5Z", "2026-11-20T10:00:00+25:00",
		json.Number("1"), json.Number("-1"), json.Number("1.0"), json.Number("1e2"), json.Number("1.5"), json.Number("99999999999999999999"), json.Number("-0"),
		[]any{}, []any{"x", json.Number("1")}, map[string]any{}, map[string]any{"name": ""}, "00f067aa0ba902b7", "00F067AA0BA902B7", "approve", "succes", strings.Repeat("é", 300)}
	var change func(v any) any
	change = func(v any) any {
		m, ok := v.(map[string]any)
		if !ok || len(m) == 0 {
			return odd[r.IntN(len(odd))]
		}
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		k := keys[r.IntN(len(keys))]
		switch r.IntN(5) {
		case 0:
			delete(m, k)
		case 1, 2:
			m[k] = odd[r.IntN(len(odd))]
		default:
			m[k] = change(m[k])
		}
		return m
	}
	out, err := json.Marshal(change(v))
	if err != nil {
		panic(err)
	}
	return out
}

func FuzzPlanAgainstLibrary(f *testing.F) {
	v := validator(f)
	for _, name := range []string{"valid", "invalid"} {
		for _, line := range examples(f, name) {
			f.Add([]byte(line))
		}
	}
	f.Add([]byte(`{"\u0074ype":"log","time":"2026-11-20T10:00:00Z","message":"m","message":1}`))
	for _, at := range []string{"2026-11-20T1:00:00.0Z", "2026-11-20T10:00:00+24:00", "2026-11-20T10:00:00-01:60"} {
		f.Add([]byte(`{"type":"log","time":"` + at + `","message":"m"}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if plan, library := sure(t, v, raw); plan && !library {
			t.Errorf("the plan accepts what the library rejects: %s", raw)
		}
	})
}

func TestDocument(t *testing.T) {
	v := validator(t)
	if got := v.Document("config", []byte(`{"on_secret":"ignore"}`), "andon.yml"); len(got) != 1 || got[0].Pointer != "/on_secret" {
		t.Errorf("got %+v", got)
	}
	got := v.Document("config", []byte(`{"b":1,"fial_on":"error","a":1,"AKIA1234":1}`), "andon.yml")
	if len(got) != 1 || got[0].Message != `the document has no field "a", "b", "fial_on"` || got[0].File != "andon.yml" {
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

// TestReportIsValid fills a report and holds it to its own schema.
func TestReportIsValid(t *testing.T) {
	usd, one := 0.5, trace.Measured(1)
	at := time.Date(2026, 11, 20, 10, 0, 0, 5e6, time.UTC)
	usage := trace.Usage{Input: one, CacheRead: one, CacheWrite5m: one, CacheWrite1h: one, Output: one, Reasoning: one}
	cost := session.Cost{USD: &usd, Source: session.Mixed, ReportedUSD: &usd, ComputedUSD: &usd, UnpricedModels: []string{"m"}, Partial: true}
	fs := []finding.Finding{{
		Rule: "trace/truncated", Severity: finding.Warning, Message: "m", Hint: "h", Pos: trace.Pos{File: "f", Line: 1, Pointer: "/a"}, Fingerprint: "f",
		Evidence: []finding.Evidence{{File: "f", Line: 1, URL: "u"}}, Subject: &finding.Subject{Agent: "a", RunID: "r"},
	}}
	run := &session.Run{
		ID: "r", Format: "f", Formats: []string{"f", "g"}, Files: []string{"f"},
		Agent:   trace.Agent{Name: "a", Instructions: &trace.Instructions{Path: "p", SHA256: strings.Repeat("ab", 32)}},
		Runtime: trace.Runtime{Name: "n", Version: "1"}, Models: []string{"m"}, Start: at, End: at, DurationMS: one,
		Status: trace.Failure, Error: &trace.Error{Type: "t", Message: "m"}, Usage: usage, Cost: cost,
		Turns: one, LLMCalls: one, LLMErrors: one, ToolCalls: one, ToolErrors: one, PermissionDenials: one, Subagents: one,
		Tools:    map[string]session.ToolStat{"Bash": {Calls: 1, Errors: 1, DurationMS: one}},
		Decision: &session.Decision{Kind: trace.Approve, Source: trace.FromText, Summary: "s", Findings: one, Place: &trace.Pos{File: "f", Line: 1}}, Findings: fs,
	}
	r := session.Report{
		Schema: session.Schema, Findings: fs,
		Coverage: session.Coverage{Files: 1, UnknownTypes: map[string]int{"a": 1}, Unrecognised: 1, Unreadable: 1},
		Sessions: []*session.Session{{
			ID: "i", Repository: "o/r", Subject: session.Subject{Kind: "issue", Number: 1}, HeadSHA: "abc", KeySource: session.KeyFromEnv,
			Runs: []*session.Run{run}, Decision: &session.Composed{Kind: trace.Approve, ComposedFrom: []string{"r"}}, Usage: usage, Cost: cost, Findings: fs,
		}},
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range validator(t).Document("session", raw, "session.json") {
		t.Errorf("%s: %s", f.Pointer, f.Message)
	}
}

func BenchmarkLine(b *testing.B) {
	var text bytes.Buffer
	for i := range 20 {
		fmt.Fprintf(&text, `{"type":"tool.call","run_id":"3f1c9a52","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"00f067aa0ba9%04x","start":"2026-11-20T10:00:00.125Z","end":"2026-11-20T10:00:02.5Z","tool":"bash","exit_code":0,"args_bytes":120,"result_bytes":9310,"result":%q}`+"\n", i, strings.Repeat("output of the tool\n", 60))
	}
	lines := bytes.Split(bytes.TrimSpace(text.Bytes()), []byte("\n"))
	run := func(b *testing.B, check func(v *Validator, val jsonl.Value) int) {
		v := validator(b)
		var d jsonl.Doc
		b.SetBytes(int64(text.Len()))
		for b.Loop() {
			for _, line := range lines {
				val, _, err := d.Parse(line)
				if err != nil || check(v, val) > 0 {
					b.Fatal("a valid line is rejected")
				}
			}
		}
	}
	b.Run("plan", func(b *testing.B) {
		run(b, func(v *Validator, val jsonl.Value) int { return len(v.Line(val, trace.Pos{})) })
	})
	b.Run("library", func(b *testing.B) {
		run(b, func(v *Validator, val jsonl.Value) int {
			return len(v.ask("trace", "#/$defs/tool.call", val.Raw(), "tool.call", trace.Pos{}))
		})
	})
}
