package validate

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/schemas"
)

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
	span := session.Span{Kind: "tool", Name: "n", Start: at, DurationMS: one, File: "f", Line: 1}
	run := &session.Run{
		ID: "r", Format: "f", Formats: []string{"f", "g"}, Files: []string{"f"},
		Agent:   trace.Agent{Name: "a", Instructions: &trace.Instructions{Path: "p", SHA256: strings.Repeat("ab", 32)}},
		Runtime: trace.Runtime{Name: "n", Version: "1"}, Models: []string{"m"}, Start: at, End: at, DurationMS: one,
		Status: trace.Failure, Error: &trace.Error{Type: "t", Message: "m"}, Usage: usage, Cost: cost,
		Turns: one, LLMCalls: one, LLMErrors: one, ToolCalls: one, ToolErrors: one, PermissionDenials: one, Subagents: one,
		Tools:    map[string]session.ToolStat{"Bash": {Calls: 1, Errors: 1, DurationMS: one}},
		Decision: &session.Decision{Kind: trace.Approve, Source: trace.FromText, Summary: "s", Findings: one, Place: &trace.Pos{File: "f", Line: 1}}, Findings: fs,
		Commands: map[string]session.CommandStat{"go test": {Calls: 1, Errors: 1, ExitCodes: map[string]int{"1": 1}}},
		Changes: &session.Changes{Files: []session.FileChange{{Path: "p", Edits: 1, Added: one, Removed: one, Deleted: true}}, FilesEdited: 1,
			LinesAdded: one, LinesRemoved: one, LinesPartial: true, Unread: 1},
		Time:    &session.Time{Model: one, Tool: one, Subagent: one, Idle: one, FirstToken: one, Longest: []session.Span{span}, Gaps: []session.Span{span}},
		Context: &session.Context{PeakTokens: one, Window: one, Share: 1, Compactions: 1},
		Agents: []*session.Subagent{{ID: "s", Name: "n", Models: []string{"m"}, Start: at, End: at, DurationMS: one, Status: trace.Success, LLMCalls: one,
			ToolCalls: one, ToolErrors: one, Usage: usage, CostUSD: &usd, Subagents: []*session.Subagent{{ID: "t", Status: trace.Incomplete}}}},
		ForkedFrom: "q", Sources: map[string]string{"usage": "f"},
		Explained: &session.Explanation{
			Calls: []session.Explained{{Pos: trace.Pos{File: "f", Line: 1}, Format: "f", Name: "m", Agent: "s", Usage: &usage, Counted: true, Why: "w", Merged: []trace.Pos{{File: "g", Line: 2}}}},
			Tools: []session.Explained{{}}, Totals: []session.Explained{{}}, NotUsed: []session.Explained{{}},
		},
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

// TestReportIsWhole holds that the schema has the fields that a report has, no
// fewer and no more.
func TestReportIsWhole(t *testing.T) {
	raw, err := schemas.Get("session")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	written, described := map[string]bool{}, map[string]bool{}
	fieldsOfType(reflect.TypeFor[session.Report](), "", written)
	fieldsOfSchema(schema, schema, "", described)
	if len(written) < 50 {
		t.Fatalf("only %d fields were found", len(written))
	}
	for _, f := range slices.Sorted(maps.Keys(written)) {
		if !described[f] {
			t.Errorf("the schema lacks %s", f)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(described)) {
		if !written[f] {
			t.Errorf("the schema describes %s, which is not written", f)
		}
	}
}

// nested is a field that is of its own type again, and which is followed once.
const nested = "/subagents/subagents"

// fieldsOfType notes the paths of all that a type is written as.
func fieldsOfType(typ reflect.Type, path string, to map[string]bool) {
	if strings.Contains(path, nested) {
		return
	}
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		fieldsOfType(typ.Elem(), path, to)
	case reflect.Map:
		fieldsOfType(typ.Elem(), path+"/*", to)
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() || typ == reflect.TypeFor[trace.Count]() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous:
				fieldsOfType(f.Type, path, to)
			case f.IsExported() && name != "-":
				to[path+"/"+name] = true
				fieldsOfType(f.Type, path+"/"+name, to)
			}
		}
	}
}

// fieldsOfSchema notes the paths of all that a schema describes.
func fieldsOfSchema(root, s map[string]any, path string, to map[string]bool) {
	if strings.Contains(path, nested) {
		return
	}
	if ref, ok := s["$ref"].(string); ok {
		s = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if properties, ok := s["properties"].(map[string]any); ok {
		for name, p := range properties {
			to[path+"/"+name] = true
			fieldsOfSchema(root, p.(map[string]any), path+"/"+name, to)
		}
	}
	if items, ok := s["items"].(map[string]any); ok {
		fieldsOfSchema(root, items, path, to)
	}
	if more, ok := s["additionalProperties"].(map[string]any); ok {
		fieldsOfSchema(root, more, path+"/*", to)
	}
}

// TestWrittenTraceIsValid holds that the native traces in a bundle are valid,
// also those of runs of which little is known.
func TestWrittenTraceIsValid(t *testing.T) {
	one, zero, usd, code := trace.Measured(1), trace.Measured(0), 0.5, -1
	at := time.Date(2026, 11, 20, 10, 0, 0, 5e6, time.FixedZone("", 5*3600+1800))
	const span = "00f067aa0ba902b7"
	failure := &trace.Error{Type: "rate_limit", Message: "m"}
	full := []trace.Fact{
		&trace.Start{Agent: trace.Agent{Name: "a", Instructions: &trace.Instructions{Path: "p", SHA256: strings.Repeat("ab", 32)}}, Runtime: trace.Runtime{Name: "r", Version: "1"},
			Model: "m", Context: trace.Context{Repository: "o/r", SubjectKind: "pull_request", Number: 12, HeadSHA: "1a2b3c4d"}},
		&trace.Subagent{ID: "s", Name: "n", Start: at, End: at, Status: trace.Success},
		&trace.Call{ID: span, Model: "m", Start: at, End: at.Add(-time.Second), Usage: trace.Usage{Input: one, Output: zero}, CostUSD: &usd, Error: failure, Partial: true},
		&trace.Tool{ID: span, Name: "bash", Start: at, End: at, ExitCode: &code, Failed: true, Denied: true, Error: failure, ArgsSize: one, ResultSize: zero},
		&trace.Decision{Kind: trace.Approve, Findings: one, ComposedFrom: []string{"r2"}},
		&trace.Totals{Usage: trace.Usage{Input: one}, CostUSD: &usd, Turns: one, Calls: one, Duration: one, ToolCalls: one, ToolErrors: one, PermissionDenials: one, Subagents: one},
		&trace.End{Status: trace.Timeout, Error: failure},
	}
	bare := []trace.Fact{&trace.Start{}, &trace.Subagent{ID: "s"}, &trace.Call{ID: span}, &trace.Tool{ID: span}, &trace.Decision{Kind: trace.NoOp}, &trace.End{Status: trace.Failure}}
	v := validator(t)
	for _, facts := range [][]trace.Fact{full, bare} {
		var records []trace.Record
		for _, f := range facts {
			records = append(records, trace.Record{RunID: "r", Fact: f}, trace.Record{RunID: "r", Subagent: "s", Time: at, Fact: f})
		}
		var text bytes.Buffer
		if err := trace.Write(&text, records); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
			for _, f := range v.Line(parse(t, line), trace.Pos{}) {
				t.Errorf("%s (%s): %s", f.Message, f.Rule, line)
			}
		}
	}
}
