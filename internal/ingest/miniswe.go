package ingest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// isMini recognises a trajectory of mini-swe-agent, and the prompt of its first
// version, which wrote nothing but a list of messages.
func isMini(v jsonl.Value, c jsonl.Chunk) bool {
	if info := v.Get("info"); v.Get("messages").Kind() == jsonl.Array && info.Kind() == jsonl.Object {
		return strings.HasPrefix(v.Get("trajectory_format").String(), "mini-swe-agent") || info.Get("mini_version").Exists() ||
			info.Get("model_stats", "api_calls").Exists() && info.Get("exit_status").Kind() != jsonl.Missing
	}
	if !c.Element || !v.Get("role").Is("system") && !v.Get("role").Is("user") {
		return false
	}
	prompt := v.Get("content").String()
	return strings.Contains(prompt, "```mswea_bash_command") || strings.Contains(prompt, "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
}

// mini reads trajectories of mini-swe-agent. Its only tool is a shell. Version 1
// has the commands in the text of the messages, and the exit codes in the text
// of the answers; version 2 has both apart from it.
type mini struct {
	s        *sink
	doc      jsonl.Doc
	line     int
	calls    int
	actions  int
	asked    []string        // ids of the commands of the last message
	pending  map[string]bool // of them, those without an answer
	submits  bool            // the last command ends the run if it succeeds
	last     time.Time
	message  string
	status   string
	elements hash.Hash // of the first messages of a bare list
	started  bool
}

func (r *mini) value(v jsonl.Value, line int) {
	r.line = line
	if v.Get("messages").Kind() != jsonl.Array {
		r.element(v)
		return
	}
	info := v.Get("info")
	r.s.add(r.s.here(info), time.Time{}, &trace.Start{
		Runtime: trace.Runtime{Name: "mini-swe-agent", Version: clip(info.Get("mini_version").String(), 80)},
		Model:   clip(info.Get("config", "model", "model_name").String(), 200),
	})
	for m := range v.Get("messages").Elements() {
		r.record(m)
	}
	r.totals(info.Get("model_stats"))
	trajectoryEnd(r.s, r.s.here(info), r.last, info, r.message)
}

// element reads a message of a bare list. All runs begin with the same message,
// so that what tells one from another reaches up to the first answer.
func (r *mini) element(m jsonl.Value) {
	if !r.started {
		if r.elements == nil {
			r.elements = sha256.New()
		}
		r.elements.Write(m.Raw())
		if !m.Get("role").Is("assistant") {
			return
		}
		r.started = true
		r.s.fallback = hex.EncodeToString(r.elements.Sum(nil)[:8])
		r.s.add(r.line, time.Time{}, &trace.Start{Runtime: trace.Runtime{Name: "mini-swe-agent"}})
	}
	r.record(m)
}

func (r *mini) close() {
	if r.started && r.status == "Submitted" {
		r.s.add(r.line, r.last, &trace.End{Status: trace.Success})
	}
}

// totals reads what the run has cost, which is 0 where that is not known.
func (r *mini) totals(stats jsonl.Value) {
	if stats.Kind() != jsonl.Object {
		return
	}
	t := &trace.Totals{CostUSD: money(stats.Get("instance_cost")), Calls: count(stats.Get("api_calls"))}
	if t.CostUSD != nil && *t.CostUSD == 0 && t.Calls.N() > 0 {
		t.CostUSD = nil
	}
	r.s.add(r.s.here(stats), r.last, t)
}

func (r *mini) record(m jsonl.Value) {
	r.line = r.s.here(m)
	if t := cmp.Or(seconds(m.Get("extra", "timestamp")), seconds(m.Get("timestamp"))); t.After(r.last) {
		r.last = t
	}
	role := m.Get("role").String()
	switch {
	case m.Get("object").Is("response"), role == "assistant":
		r.assistant(m)
	case m.Get("type").Is("function_call_output"):
		r.answer(m.Get("call_id").String(), m.Get("output"), m.Get("extra"))
	case role == "tool":
		r.answer(m.Get("tool_call_id").String(), m.Get("content"), m.Get("extra"))
	case role == "user":
		r.user(m)
	case role == "exit":
		r.exit(m.Get("extra", "exit_status").String())
	case role == "system":
	default:
		r.s.drift("message/" + role)
	}
}

func (r *mini) assistant(m jsonl.Value) {
	response := m.Get("extra", "response")
	if m.Get("object").Is("response") { // OpenAI's Responses API
		response = m
	}
	r.call(response, m.Get("extra"))
	r.asked, r.pending, r.submits = nil, map[string]bool{}, false
	if text := m.Get("content").String(); text != "" {
		r.message = text
	}
	actions := m.Get("extra", "actions")
	for a := range actions.Elements() {
		if a.Kind() == jsonl.Object || a.Kind() == jsonl.String {
			r.action(r.s.here(a), a.Get("tool_call_id").String(), a)
		}
	}
	if actions.Kind() == jsonl.Array {
		return
	}
	if blocks := shellBlock.FindAllStringSubmatch(m.Get("content").String(), 2); len(blocks) == 1 {
		raw, err := json.Marshal(strings.TrimSpace(blocks[0][1]))
		if v, _, bad := r.doc.Parse(raw); err == nil && bad == nil {
			r.action(r.s.here(m.Get("content")), "", v)
		}
	}
}

var (
	shellBlock = regexp.MustCompile("(?s)```(?:bash|mswea_bash_command)[ \t]*\n(.*?)\n```")
	returnCode = regexp.MustCompile(`(?i)return_?code['"]?\s*[:=>]\s*(-?\d{1,9})`)
)

// call reads what a response has cost. Also one that held no command that could
// be read was paid for.
func (r *mini) call(response, extra jsonl.Value) {
	r.calls++
	c := &trace.Call{
		ID: "message-" + strconv.Itoa(r.calls), Model: clip(response.Get("model").String(), 200), End: r.last,
		Usage: miniUsage(response.Get("usage")), CostUSD: money(extra.Get("cost")),
	}
	if c.CostUSD == nil {
		c.CostUSD = money(response.Get("usage", "cost")) // OpenRouter's
	}
	if c.CostUSD != nil && *c.CostUSD == 0 {
		c.CostUSD = nil
	}
	for choice := range response.Get("choices").Elements() {
		c.FinishReason = clip(choice.Get("finish_reason").String(), 80)
		break
	}
	line := r.line
	if u := response.Get("usage"); u.Exists() {
		line = r.s.here(u)
	}
	r.s.add(line, r.last, c)
}

// miniUsage reads the usage of a response, of OpenAI's two protocols or of
// another's that LiteLLM or OpenRouter has translated: they count what was
// cached inside the input. A figure that is too small for that does not.
func miniUsage(u jsonl.Value) trace.Usage {
	in, out := u.Get("prompt_tokens_details"), u.Get("completion_tokens_details")
	whole, output := count(u.Get("prompt_tokens")), count(u.Get("completion_tokens"))
	if !whole.Known() {
		in, out = u.Get("input_tokens_details"), u.Get("output_tokens_details")
		whole, output = count(u.Get("input_tokens")), count(u.Get("output_tokens"))
	}
	read := count(in.Get("cached_tokens")).Or(count(u.Get("cache_read_input_tokens"))).Or(count(u.Get("prompt_cache_hit_tokens")))
	written := count(in.Get("cache_creation_tokens")).Or(count(in.Get("cache_write_tokens"))).Or(count(u.Get("cache_creation_input_tokens")))
	hour := count(in.Get("cache_creation_token_details", "ephemeral_1h_input_tokens"))
	if read.N()+written.N() <= whole.N() {
		whole = minus(whole, read, written)
	}
	return trace.Usage{
		Input: whole, CacheRead: read, CacheWrite5m: minus(written, hour), CacheWrite1h: hour,
		Output: output, Reasoning: count(out.Get("reasoning_tokens")),
	}
}

// seconds returns the time at a number of seconds since 1970, with a fraction.
func seconds(v jsonl.Value) time.Time {
	f, ok := v.Float()
	if !ok || !(f > 0 && f < 1<<33) {
		return time.Time{}
	}
	return time.UnixMilli(int64(f * 1000)).UTC()
}

func (r *mini) action(line int, id string, args jsonl.Value) {
	r.actions++
	id = cmp.Or(id, "action-"+strconv.Itoa(r.actions))
	r.asked, r.pending[id] = append(r.asked, id), true
	r.submits = strings.Contains(cmp.Or(args.Get("command").String(), args.String()), "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
	r.s.call(line, r.last, &trace.Tool{ID: id, Name: "bash", Start: r.last}, args)
}

// user reads what stands in for a person's message: the output of a command, a
// complaint about the response, or a command that a person ran instead.
func (r *mini) user(m jsonl.Value) {
	extra := m.Get("extra")
	switch kind := extra.Get("interrupt_type"); {
	case kind.Is("FormatError"):
		if extra.Get("response").Exists() {
			r.call(extra.Get("response"), extra)
		}
		r.pending = nil
	case kind.Is("UserRejection"):
		for _, id := range r.asked {
			r.s.add(r.line, r.last, &trace.Tool{ID: id, Failed: true, Denied: true, Error: &trace.Error{Type: "denied"}})
		}
		r.pending = nil
	case kind.Exists():
	case extra.Get("actions").Kind() == jsonl.Array:
		r.asked, r.pending = nil, nil
	case len(r.pending) > 0:
		content := m.Get("content")
		for part := range content.Elements() {
			content = part.Get("text")
			break
		}
		r.answer(r.next(), content, extra)
	}
}

// next returns the first command that has no answer yet. Those before it are
// done with.
func (r *mini) next() string {
	for len(r.asked) > 1 && !r.pending[r.asked[0]] {
		r.asked = r.asked[1:]
	}
	return r.asked[0]
}

// answer reads the result of a command.
func (r *mini) answer(id string, content, extra jsonl.Value) {
	if len(r.pending) == 0 || id == "" {
		return // of a command that a person ran
	}
	delete(r.pending, id)
	t := &trace.Tool{ID: id, End: r.last}
	head := textHead(content, 500)
	miniOutcome(t, head, extra)
	if t.ExitCode == nil && !t.Failed && r.submits {
		r.status = "Submitted" // the output of the last command is the submission
	}
	output := content
	if raw := extra.Get("raw_output"); raw.Kind() == jsonl.String {
		output = raw
	}
	r.s.result(r.line, r.last, t, output)
}

// miniOutcome says whether a command failed, by its exit code or by what
// version 1 says instead of one.
func miniOutcome(t *trace.Tool, head string, extra jsonl.Value) {
	code, ok := extra.Get("returncode").Int()
	if m := returnCode.FindStringSubmatch(head); !ok && m != nil {
		code, _ = strconv.ParseInt(m[1], 10, 64)
		ok = true
	}
	exception := extra.Get("exception_info").String()
	switch {
	case exception == "action was not executed":
		t.Failed, t.Error = true, &trace.Error{Type: "not_executed"}
	case exception != "":
		t.Failed, t.Error = true, &trace.Error{Type: "tool_error", Message: clip(exception, 300)}
		if strings.Contains(exception, "timed out") {
			t.Error.Type = "timeout"
		}
	case ok:
		n := int(code)
		t.ExitCode = &n
		if n != 0 {
			t.Failed, t.Error = true, &trace.Error{Type: "exit_code"}
		}
	case strings.HasPrefix(head, "Command not executed. The user rejected"):
		t.Failed, t.Denied, t.Error = true, true, &trace.Error{Type: "denied"}
	case strings.HasPrefix(head, "The last command") && strings.Contains(head, "timed out"):
		t.Failed, t.Error = true, &trace.Error{Type: "timeout"}
	}
}

// exit reads the last message of version 2. The command that submitted has no
// answer of its own.
func (r *mini) exit(status string) {
	if r.status = status; status != "Submitted" {
		return
	}
	for _, id := range r.asked {
		if r.pending[id] {
			r.s.result(r.line, r.last, &trace.Tool{ID: id, End: r.last}, jsonl.Value{})
		}
	}
	r.pending = nil
}
