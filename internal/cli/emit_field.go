package cli

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// fieldKind is what a flag of emit takes.
type fieldKind int

const (
	textField  fieldKind = iota
	countField           // a whole number
	figureField
	truthField
	listField // may be given several times
	inputField
)

// emitField is a flag of emit and the field that it sets. A test holds the
// table equal to the schema.
type emitField struct {
	flag  string
	path  string // in the record; empty where derive sets it
	kind  fieldKind
	types string // of records, with * where it is required
	help  string
}

const (
	anyRecord = "run run.start llm.call tool.call decision score log run.end"
	steps     = "llm.call tool.call"
	totals    = "run run.end"
	tokens    = "llm.call run run.end"
	ends      = "llm.call tool.call run run.end"
	starts    = "run run.start"
)

func emitFields() []emitField {
	return []emitField{
		{"run-id", "run_id", textField, anyRecord, "the run's `ID` (default $ANDON_RUN_ID, else the run that is open)"},
		{"trace-id", "trace_id", textField, anyRecord, "W3C trace `ID`, 32 hex digits"},
		{"parent-run-id", "parent_run_id", textField, anyRecord, "makes the run a sub-agent of the run `ID`"},
		{"parent-span-id", "parent_span_id", textField, anyRecord, "the step `ID` that it is part of"},

		{"agent", "agent.name", textField, "run* run.start*", "the agent's `NAME`, a role such as review-security"},
		{"instructions", "", textField, starts, "the prompt or agent `FILE` that it runs under"},
		{"runtime", "runtime.name", textField, starts, "`NAME` of the program that runs the agent"},
		{"runtime-version", "runtime.version", textField, starts, "`VERSION` of that program"},
		{"repository", "context.repository", textField, starts, "the `OWNER/NAME` that it is about (default from GitHub Actions)"},
		{"pr", "context.subject.number", countField, starts, "the pull request's `NUMBER` (default from GitHub Actions)"},
		{"sha", "context.head_sha", textField, starts, "the head commit's `SHA` (default from GitHub Actions)"},
		{"input", "inputs", inputField, starts, "a `REF` that it reads, repo@sha:path or a URL; may be repeated"},

		{"time", "time", textField, "run.start decision score log run.end", "when, a `TIME` in RFC 3339 (default now)"},
		{"start", "start", textField, "run* llm.call tool.call", "when it began, a `TIME` in RFC 3339"},
		{"end", "end", textField, "run llm.call tool.call", "when it ended, a `TIME` in RFC 3339 (default now)"},
		{"duration-ms", "duration_ms", countField, ends, "how long it took, in `MILLISECONDS`, in place of --start"},
		{"span-id", "span_id", textField, steps, "the step's `ID`, 16 hex digits (default random)"},
		{"model", "model", textField, "llm.call* run run.start", "the model's `NAME`"},
		{"provider", "provider", textField, "llm.call", "`NAME` of who serves the model"},
		{"tool", "tool", textField, "tool.call*", "the tool's `NAME`"},
		{"exit-code", "exit_code", countField, "tool.call", "the exit `CODE`; all but 0 are failures"},
		{"failed", "failed", truthField, "tool.call", "it failed"},
		{"denied", "denied", truthField, "tool.call", "a rule or a person refused it"},
		{"args-bytes", "args_bytes", countField, "tool.call", "size of the arguments in `BYTES`"},
		{"result-bytes", "result_bytes", countField, "tool.call", "size of the result in `BYTES`"},
		{"finish-reason", "finish_reason", textField, "llm.call", "the `REASON` why the model stopped"},
		{"partial", "partial", truthField, "llm.call", "the response was cut off"},

		{"input-tokens", "usage.input_tokens", countField, tokens, "a `NUMBER` of tokens, neither read from nor written to a cache"},
		{"cache-read-tokens", "usage.cache_read_tokens", countField, tokens, "a `NUMBER` of tokens read from a cache"},
		{"cache-write-5m-tokens", "usage.cache_write_5m_tokens", countField, tokens, "a `NUMBER` of tokens written to a cache"},
		{"cache-write-1h-tokens", "usage.cache_write_1h_tokens", countField, tokens, "a `NUMBER` of tokens written to a cache for an hour"},
		{"output-tokens", "usage.output_tokens", countField, tokens, "a `NUMBER` of tokens, with those of reasoning"},
		{"reasoning-tokens", "usage.reasoning_tokens", countField, tokens, "a `NUMBER` of tokens, part of the output"},
		{"cost-usd", "cost_usd", figureField, tokens, "the cost in `DOLLARS`, as billed; left out, it is computed"},

		{"status", "status", textField, "run* run.end*", "how it ended, a `WORD`: success, failure, cancelled, timeout or incomplete"},
		{"error", "error.message", textField, ends, "`TEXT` of what went wrong"},
		{"error-type", "error.type", textField, ends, "a `WORD` for what went wrong, such as rate_limit"},
		{"turns", "turns", countField, totals, "`NUMBER` of turns"},
		{"llm-calls", "llm_calls", countField, totals, "`NUMBER` of model calls"},
		{"tool-calls", "tool_calls", countField, totals, "`NUMBER` of tool calls"},
		{"tool-errors", "tool_errors", countField, totals, "`NUMBER` of tool calls that failed"},
		{"permission-denials", "permission_denials", countField, totals, "`NUMBER` of tool calls that were refused"},
		{"subagents", "subagents", countField, totals, "`NUMBER` of sub-agents"},

		{"kind", "decision.kind", textField, "decision* run", "what was decided, a `WORD` such as approve or request_changes"},
		{"summary", "decision.summary", textField, "decision run", "the decision in a `TEXT`"},
		{"findings", "decision.findings", countField, "decision run", "`NUMBER` of findings that it lists"},
		{"confidence", "decision.confidence", figureField, "decision run", "how sure it is, a `FIGURE` from 0 to 1"},
		{"composed-from", "decision.composed_from", listField, "decision run", "`ID` of a run that it follows from; may be repeated"},

		{"name", "name", textField, "score*", "`NAME` of what was judged"},
		{"value", "value", figureField, "score", "the result, a `FIGURE`"},
		{"label", "label", textField, "score", "the result in a `WORD`"},
		{"judge", "judge", textField, "score", "`NAME` of who or what judged"},
		{"message", "message", textField, "log*", "the `TEXT` to keep"},
		{"severity", "severity", textField, "log", "a `WORD`: error, warning or info"},
	}
}

// of reports whether records of that type have the field.
func (f emitField) of(typ string) bool {
	return slices.Contains(strings.Fields(strings.ReplaceAll(f.types, "*", "")), typ)
}

// needed reports whether records of that type must have it.
func (f emitField) needed(typ string) bool {
	return slices.Contains(strings.Fields(f.types), typ+"*")
}

// flagsOf names the flags that are special to a type.
func flagsOf(typ string) string {
	var names []string
	for _, f := range emitFields() {
		if f.of(typ) && f.types != anyRecord {
			names = append(names, "--"+f.flag)
		}
	}
	return typ + " takes " + strings.Join(names, ", ")
}

// flagAt returns the flag that sets the place of a JSON Pointer.
func flagAt(typ, pointer string) string {
	path := strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
	for _, f := range emitFields() {
		if f.of(typ) && f.path != "" && (f.path == path || f.kind >= listField && strings.HasPrefix(path, f.path+".")) {
			return f.flag
		}
	}
	return ""
}

// emitValue is the text of a flag. It is taken apart only where no error quotes
// it: it may be a credential in the wrong place.
type emitValue struct {
	text  string
	all   []string
	set   bool
	truth bool
}

func (v *emitValue) String() string   { return v.text }
func (v *emitValue) IsBoolFlag() bool { return v.truth }

func (v *emitValue) Set(text string) error {
	v.text, v.set = text, true
	v.all = append(v.all, text)
	return nil
}

// value returns what a flag's text stands for.
func (f emitField) value(v *emitValue) (any, error) {
	switch f.kind {
	case countField:
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			return n, nil
		}
		return nil, usage("emit: --"+f.flag+" takes a whole number", "leave the flag out where the figure was not measured")
	case figureField:
		if n, err := strconv.ParseFloat(v.text, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n, nil
		}
		return nil, usage("emit: --"+f.flag+" takes a number", "write it with a point, as in 0.0123")
	case truthField:
		if b, err := strconv.ParseBool(v.text); err == nil {
			return b, nil
		}
		return nil, usage("emit: --"+f.flag+" is true or false", "--"+f.flag+" alone says true")
	case listField:
		return v.all, nil
	case inputField:
		var refs []any
		for _, ref := range v.all {
			refs = append(refs, map[string]any{"ref": ref})
		}
		return refs, nil
	}
	return v.text, nil
}

// put sets the field at a path of names, and reports false where something else
// than an object is in the way.
func put(r map[string]any, path string, value any) bool {
	key, rest, nested := strings.Cut(path, ".")
	if !nested {
		r[key] = value
		return true
	}
	if r[key] == nil {
		r[key] = map[string]any{}
	}
	next, ok := r[key].(map[string]any)
	return ok && put(next, rest, value)
}

// lookup returns the field at a path of names, nil where there is none.
func lookup(r map[string]any, path string) any {
	key, rest, nested := strings.Cut(path, ".")
	if !nested {
		return r[key]
	}
	next, _ := r[key].(map[string]any)
	return lookup(next, rest)
}

func has(r map[string]any, path string) bool { return lookup(r, path) != nil }
