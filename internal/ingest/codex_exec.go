package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// codexExecFormat is the stream that `codex exec --json` prints. It has no
// times and no model, and its usage is the main thread's running total.
const codexExecFormat = "codex/exec"

func isCodexExec(v jsonl.Value, _ jsonl.Chunk) bool {
	switch typ := v.Get("type"); {
	case typ.Is("thread.started"):
		return v.Get("thread_id").Kind() == jsonl.String
	case typ.Is("turn.completed"):
		return v.Get("usage").Kind() == jsonl.Object
	case typ.Is("item.started"), typ.Is("item.updated"), typ.Is("item.completed"):
		return v.Get("item", "type").Kind() == jsonl.String
	}
	return false
}

// codexExec reads a stream.
type codexExec struct {
	s       *sink
	open    map[string]string // tool ids by the id of the item that has not ended
	running map[string]bool   // of them, commands
	prefix  hash.Hash         // over the lines so far
	total   runningTotal
	message string // the last of the agent
	errors  int
}

func newCodexExec(s *sink) reader {
	return &codexExec{s: s, open: map[string]string{}, running: map[string]bool{}, prefix: sha256.New()}
}

func (r *codexExec) value(v jsonl.Value, line int) {
	switch typ := v.Get("type").String(); typ {
	case "thread.started":
		r.s.run = v.Get("thread_id").String()
		r.add(line, &trace.Start{Runtime: trace.Runtime{Name: codexRuntime}})
	case "turn.started":
	case "item.started", "item.updated", "item.completed":
		r.item(v.Get("item"), line, typ == "item.completed")
	case "turn.completed":
		r.completed(v, line)
	case "turn.failed":
		r.failed(v.Get("error", "message").String(), line)
	case "error":
		r.event(v.Get("message").String(), line)
	default:
		r.s.drift(typ)
	}
	r.prefix.Write(v.Raw())
}

func (r *codexExec) close() {}

func (r *codexExec) add(line int, f trace.Fact) { r.s.add(line, time.Time{}, f) }

// toolID returns the identity of an item's tool call. Items are numbered anew
// by every invocation that resumes a thread, and the stream does not name the
// invocation: what it has shown so far tells two of them apart, and two copies
// of one are the same.
func (r *codexExec) toolID(item string) string {
	if id, ok := r.open[item]; ok {
		return id
	}
	sum := r.prefix.Sum(nil)
	return item + "@" + hex.EncodeToString(sum[:8])
}

func (r *codexExec) item(item jsonl.Value, line int, done bool) {
	switch typ := item.Get("type").String(); typ {
	case "agent_message":
		if done {
			r.message = item.Get("text").String()
		}
	case "reasoning", "todo_list":
	case "error": // a warning about the configuration, or a note that output was cut
		if done {
			r.add(line, &trace.Log{Severity: "warning", Message: clip(item.Get("message").String(), 500)})
		}
	case "command_execution", "file_change", "mcp_tool_call", "collab_tool_call", "web_search":
		r.tool(item, typ, line, done)
	default:
		r.s.drift("item/" + typ)
	}
}

func (r *codexExec) tool(item jsonl.Value, typ string, line int, done bool) {
	key := item.Get("id").String()
	id := r.toolID(key)
	t := &trace.Tool{ID: id, Name: typ, Done: done}
	switch typ {
	case "command_execution":
		r.s.await(id, r.s.describe(t, item.Get("command")))
	case "mcp_tool_call":
		t.Name = "mcp__" + item.Get("server").String() + "__" + item.Get("tool").String()
		r.s.await(id, r.s.describe(t, item.Get("arguments")))
	case "file_change":
		t.Changes = codexFiles(item.Get("changes"))
	case "collab_tool_call":
		t.Name = item.Get("tool").String()
		r.subagents(item, id, line)
	}
	if !done {
		if len(r.open) < 10_000 {
			r.open[key] = id
			r.running[key] = typ == "command_execution"
		}
		r.add(line, t)
		return
	}
	delete(r.open, key)
	delete(r.running, key)
	codexItemResult(t, item)
	out := item.Get("aggregated_output")
	if !out.Exists() {
		out = item.Get("result")
	}
	r.s.result(line, time.Time{}, t, out)
}

// codexFiles reads the files of a patch. How many lines it changes is not said.
func codexFiles(list jsonl.Value) []trace.Change {
	var out []trace.Change
	for c := range list.Elements() {
		kind := trace.Edited
		if c.Get("kind").Is("delete") || c.Get("kind", "type").Is("delete") {
			kind = trace.Deleted
		}
		if file := c.Get("path").String(); file != "" {
			out = append(out, trace.Change{Kind: kind, Path: file})
		}
	}
	return out
}

// codexItemResult reads how a tool item ended; `failed` is also the status of a
// patch that did not apply, `declined` that of what a rule forbade.
func codexItemResult(t *trace.Tool, item jsonl.Value) {
	t.ExitCode = exitCode(item.Get("exit_code"))
	t.Failed = t.ExitCode != nil && *t.ExitCode != 0
	status := item.Get("status")
	t.Denied = status.Is("declined")
	t.Failed = t.Failed || t.Denied || status.Is("failed") || item.Get("result", "isError").True()
	if e := item.Get("error"); e.Exists() {
		t.Failed = true
		t.Error = &trace.Error{Message: clip(e.Get("message").String(), 500)}
	}
}

// subagents reads the threads that a call of the multi-agent tools is about.
// Only one that spawns says which are new.
func (r *codexExec) subagents(item jsonl.Value, toolID string, line int) {
	spawn := item.Get("tool").Is("spawn_agent")
	states := item.Get("agents_states")
	for thread := range item.Get("receiver_thread_ids").Elements() {
		id := thread.String()
		if id == "" {
			continue
		}
		sub := &trace.Subagent{ID: id, Status: codexAgentStatus(states.Get(id).Get("status").String())}
		if spawn {
			sub.ToolID = toolID
		}
		if spawn || sub.Status != "" {
			r.add(line, sub)
		}
	}
}

func codexAgentStatus(s string) trace.Status {
	switch s {
	case "completed", "shutdown":
		return trace.Success
	case "errored":
		return trace.Failure
	case "interrupted":
		return trace.Cancelled
	}
	return ""
}

// completed ends a turn. A command that still runs then is killed with it.
func (r *codexExec) completed(v jsonl.Value, line int) {
	for _, key := range slices.Sorted(maps.Keys(r.open)) {
		if r.running[key] {
			r.add(line, &trace.Tool{ID: r.open[key], Failed: true, Error: &trace.Error{Type: "unfinished"}})
		}
	}
	clear(r.open)
	clear(r.running)
	if usage := v.Get("usage"); usage.Kind() == jsonl.Object {
		r.total.grow(codexUsage(usage))
		r.add(line, &trace.Totals{Running: true, Usage: r.total.sum()})
	}
	if d := decisionInText(r.message); d != nil {
		r.add(line, d)
	}
	r.add(line, &trace.End{Status: trace.Success})
}

func (r *codexExec) failed(msg string, line int) {
	end := &trace.Error{Type: "turn_failed", Message: clip(msg, 500)}
	if e := codexRequestError(msg); e != nil {
		end = e
		r.request(e, line)
	}
	r.add(line, &trace.End{Status: trace.Failure, Error: end})
}

// event reads an error that did not end the turn. The one that does is told
// twice, here and by turn.failed, where it is counted.
func (r *codexExec) event(msg string, line int) {
	if strings.HasPrefix(msg, "Reconnecting...") {
		r.request(codexRequestError(msg), line)
		return
	}
	r.add(line, &trace.Log{Severity: "error", Message: clip(msg, 500)})
}

// request counts a failed request.
func (r *codexExec) request(e *trace.Error, line int) {
	r.errors++
	sum := sha256.Sum256([]byte(e.Message))
	r.add(line, &trace.Call{ID: "error " + strconv.Itoa(r.errors) + " " + hex.EncodeToString(sum[:8]), Error: e})
}
