// Package trace is the model that every transcript is read into: a stream of
// Records, each one fact about a run, at a place in a file.
//
// The one design decision is that facts are patches, not finished objects. A
// transcript tells of a model call or of a tool call in several lines (a block
// each, a request and a result, a partial and a final usage), and several files
// tell of one run. A reader therefore emits what each line says, under the
// identity that the source gives it, and whoever reduces the stream to a run
// merges the facts of one identity. No content (prompts, completions, tool
// output) is part of the model.
package trace

import "time"

// Pos is a place in a trace. Line counts from 1; Pointer is a JSON Pointer
// (RFC 6901) into the line's value, empty for the whole value.
type Pos struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Pointer string `json:"pointer,omitempty"`
}

// Record is one fact and where it was read.
type Record struct {
	Pos Pos

	// Source is the format that said it, such as "claude-code/stream-json".
	Source string

	// Space names the identities that the source uses. Facts of one run, one
	// space and one id are facts about one thing, whatever file they are from;
	// facts of one run from two spaces are two accounts of the same run.
	Space string

	// RunID is the agent's own session or thread id, or one made from the
	// content where the source has none, which Unnamed then says. Never empty.
	RunID   string
	Unnamed bool

	// Subagent is the id of the sub-agent of the run that it is about; empty
	// for the main agent.
	Subagent string

	// Time is when it happened, zero where the source does not say.
	Time time.Time

	// Fact is what is said.
	Fact Fact
}

// Fact is one of *Start, *Call, *Tool, *Subagent, *Compaction, *Decision,
// *Score, *Log, *Totals and *End.
type Fact interface{ fact() }

func (*Start) fact()      {}
func (*Call) fact()       {}
func (*Tool) fact()       {}
func (*Subagent) fact()   {}
func (*Compaction) fact() {}
func (*Decision) fact()   {}
func (*Score) fact()      {}
func (*Log) fact()        {}
func (*Totals) fact()     {}
func (*End) fact()        {}

// Start says who runs, under which instructions, on what, and where. Empty
// fields are unknown.
type Start struct {
	Agent   Agent
	Runtime Runtime
	Model   string
	Context Context

	ForkedFrom string // the run whose history this one began with
}

// Agent is a role with instructions, such as "review-security".
type Agent struct {
	Name         string        `json:"name,omitempty"`
	Instructions *Instructions `json:"instructions,omitempty"`
}

// Instructions are the prompt, skill or agent file that an agent ran under.
type Instructions struct {
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256,omitempty"` // 64 hex digits
}

// Runtime is the program that ran the agent, such as claude-code 2.1.0.
type Runtime struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// Context is what a trace itself says about the change it worked on.
type Context struct {
	Repository  string // owner/name
	SubjectKind string // pull_request, issue, commit, schedule
	Number      int    // of the pull request or issue; 0 unknown
	HeadSHA     string // 40 or 64 hex digits
	Branch      string
	WorkflowRun string // id of the GitHub workflow run
	Attempt     string
	Job         string
}

// Call is one model call. Records of one ID are merged: usage by Max, the rest
// by the latest that says something.
type Call struct {
	ID           string // unique in its space; never empty
	Provider     string // OpenTelemetry's gen_ai.provider.name
	Model        string
	Start, End   time.Time
	Usage        Usage
	CostUSD      *float64 // as the source reports it
	FinishReason string
	Error        *Error // set for a request that brought no response
	Partial      bool   // the source shows only a beginning of it so far
	FirstToken   Count  // milliseconds from the request to the first token
	Window       Count  // tokens that the model's context holds, where the source says it
}

// Tool is one tool call. Records of one ID are merged: what is set wins over
// what is not.
type Tool struct {
	ID         string // unique in its space; never empty
	Name       string
	Start, End time.Time
	Duration   Count // milliseconds, where the source states it
	ExitCode   *int
	Failed     bool // marked as failed by the source or known to be by its exit code or output
	Denied     bool // refused by a permission rule or a person
	Error      *Error
	ArgsSize   Count    // bytes
	ResultSize Count    // bytes
	Args       uint64   // tells different arguments apart; 0 unknown. Not for output
	Result     uint64   // and different results
	Done       bool     // a result was seen
	Passed     bool     // the agent went on after it, though no result is shown
	Programs   []string // what a shell command runs, such as "git commit"
	Judged     []string // of these, the ones whose failure its exit code can be
	Unread     bool     // the command could not be read as a whole
	Changes    []Change // what the call changes if it succeeds
}

// Change is one thing that a tool call does to the repository or to the forge.
type Change struct {
	Kind    ChangeKind
	ID      string // of what was made, where the result shows it: a commit's SHA, maybe abbreviated, a review's or comment's id, a pull request's number
	Path    string // of the file
	Added   Count  // lines
	Removed Count  // lines
	Old     uint64 // tells apart what an edit replaces; 0 unknown. Not for output
	New     uint64 // and by what
}

// ChangeKind is what a Change does.
type ChangeKind string

// The kinds of change.
const (
	Edited        ChangeKind = "edit" // a file was written or edited
	Deleted       ChangeKind = "delete"
	Committed     ChangeKind = "commit"
	Pushed        ChangeKind = "push"
	OpenedPull    ChangeKind = "pull_request"
	PostedReview  ChangeKind = "review"
	PostedComment ChangeKind = "comment"
	MergedPull    ChangeKind = "merge"
)

// Compaction says that the runtime shortened the conversation, because it
// filled the model's context.
type Compaction struct {
	Trigger string // auto, manual; empty unknown
	Before  Count  // tokens of the conversation before it
}

// Subagent says that the run started a sub-agent, and what became of it.
// Records of one ID are merged.
type Subagent struct {
	ID         string // unique in its space; never empty
	Parent     string // the sub-agent that started it, where the source says so by its id
	Name       string // its role
	ToolID     string // the tool call that started it
	Start, End time.Time
	Status     Status
}

// Decision is what a run, or a part of it, concluded.
type Decision struct {
	Kind         Kind
	Source       DecisionSource
	Summary      string
	Findings     Count    // how many it lists
	Confidence   *float64 // 0 to 1
	ComposedFrom []string // run ids it was made from
}

// Score is an evaluation result.
type Score struct {
	Name  string
	Value *float64
	Label string
	Judge string
}

// Log is a message worth keeping.
type Log struct {
	Severity string // error, warning, info
	Message  string
}

// Totals is what a source reports about its whole run. It never covers other
// runs. The latest one of an invocation replaces the earlier ones; those of
// several invocations, which resume one session, are added up.
type Totals struct {
	Invocation        string // names the process that reports; may be empty
	Within            string // names one that reports the same and more, if that is known; may be empty
	From              []int  // the other lines of its file that it is the sum of, in order, where it is not one report
	Running           bool   // it goes on over all processes of the run: of several, the largest usage counts
	Usage             Usage
	CostUSD           *float64
	Calls             Count // model calls
	Turns             Count
	Duration          Count // milliseconds of wall clock
	ToolCalls         Count
	ToolErrors        Count
	PermissionDenials Count
	Subagents         Count
	ByModel           map[string]Usage
	Windows           map[string]int64 // tokens that the context of each model holds
	FirstToken        Count            // milliseconds from the start to the first token
}

// End says how the run, or a sub-agent of it, ended.
type End struct {
	Status Status
	Error  *Error
}

// Error is why something failed. Type is of low cardinality, such as
// "max_turns" or "rate_limit".
type Error struct {
	Type    string `json:"type,omitempty"`
	Message string `json:"message,omitempty"`
}

// Status is how a run ended.
type Status string

// The statuses. A run that has no end is incomplete.
const (
	Success    Status = "success"
	Failure    Status = "failure"
	Cancelled  Status = "cancelled"
	Timeout    Status = "timeout"
	Incomplete Status = "incomplete"
)

// Kind is what was decided.
type Kind string

// The kinds of decision.
const (
	Approve        Kind = "approve"
	RequestChanges Kind = "request_changes"
	Comment        Kind = "comment"
	Merge          Kind = "merge"
	Close          Kind = "close"
	Commit         Kind = "commit"
	Label          Kind = "label"
	Triage         Kind = "triage"
	Escalate       Kind = "escalate"
	NoOp           Kind = "no_op"
)

// DecisionSource is where a decision was read, from the surest on.
type DecisionSource string

// The sources of a decision.
const (
	FromRecord           DecisionSource = "record"            // a native decision record
	FromStructuredOutput DecisionSource = "structured_output" // output held to a schema by the agent's runtime
	FromToolCall         DecisionSource = "tool_call"         // gh pr review, an MCP review tool
	FromText             DecisionSource = "text"              // a JSON verdict in the last message
)
