package emit

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// The tags below are paths into a record: the fields are flat for whoever fills
// them in, and object makes the nesting of the schema of them.

// Run says who runs, on what. Empty fields are unknown.
type Run struct {
	ID        string    `json:"run_id,omitempty"`        // by default Options.RunID, else random
	ParentID  string    `json:"parent_run_id,omitempty"` // makes the run a sub-agent of that run
	Time      time.Time `json:"time,omitzero"`           // by default now
	Agent     string    `json:"agent.name,omitempty"`    // a role, such as review-security; required
	Prompt    string    `json:"agent.instructions.path,omitempty"`
	PromptSum string    `json:"agent.instructions.sha256,omitempty"` // SHA-256 of the prompt, 64 hex digits

	Runtime    string `json:"runtime.name,omitempty"` // the program that runs the agent
	Version    string `json:"runtime.version,omitempty"`
	Model      string `json:"model,omitempty"`
	Repository string `json:"context.repository,omitempty"` // owner/name
	Subject    string `json:"context.subject.kind,omitempty"`
	Number     int    `json:"context.subject.number,omitempty"` // of the pull request or issue
	HeadSHA    string `json:"context.head_sha,omitempty"`
}

// Call is one model call. A nil figure was not measured. The classes of tokens
// are disjoint, but for reasoning, which is part of the output.
type Call struct {
	RunID    string    `json:"run_id,omitempty"`
	SpanID   string    `json:"span_id,omitempty"`        // 16 hex digits, by default random
	ParentID string    `json:"parent_span_id,omitempty"` // the step that it is part of
	Start    time.Time `json:"start,omitzero"`           // by default End
	End      time.Time `json:"end,omitzero"`             // by default now

	Model    string `json:"model,omitempty"` // required
	Provider string `json:"provider,omitempty"`

	InputTokens        *int64   `json:"usage.input_tokens,omitempty"` // neither read from nor written to a cache
	CacheReadTokens    *int64   `json:"usage.cache_read_tokens,omitempty"`
	CacheWrite5mTokens *int64   `json:"usage.cache_write_5m_tokens,omitempty"` // also where the lifetime is not known
	CacheWrite1hTokens *int64   `json:"usage.cache_write_1h_tokens,omitempty"`
	OutputTokens       *int64   `json:"usage.output_tokens,omitempty"`
	ReasoningTokens    *int64   `json:"usage.reasoning_tokens,omitempty"`
	CostUSD            *float64 `json:"cost_usd,omitempty"` // as the provider bills it; computed where it is nil

	FinishReason string `json:"finish_reason,omitempty"`
	ErrorType    string `json:"error.type,omitempty"` // of low cardinality, such as rate_limit
	Error        string `json:"error.message,omitempty"`
	Partial      bool   `json:"partial,omitempty"` // the response was cut off
}

// Tool is one tool call. It failed if it says so, has an error, or an exit code
// other than 0.
type Tool struct {
	RunID    string    `json:"run_id,omitempty"`
	SpanID   string    `json:"span_id,omitempty"`        // 16 hex digits, by default random
	ParentID string    `json:"parent_span_id,omitempty"` // the model call that asked for it
	Start    time.Time `json:"start,omitzero"`           // by default End
	End      time.Time `json:"end,omitzero"`             // by default now

	Name        string `json:"tool,omitempty"` // required
	ExitCode    *int   `json:"exit_code,omitempty"`
	Failed      bool   `json:"failed,omitempty"`
	Denied      bool   `json:"denied,omitempty"`     // refused by a rule or a person
	ErrorType   string `json:"error.type,omitempty"` // of low cardinality, such as timeout
	Error       string `json:"error.message,omitempty"`
	ArgsBytes   *int64 `json:"args_bytes,omitempty"`
	ResultBytes *int64 `json:"result_bytes,omitempty"`
}

// Decision is what a run concluded.
type Decision struct {
	RunID string    `json:"run_id,omitempty"`
	Time  time.Time `json:"time,omitzero"` // by default now

	// Kind is one of approve, request_changes, comment, merge, close, commit,
	// label, triage, escalate and no_op.
	Kind         string   `json:"decision.kind,omitempty"`
	Summary      string   `json:"decision.summary,omitempty"`
	Findings     *int64   `json:"decision.findings,omitempty"`      // how many it lists
	Confidence   *float64 `json:"decision.confidence,omitempty"`    // 0 to 1
	ComposedFrom []string `json:"decision.composed_from,omitempty"` // ids of the runs that it follows from
}

// End says how a run ended.
type End struct {
	RunID     string    `json:"run_id,omitempty"`
	Time      time.Time `json:"time,omitzero"`           // by default now
	Status    string    `json:"status,omitempty"`        // success, failure, cancelled, timeout or incomplete
	ErrorType string    `json:"error.type,omitempty"`    // of low cardinality, such as max_turns
	Error     string    `json:"error.message,omitempty"` // why it failed
}

// Start begins a run and returns its id. What is appended afterwards belongs to
// it, unless it names another. The errors are those of Append.
func (w *Writer) Start(r Run) (id string, err error) { return w.put("run.start", r) }

// Call appends a model call. The errors are those of Append.
func (w *Writer) Call(c Call) error { return w.step("llm.call", c) }

// Tool appends a tool call. The errors are those of Append.
func (w *Writer) Tool(t Tool) error { return w.step("tool.call", t) }

// Decision appends a decision. The errors are those of Append.
func (w *Writer) Decision(d Decision) error { return w.step("decision", d) }

// End ends a run. The errors are those of Append.
func (w *Writer) End(e End) error { return w.step("run.end", e) }

func (w *Writer) step(typ string, fields any) error {
	_, err := w.put(typ, fields)
	return err
}

func (w *Writer) put(typ string, fields any) (string, error) {
	r, err := object(fields)
	if err != nil {
		return "", &InvalidError{Message: "the record has a value that JSON cannot say", Hint: "use finite numbers, and years of four digits"}
	}
	r["type"] = typ
	return w.Append(r)
}

// object nests flat fields by the paths that are their names.
func object(fields any) (map[string]any, error) {
	b, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var flat map[string]any
	if err := d.Decode(&flat); err != nil {
		return nil, err
	}
	r := map[string]any{}
	for path, value := range flat {
		at, keys := r, strings.Split(path, ".")
		for _, key := range keys[:len(keys)-1] {
			if at[key] == nil {
				at[key] = map[string]any{}
			}
			at = at[key].(map[string]any)
		}
		at[keys[len(keys)-1]] = value
	}
	return r, nil
}
