package ingest

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// codexTools follows the tool calls of a rollout, by call_id.
type codexTools struct {
	s       *sink
	doc     *jsonl.Doc          // for JSON inside strings
	open    map[string]openTool // without an output so far
	running map[string]string   // calls whose command runs on in the background, by the id of its session
	session map[string]string   // those ids, by call
	unnamed int                 // calls without an id
}

type openTool struct {
	name     string
	session  string // that the call looks into, of write_stdin
	answered bool   // the model went on without an output
}

func newCodexTools(s *sink) codexTools {
	return codexTools{s: s, doc: new(jsonl.Doc), open: map[string]openTool{}, running: map[string]string{}, session: map[string]string{}}
}

// maxOpen bounds what is remembered of calls that never end.
const maxOpen = 10_000

func (r *codexTools) call(p jsonl.Value, typ string, line int, at time.Time) {
	id := firstString(p, "call_id", "id")
	if id == "" {
		r.unnamed++
		id = typ + "#" + strconv.Itoa(r.unnamed)
	}
	t := &trace.Tool{ID: id, Name: codexToolName(p, typ), Start: at}
	open := openTool{name: t.Name}
	args := p.Get("arguments")
	switch typ {
	case "custom_tool_call":
		args = p.Get("input")
	case "local_shell_call":
		args = p.Get("action")
	case "web_search_call", "image_generation_call": // run by the provider: no output follows
		args = p.Get("action")
		t.Done = true
		t.Failed = p.Get("status").Is("failed")
	}
	if t.Name == "write_stdin" {
		n, _ := r.s.unpacked(args).Get("session_id").Int()
		open.session = strconv.FormatInt(n, 10)
	}
	r.s.call(line, at, t, args)
	if !t.Done && len(r.open) < maxOpen {
		r.open[id] = open
	}
}

func codexToolName(p jsonl.Value, typ string) string {
	switch typ {
	case "local_shell_call":
		return "local_shell"
	case "web_search_call":
		return "web_search"
	case "tool_search_call":
		return "tool_search"
	case "image_generation_call":
		return "image_generation"
	}
	name := p.Get("name").String()
	if ns := p.Get("namespace").String(); strings.HasPrefix(ns, "mcp__") && !strings.HasPrefix(name, "mcp__") {
		return strings.TrimSuffix(ns, "__") + "__" + name
	}
	return name
}

func (r *codexTools) output(p jsonl.Value, line int, at time.Time) {
	id := p.Get("call_id").String()
	open, known := r.open[id]
	if !known {
		return // of a call that a fork took over, or told before
	}
	delete(r.open, id)
	t := &trace.Tool{ID: id, End: at, Result: codexAnswer(p.Get("output").Raw())}
	res := r.result(p.Get("output"))
	if open.session == "" {
		res.apply(t)
		if res.session != "" && len(r.running) < maxOpen {
			r.running[res.session], r.session[id] = id, res.session
		}
	} else if first := r.running[open.session]; first != "" && res.exit != nil {
		// The exit code is that of the call which started the command.
		r.stopped(open.session)
		began := &trace.Tool{ID: first, End: at, Done: true}
		res.apply(began)
		r.s.add(line, at, began)
	} else {
		res.exit = nil
		res.apply(t)
	}
	r.s.result(line, at, t, p.Get("output"))
}

// answered notes that the model went on after the calls that have no output in the
// file: they had ended, though nobody knows how.
func (r *codexTools) answered(line int, at time.Time) {
	for _, id := range slices.Sorted(maps.Keys(r.open)) {
		if open := r.open[id]; !open.answered {
			open.answered = true
			r.open[id] = open
			r.s.add(line, at, &trace.Tool{ID: id, Passed: true})
		}
	}
}

// codexAnswer tells results apart by what follows the header, which names each
// piece of output anew.
func codexAnswer(raw []byte) uint64 {
	if _, body, ok := bytes.Cut(raw, []byte(`\nOutput:\n`)); ok {
		return answer(body)
	}
	return answer(raw)
}

// codexResult is what the output of a tool says of how it went.
type codexResult struct {
	exit    *int
	session string // of a command that runs on
	failed  bool
	denied  bool
}

func (c codexResult) apply(t *trace.Tool) {
	t.ExitCode, t.Denied = c.exit, c.denied
	t.Failed = c.failed || c.denied || c.exit != nil && *c.exit != 0
}

// result reads an output: text, a list of parts, or text with a mark of success.
func (r *codexTools) result(out jsonl.Value) codexResult {
	var res codexResult
	switch out.Kind() {
	case jsonl.Object:
		ok, known := out.Get("success").Bool()
		res.failed = known && !ok
		if c := out.Get("content"); c.Exists() {
			out = c
		} else {
			out = out.Get("text")
		}
	case jsonl.Array:
		for part := range out.Elements() {
			out = part.Get("text")
			break
		}
	}
	if out.Kind() == jsonl.Array {
		for part := range out.Elements() {
			out = part.Get("text")
			break
		}
	}
	res.read(r.doc, out)
	return res
}

var (
	codexHeader  = regexp.MustCompile(`(?m)^(?:Process exited with code|Exit code:) (-?\d+)$`)
	codexRunning = regexp.MustCompile(`(?m)^Process running with session ID (\d+)$`)
)

// codexHead is how much of an output is looked at: its header.
const codexHead = 600

// read reads the forms in which Codex tells a model how a tool went: a header
// before "Output:", one JSON object with metadata, or a sentence in place of a
// result. What the command itself printed is not looked at.
func (c *codexResult) read(doc *jsonl.Doc, out jsonl.Value) {
	raw := out.Raw()
	if len(raw) > 2 && raw[1] == '{' && bytes.Contains(raw, []byte("exit_code")) {
		if v, _, err := doc.Parse([]byte(out.String())); err == nil {
			c.exit = exitCode(v.Get("metadata", "exit_code"))
			return
		}
	}
	text := string(jsonl.Unescape(nil, head(raw)))
	if !strings.HasPrefix(text, "Chunk ID:") && !strings.HasPrefix(text, "Wall time:") && !strings.HasPrefix(text, "Exit code:") {
		c.sentence(text)
		return
	}
	header, body, _ := strings.Cut(text, "\nOutput:\n")
	if m := codexRunning.FindStringSubmatch(header); m != nil {
		c.session = m[1]
		return
	}
	m := codexHeader.FindStringSubmatch(header)
	if m == nil && strings.HasPrefix(body, "Exit code:") { // of a patch that the shell was asked for
		m = codexHeader.FindStringSubmatch(body)
	}
	if m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			c.exit = &n
		}
	}
}

// head returns the start of a string's inner bytes, cut where no escape is.
func head(raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return nil
	}
	raw = raw[1 : len(raw)-1]
	if len(raw) <= codexHead {
		return raw
	}
	raw = raw[:codexHead]
	if i := bytes.LastIndexByte(raw, '\\'); i > codexHead-12 {
		raw = bytes.TrimRight(raw[:i], "\\")
	}
	return raw
}

// sentence reads the words that stand in place of a result when a call did not
// come to run.
func (c *codexResult) sentence(text string) {
	if text == "aborted" {
		c.failed = true
	}
	for _, s := range []struct {
		prefix string
		denied bool
	}{
		{"unsupported call", false},
		{"unsupported custom tool call", false},
		{"failed to parse function arguments", false},
		{"failed in sandbox", false},
		{"execution error", false},
		{"exec_command failed", false},
		{"write_stdin failed", false},
		{"apply_patch verification failed", false},
		{"tool call error:", false},
		{"collab spawn failed", false},
		{"collab tool failed", false},
		{"Failed to create unified exec process", false},
		{"command timed out", false},
		{"aborted by user", false},
		{"exec command rejected by user", true},
		{"patch rejected by user", true},
		{"rejected by user", true},
		{"user rejected MCP tool call", true},
		{"user cancelled MCP tool call", true},
		{"approval policy is ", true},
	} {
		if strings.HasPrefix(text, s.prefix) {
			c.failed, c.denied = true, s.denied
			return
		}
	}
}

func exitCode(v jsonl.Value) *int {
	n, ok := v.Int()
	if !ok || n != int64(int32(n)) {
		return nil
	}
	code := int(n)
	return &code
}

// item reads an item_completed of the thread's own record, which says exactly
// what the output says in words.
func (r *codexTools) item(item jsonl.Value, line int, at time.Time) {
	switch typ := item.Get("type").String(); typ {
	case "CommandExecution", "FileChange", "McpToolCall":
		r.patch(item.Get("id").String(), item, line, at)
	case "CollabAgentToolCall":
		r.collab(item, line, at)
	case "UserMessage", "AgentMessage", "Reasoning", "Plan", "WebSearch", "Extension", "ImageView", "ImageGeneration",
		"ContextCompaction", "EnteredReviewMode", "ExitedReviewMode", "HookPrompt", "Sleep", "SubAgentActivity", "DynamicToolCall":
	default:
		r.s.drift("item_completed/" + typ)
	}
}

// end reads the older events that say the same.
func (r *codexTools) end(p jsonl.Value, line int, at time.Time) {
	r.patch(p.Get("call_id").String(), p, line, at)
}

// patch adds to a call what an event says of its end. Events of calls that the
// model did not make (commands of a person, steps inside a call) are left out.
func (r *codexTools) patch(id string, p jsonl.Value, line int, at time.Time) {
	session, background := r.session[id]
	if _, open := r.open[id]; !open && !background {
		return
	}
	t := &trace.Tool{ID: id, End: at, ExitCode: exitCode(p.Get("exit_code"))}
	ok, known := p.Get("success").Bool()
	status := p.Get("status")
	t.Denied = status.Is("declined")
	t.Failed = t.Denied || status.Is("failed") || known && !ok || t.ExitCode != nil && *t.ExitCode != 0 ||
		p.Get("result", "Ok", "isError").True() || p.Get("result", "Err").Exists() || p.Get("result", "isError").True()
	if d := p.Get("duration"); d.Kind() == jsonl.Object {
		secs, _ := d.Get("secs").Int()
		nanos, _ := d.Get("nanos").Int()
		if secs >= 0 && secs < 1<<31 && nanos >= 0 {
			t.Duration = trace.Measured(secs*1000 + nanos/1e6)
		}
	}
	if background && t.ExitCode != nil {
		r.stopped(session)
	}
	r.s.add(line, at, t)
}

// stopped forgets a background session.
func (r *codexTools) stopped(session string) {
	delete(r.session, r.running[session])
	delete(r.running, session)
}

// collab reads which threads a call started.
func (r *codexTools) collab(item jsonl.Value, line int, at time.Time) {
	if !item.Get("tool").Is("spawn_agent") {
		return
	}
	for agent := range item.Get("receiver_agents").Elements() {
		if id := agent.Get("thread_id").String(); id != "" {
			r.s.add(line, at, &trace.Subagent{ID: id, Name: agent.Get("agent_role").String(), ToolID: item.Get("id").String(), Start: at})
		}
	}
}

// abandon marks the commands that still run when the process ends, which ends
// them too: nobody has seen how they went.
func (r *codexTools) abandon(line int, at time.Time) {
	for _, session := range slices.Sorted(maps.Keys(r.running)) {
		r.s.add(line, at, &trace.Tool{ID: r.running[session], Failed: true, Error: &trace.Error{Type: "unfinished"}})
	}
	clear(r.running)
	clear(r.session)
}
