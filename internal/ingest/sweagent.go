package ingest

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of SWE-agent and of mini-swe-agent. A trajectory is one object,
// and does not name its run.
const (
	sweAgentFormat = "swe-agent/traj"
	miniFormat     = "mini-swe-agent/traj"
)

func sweAgentFormats() []format {
	return []format{
		{sweAgentFormat, sweAgentFormat, isSWEAgent, func(s *sink) reader { return &sweAgent{s: s} }},
		{miniFormat, miniFormat, isMini, func(s *sink) reader { return &mini{s: s} }},
	}
}

// isSWEAgent recognises a trajectory, several attempts, and the bare history
// that demonstrations are kept as.
func isSWEAgent(v jsonl.Value, _ jsonl.Chunk) bool {
	for attempt := range v.Get("attempts").Elements() {
		v = attempt
		break
	}
	steps, history := v.Get("trajectory"), v.Get("history")
	for step := range steps.Elements() {
		return step.Get("action").Exists() && step.Get("observation").Exists()
	}
	for m := range history.Elements() {
		return m.Get("role").Kind() == jsonl.String && m.Get("agent").Kind() == jsonl.String
	}
	return steps.Kind() == jsonl.Array && history.Kind() == jsonl.Array && v.Get("info").Kind() == jsonl.Object
}

// sweAgent reads a .traj file. It has neither times nor the usage of each call.
type sweAgent struct {
	s     *sink
	line  int
	step  int  // steps of all attempts
	calls bool // the number of calls is not stated: each response is one
}

func (r *sweAgent) close() {}

func (r *sweAgent) value(v jsonl.Value, line int) {
	r.line = line
	info := v.Get("info")
	start := &trace.Start{Runtime: trace.Runtime{Name: "swe-agent", Version: clip(info.Get("swe_agent_version").String(), 80)}}
	r.config(start, v.Get("replay_config"))
	for attempt := range v.Get("attempts").Elements() {
		if start.Model == "" {
			r.config(start, attempt.Get("replay_config"))
		}
	}
	r.s.add(line, time.Time{}, start)
	message := r.attempts(v)
	r.totals(info, "")
	trajectoryEnd(r.s, r.s.here(info), time.Time{}, info, message)
}

// config reads how SWE-agent was started, which later versions write as JSON
// within a string. A replay has no model.
func (r *sweAgent) config(start *trace.Start, c jsonl.Value) {
	if c.Kind() == jsonl.String {
		c, _, _ = r.s.nested.Parse([]byte(c.String()))
	}
	model := c.Get("agent", "model", "name")
	for agent := range c.Get("agent", "agent_configs").Elements() {
		model = agent.Get("model", "name")
		break
	}
	switch name := model.String(); name {
	case "replay", "human", "human_thought", "instant_empty_submit":
	default:
		start.Model = clip(name, 200)
	}
	if sha := c.Get("env", "repo", "base_commit").String(); commitID.MatchString(sha) {
		start.Context.HeadSHA = sha
	}
	if m := gitHubURL.FindStringSubmatch(c.Get("env", "repo", "github_url").String()); m != nil {
		start.Context.Repository = m[1]
	}
	if m := gitHubURL.FindStringSubmatch(c.Get("problem_statement", "github_url").String()); m != nil && m[2] != "" {
		start.Context.Repository, start.Context.SubjectKind = m[1], "issue"
		start.Context.Number, _ = strconv.Atoi(m[2])
	}
}

var (
	commitID  = regexp.MustCompile(`^[0-9a-f]{40}(?:[0-9a-f]{24})?$`)
	gitHubURL = regexp.MustCompile(`^https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?(?:/issues/(\d{1,9}))?$`)
)

// attempts reads each attempt that was made, of which the chosen one stands in
// the file a second time, and returns the last message. Where the figures of all
// of them are not stated yet, those of each are.
func (r *sweAgent) attempts(v jsonl.Value) (message string) {
	stated := v.Get("info", "model_stats").Exists()
	if v.Get("attempts").Len() == 0 {
		r.calls = !stated
		return r.attempt(v)
	}
	n := 0
	for attempt := range v.Get("attempts").Elements() {
		n++
		r.calls = !stated && !attempt.Get("info", "model_stats").Exists()
		message = r.attempt(attempt)
		if !stated {
			r.totals(attempt.Get("info"), "attempt-"+strconv.Itoa(n))
		}
	}
	return message
}

// attempt reads the steps of one attempt. The messages of the steps are the same
// ones over and over, and are left.
func (r *sweAgent) attempt(v jsonl.Value) (message string) {
	if v.Get("trajectory").Len() == 0 {
		return r.history(v.Get("history"))
	}
	for step := range v.Get("trajectory").Elements() {
		r.step++
		r.line = r.s.here(step)
		if r.calls {
			r.s.add(r.line, time.Time{}, &trace.Call{ID: "message-" + strconv.Itoa(r.step)})
		}
		if text := step.Get("response"); text.StringLen() > 0 {
			message = text.String()
		}
		r.action(step)
	}
	return message
}

// action reads the tool call of a step. One whose response could not be parsed
// has none; one that was refused or had a syntax error took no time and left no
// state.
func (r *sweAgent) action(step jsonl.Value) {
	action, observation := step.Get("action"), step.Get("observation")
	words := strings.Fields(textHead(action, 200))
	if len(words) == 0 {
		return
	}
	id := "step-" + strconv.Itoa(r.step)
	r.call(id, words[0], action)
	t := &trace.Tool{ID: id}
	took, timed := step.Get("execution_time").Float()
	if timed && took > 0 && took < 1e6 {
		t.Duration = trace.Measured(int64(took*1000 + 0.5))
	}
	sweOutcome(t, observation)
	if timed && took == 0 && observation.StringLen() == 0 && step.Get("state").Kind() == jsonl.Object && step.Get("state").Len() == 0 {
		t.Failed, t.Error = true, &trace.Error{Type: "not_executed"}
	}
	r.s.result(r.s.here(observation, step), time.Time{}, t, observation)
}

// call emits a tool call. What an editor is to write may look like a command.
func (r *sweAgent) call(id, word string, action jsonl.Value) {
	t := &trace.Tool{ID: id, Name: sweTool(word)}
	if t.Name == "bash" {
		r.s.call(r.line, time.Time{}, t, action)
		return
	}
	t.ArgsSize, t.Args = size(action), digest(action)
	r.s.add(r.line, time.Time{}, t)
}

// sweTool returns the tool that a command calls: one of SWE-agent's own, or the
// shell.
func sweTool(word string) string {
	switch word {
	case "open", "goto", "scroll_up", "scroll_down", "create", "edit", "insert", "append", "undo_edit", "search_dir", "search_file",
		"find_file", "filemap", "str_replace_editor", "view_image", "submit", "exit_forfeit", "exit_cost", "exit_context", "exit_format",
		"set_cursors", "edit_anthropic", "diff_state", "think", "state", "click_mouse", "open_site", "screenshot_site":
		return word
	}
	return "bash"
}

var (
	shellError  = regexp.MustCompile(`^[\w./-]+: .*(?:No such file(?: or directory)?|command not found|Permission denied|Is a directory|Not a directory)$`)
	pythonError = regexp.MustCompile(`^[\w.]+(?:Error|Exception|Interrupt)(?::|$)`)
	sweError    = regexp.MustCompile(`^(?:Your proposed edit has introduced|Your edit was not applied|Your bash command contained syntax errors|No replacement was performed|Execution failed|Invalid .path. parameter|(?i:error: )|File .+? (?:not found|does not exist))`)
	sweTimeout  = regexp.MustCompile(`^The command '(?s:.*?)' was cancelled because it took more than|(?m:^(?:COMMAND|EXECUTION) TIMED OUT)`)
	sweRefusal  = regexp.MustCompile(`^Interactive operation '(?s:.*?)' is not supported by this environment`)
)

// sweOutcome says whether a tool call failed. No exit code is written, so that
// only what prints a well-known error is known to have failed.
func sweOutcome(t *trace.Tool, observation jsonl.Value) {
	text := strings.TrimSpace(strings.ReplaceAll(observation.String(), "\r\n", "\n"))
	first, _, _ := strings.Cut(text, "\n")
	last := text[strings.LastIndexByte(text, '\n')+1:]
	kind := ""
	switch {
	case text == "":
	case sweTimeout.MatchString(text):
		kind = "timeout"
	case sweRefusal.MatchString(text):
		kind, t.Denied = "denied", true
	case sweError.MatchString(text), shellError.MatchString(first), shellError.MatchString(last),
		pythonError.MatchString(last) && strings.Contains(text, "Traceback (most recent call last):"):
		kind = "tool_error"
	}
	if kind != "" {
		t.Failed, t.Error = true, &trace.Error{Type: kind, Message: clip(cmp.Or(last, first), 300)}
	}
}

// history reads messages where there are no steps. Demonstrations that were
// shown to the model are no part of the run, which ended well if the last thing
// it did was to submit.
func (r *sweAgent) history(messages jsonl.Value) (message string) {
	open, submitted := "", false
	for m := range messages.Elements() {
		r.line = r.s.here(m)
		switch role := m.Get("role"); {
		case m.Get("is_demo").True():
		case role.Is("assistant"):
			r.step++
			message, open, submitted = m.Get("content").String(), "", false
			if r.calls {
				r.s.add(r.line, time.Time{}, &trace.Call{ID: "message-" + strconv.Itoa(r.step)})
			}
			if words := strings.Fields(textHead(m.Get("action"), 200)); len(words) > 0 {
				open, submitted = "step-"+strconv.Itoa(r.step), words[0] == "submit"
				r.call(open, words[0], m.Get("action"))
			}
		case open != "":
			t := &trace.Tool{ID: open}
			sweOutcome(t, m.Get("content"))
			r.s.result(r.line, time.Time{}, t, m.Get("content"))
			open = ""
		}
	}
	if submitted {
		r.s.add(r.line, time.Time{}, &trace.End{Status: trace.Success})
	}
	return message
}

// totals reads what was spent on the run. The cost is 0 where the model has no
// known price; total_cost is that of all runs of a batch.
func (r *sweAgent) totals(info jsonl.Value, invocation string) {
	stats := info.Get("model_stats")
	if stats.Kind() != jsonl.Object {
		return
	}
	t := &trace.Totals{
		Invocation: invocation, CostUSD: money(stats.Get("instance_cost")), Calls: count(stats.Get("api_calls")),
		Usage: trace.Usage{Input: count(stats.Get("tokens_sent")), Output: count(stats.Get("tokens_received"))},
	}
	if t.Calls.N() > 0 && t.Usage.Total().N() == 0 {
		t.Usage = trace.Usage{} // a replay
	}
	if t.CostUSD != nil && *t.CostUSD == 0 && t.Calls.N() > 0 {
		t.CostUSD = nil
	}
	r.s.add(r.s.here(stats), time.Time{}, t)
}

// trajectoryEnd says how a run ended, and what it decided: in its submission, if
// that is no patch, or in its last message.
func trajectoryEnd(s *sink, line int, at time.Time, info jsonl.Value, message string) {
	status := scalar(info.Get("exit_status"))
	if status == "" {
		return
	}
	end := &trace.End{Status: trace.Failure}
	switch reason := strings.TrimSuffix(strings.TrimPrefix(status, "submitted ("), ")"); reason {
	case "submitted", "Submitted":
		end.Status = trace.Success
	case "exit_total_execution_time", "exit_command_timeout", "TimeExceeded":
		end.Status, end.Error = trace.Timeout, &trace.Error{Type: reason}
	case "KeyboardInterrupt", "UserInterruption":
		end.Status, end.Error = trace.Cancelled, &trace.Error{Type: reason}
	default: // also what was submitted for the agent when it was stopped
		end.Error = &trace.Error{Type: clip(reason, 80), Message: clip(info.Get("exception_str").String(), 300)}
	}
	if submission := info.Get("submission").String(); submission != "" && !strings.Contains(submission, "diff --git ") {
		message = submission
	}
	if d := decisionInText(message); d != nil && end.Status == trace.Success {
		s.add(line, at, d)
	}
	s.add(line, at, end)
}
