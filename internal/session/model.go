// Package session reduces the records of traces to runs, and correlates runs into
// sessions: all that was done about one subject at one head SHA.
package session

import (
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// Schema names the version of Report's JSON form, schemas/session.schema.json.
const Schema = "andon.session/v1"

// Report is everything that was collected: what `collect --format json` prints
// and what every renderer takes.
type Report struct {
	Schema   string            `json:"schema"`
	Sessions []*Session        `json:"sessions"`
	Coverage Coverage          `json:"coverage"`
	Findings []finding.Finding `json:"findings"` // about files rather than runs
}

// Coverage says how much of the input the report rests on.
type Coverage struct {
	Files        int            `json:"files"`         // files that were looked at
	Runs         int            `json:"runs"`          // runs found in them
	Lines        int            `json:"lines"`         // lines or values read
	InvalidLines int            `json:"invalid_lines"` // of them, those that could not be used
	UnknownTypes map[string]int `json:"unknown_types"` // records of a type that the reader does not know, by "format:type"
	Suppressed   int            `json:"suppressed"`    // traces kept out of the bundle for a credential
	Unrecognised int            `json:"unrecognised"`  // files of no known format
	Unreadable   int            `json:"unreadable"`    // files that could not be opened or read to the end

	// Personal is how many values of personal data were replaced in the copies
	// of traces, by kind as in "pii/email". Nil where none were looked for.
	Personal map[string]int `json:"personal,omitempty"`
}

// Session is all runs about one subject at one head SHA, in order of start.
type Session struct {
	ID         string            `json:"id"` // "o/r#12@1a2b3c4d5e6f"; see Key.ID
	Repository string            `json:"repository,omitempty"`
	Subject    Subject           `json:"subject"`
	HeadSHA    string            `json:"head_sha,omitempty"`
	KeySource  KeySource         `json:"key_source"`
	Runs       []*Run            `json:"runs"`
	Decision   *Composed         `json:"decision,omitempty"`
	Usage      trace.Usage       `json:"usage"`
	Cost       Cost              `json:"cost"`
	Findings   []finding.Finding `json:"findings"`
}

// Subject is what a session is about.
type Subject struct {
	Kind   string `json:"kind"` // pull_request, issue, commit, schedule, workflow_dispatch, unknown
	Number int    `json:"number,omitempty"`
}

// KeySource says who told which subject and SHA a session is about.
type KeySource string

// The sources of a key, from the surest on.
const (
	KeyFromInput KeySource = "input"
	KeyFromEvent KeySource = "event"
	KeyFromEnv   KeySource = "env"
	KeyFromTrace KeySource = "trace"
	KeyFromNone  KeySource = "none"
)

// Run is one invocation of one agent, reduced to its figures. What was not
// measured is absent.
type Run struct {
	ID         string        `json:"run_id"`
	Format     string        `json:"format"`            // of the source that knew most
	Formats    []string      `json:"formats,omitempty"` // all of them, where there is more than one
	Files      []string      `json:"files"`
	Agent      trace.Agent   `json:"agent"`
	Runtime    trace.Runtime `json:"runtime"`
	Models     []string      `json:"models"`
	Start      time.Time     `json:"start,omitzero"`
	End        time.Time     `json:"end,omitzero"`
	DurationMS trace.Count   `json:"duration_ms,omitzero"`
	Status     trace.Status  `json:"status"`
	Error      *trace.Error  `json:"error,omitempty"`

	Usage trace.Usage `json:"usage"`
	Cost  Cost        `json:"cost"`

	Turns             trace.Count `json:"turns,omitzero"` // as the agent counts them
	LLMCalls          trace.Count `json:"llm_calls,omitzero"`
	LLMErrors         trace.Count `json:"llm_errors,omitzero"`
	ToolCalls         trace.Count `json:"tool_calls,omitzero"`
	ToolErrors        trace.Count `json:"tool_errors,omitzero"`
	PermissionDenials trace.Count `json:"permission_denials,omitzero"`
	Subagents         trace.Count `json:"subagents,omitzero"`

	Tools    map[string]ToolStat    `json:"tools,omitempty"`
	Commands map[string]CommandStat `json:"commands,omitempty"` // by what they ran, such as "git add; git commit"
	Changes  *Changes               `json:"changes,omitempty"`
	Time     *Time                  `json:"time,omitempty"`
	Context  *Context               `json:"context,omitempty"`
	Agents   []*Subagent            `json:"subagent_tree,omitempty"`
	Decision *Decision              `json:"decision,omitempty"`

	ForkedFrom string            `json:"forked_from,omitempty"` // the run whose history this one began with
	Sources    map[string]string `json:"sources,omitempty"`     // of each figure, the format it was taken from; where several told
	Explained  *Explanation      `json:"explanation,omitempty"` // only where it was asked for

	Findings []finding.Finding `json:"findings"`

	Scores       []trace.Score          `json:"-"` // in the order in which they were read
	ByModel      map[string]trace.Usage `json:"-"` // what the run reports of itself, where it tells models apart
	Steps        []Step                 `json:"-"` // in order of start
	StepsDropped int                    `json:"-"` // steps over the limit, counted in the figures but not listed
}

// ToolStat is what was done with one tool.
type ToolStat struct {
	Calls      int         `json:"calls"`
	Errors     int         `json:"errors"`
	DurationMS trace.Count `json:"duration_ms,omitzero"`
}

// Rollup returns the run as history keeps it: its figures without the lists of
// files, steps and sub-agents.
func (r *Run) Rollup() *Run {
	out := *r
	out.Agents, out.Explained, out.Sources = nil, nil, nil
	if r.Changes != nil {
		c := *r.Changes
		c.Files = nil
		out.Changes = &c
	}
	if r.Time != nil {
		t := *r.Time
		t.Longest, t.Gaps = nil, nil
		out.Time = &t
	}
	return &out
}

// CommandStat is how the commands of one kind went.
type CommandStat struct {
	Calls     int            `json:"calls"`
	Errors    int            `json:"errors"`
	ExitCodes map[string]int `json:"exit_codes,omitempty"` // calls by exit code, where that is known
}

// Changes are what a run did to the repository and to the forge, told by its
// tool calls that succeeded.
type Changes struct {
	Files        []FileChange `json:"files,omitempty"` // in order of path
	FilesEdited  int          `json:"files_edited"`    // also those beyond the list's limit
	LinesAdded   trace.Count  `json:"lines_added,omitzero"`
	LinesRemoved trace.Count  `json:"lines_removed,omitzero"`
	LinesPartial bool         `json:"lines_partial,omitempty"` // some edits do not say how many lines they change
	Commits      int          `json:"commits"`
	Pushes       int          `json:"pushes"`
	PullRequests int          `json:"pull_requests"` // opened
	Reviews      int          `json:"reviews"`       // posted
	Comments     int          `json:"comments"`
	Merges       int          `json:"merges"`
	Made         []Made       `json:"made,omitempty"`            // of these, what results name, in order of place
	Unread       int          `json:"unread_commands,omitempty"` // that could not be read as a whole: there may be more than is counted
}

// Made is one thing that a run has made, and the line of the result that names it:
// what links a decision to the commit or the review that it became.
type Made struct {
	Kind trace.ChangeKind `json:"kind"` // commit, push, pull_request, review, comment or merge
	ID   string           `json:"id"`   // a commit's SHA, maybe abbreviated; a review's or comment's id; a pull request's number
	File string           `json:"file,omitempty"`
	Line int              `json:"line,omitempty"`
}

// FileChange is what was done to one file.
type FileChange struct {
	Path    string      `json:"path"`
	Edits   int         `json:"edits"`
	Added   trace.Count `json:"lines_added,omitzero"`
	Removed trace.Count `json:"lines_removed,omitzero"`
	Deleted bool        `json:"deleted,omitempty"` // the last that was done
}

// Time is where the main agent's wall clock went, in milliseconds. The parts do
// not overlap: what was spent on a tool while the model answered counts as the
// model's.
type Time struct {
	Model      trace.Count `json:"model_ms"`                // waiting for the model
	Tool       trace.Count `json:"tool_ms"`                 // waiting for tools
	Subagent   trace.Count `json:"subagent_ms"`             // while only sub-agents worked
	Idle       trace.Count `json:"idle_ms"`                 // the rest
	FirstToken trace.Count `json:"first_token_ms,omitzero"` // median over the calls that say it
	Longest    []Span      `json:"longest,omitempty"`       // steps, the longest first
	Gaps       []Span      `json:"gaps,omitempty"`          // in which nothing was seen to happen, the longest first
}

// Span is a stretch of time in a run.
type Span struct {
	Kind       string      `json:"kind"` // llm, tool, subagent, gap
	Name       string      `json:"name,omitempty"`
	Start      time.Time   `json:"start,omitzero"`
	DurationMS trace.Count `json:"duration_ms"`
	File       string      `json:"file,omitempty"`
	Line       int         `json:"line,omitempty"`
}

// Context is how full the model's context got.
type Context struct {
	PeakTokens  trace.Count `json:"peak_tokens,omitzero"` // the largest prompt of a call
	Window      trace.Count `json:"window,omitzero"`      // what that call's model holds
	Share       float64     `json:"share,omitempty"`      // of the two, where both are known
	Compactions int         `json:"compactions"`
}

// Subagent is what one sub-agent did. Its figures are its own; those of the
// sub-agents it started are theirs.
type Subagent struct {
	ID         string       `json:"id"`
	Name       string       `json:"name,omitempty"`
	Models     []string     `json:"models,omitempty"`
	Start      time.Time    `json:"start,omitzero"`
	End        time.Time    `json:"end,omitzero"`
	DurationMS trace.Count  `json:"duration_ms,omitzero"`
	Status     trace.Status `json:"status"` // incomplete where no end was seen
	LLMCalls   trace.Count  `json:"llm_calls,omitzero"`
	ToolCalls  trace.Count  `json:"tool_calls,omitzero"`
	ToolErrors trace.Count  `json:"tool_errors,omitzero"`
	Usage      trace.Usage  `json:"usage"`
	CostUSD    *float64     `json:"cost_usd,omitempty"`
	Subagents  []*Subagent  `json:"subagents,omitempty"`

	Tool    string   `json:"-"` // id of the step that started it, where it is known
	Implied bool     `json:"-"` // only its steps tell of it
	Aliases []string `json:"-"` // other ids under which steps name it
}

// Decision is what one run concluded.
type Decision struct {
	Kind     trace.Kind           `json:"kind"`
	Source   trace.DecisionSource `json:"source"`
	Summary  string               `json:"summary,omitempty"`
	Findings trace.Count          `json:"findings,omitzero"`
	Place    *trace.Pos           `json:"place,omitempty"` // where it was read

	composedFrom []string
}

// ComposedFrom returns the runs that the decision says it was made from.
func (d *Decision) ComposedFrom() []string { return d.composedFrom }

// Composed is a session's decision and the runs that it follows from.
type Composed struct {
	Kind         trace.Kind `json:"kind"`
	ComposedFrom []string   `json:"composed_from"`
}

// Cost is in US dollars. USD is the figure to show, Source says which of the
// two it is; both are absent where the cost is not known.
type Cost struct {
	USD            *float64 `json:"usd,omitempty"`
	Source         string   `json:"source,omitempty"` // reported, computed, mixed
	ReportedUSD    *float64 `json:"reported_usd,omitempty"`
	ComputedUSD    *float64 `json:"computed_usd,omitempty"`
	UnpricedModels []string `json:"unpriced_models,omitempty"`
	Partial        bool     `json:"partial,omitempty"` // some of what it covers has no price or no usage
}

// Step is one timed step of a run: a model call, a tool call or a sub-agent.
type Step struct {
	Kind     string // "llm", "tool", "subagent"
	ID       string
	Name     string // model, tool or sub-agent
	Subagent string // id of the sub-agent that took it
	Start    time.Time
	End      time.Time
	Failed   bool
	Error    *trace.Error
	Pos      trace.Pos

	// Of a model call.
	Provider     string
	Usage        trace.Usage
	CostUSD      *float64 // as the source reports it, else by the price table; nil unknown
	FirstToken   trace.Count
	FinishReason string
	Partial      bool // only a beginning of it was seen: it counts as no call

	// Of a tool call.
	ExitCode *int
	Denied   bool
	Done     bool        // a result was seen
	Duration trace.Count // milliseconds, where the source states it
}
