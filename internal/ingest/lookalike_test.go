package ingest_test

import (
	"bytes"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// read reads a file and returns what it was and its first record.
func read(name, raw string) (string, trace.Record) {
	var first trace.Record
	f := ingest.New(ingest.Options{Name: name, Find: func(finding.Finding) {}, Emit: func(r trace.Record) {
		if first.Fact == nil {
			first = r
		}
	}})
	r := jsonl.NewReader(bytes.NewReader([]byte(raw)), 0)
	for {
		c, err := r.Next()
		if err != nil {
			break
		}
		f.Chunk(c)
	}
	return f.Close().Format, first
}

// TestLookalikes has first lines of agents that took over the names of Claude
// Code's formats, beside Claude Code's own.
func TestLookalikes(t *testing.T) {
	for _, test := range []struct{ format, line string }{
		{"claude-code/stream-json", `{"type":"system","subtype":"init","cwd":"/w","session_id":"s","tools":["Bash"],"mcp_servers":[],"model":"claude-sonnet-4-5","permissionMode":"default","apiKeySource":"none"}`},
		{"claude-code/stream-json", `{"type":"system","subtype":"init","cwd":"/w","session_id":"s","tools":["Bash"],"model":"claude-sonnet-4-5","uuid":"u"}`},
		{"droid/stream-json", `{"type":"system","subtype":"init","cwd":"/w","session_id":"s","tools":["Execute"],"model":"claude-sonnet-4-5","reasoning_effort":"off"}`},
		{"qwen-code/stream-json", `{"type":"system","subtype":"init","cwd":"/w","session_id":"s","uuid":"u","tools":[],"mcp_servers":[],"model":"m","permission_mode":"yolo","qwen_code_version":"0.14.0"}`},
		{"claude-code/stream-json", `{"type":"assistant","uuid":"u","session_id":"s","message":{"id":"m","role":"assistant","model":"claude-sonnet-4-5","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}`},
		{"qwen-code/stream-json", `{"type":"assistant","uuid":"u","session_id":"s","message":{"id":"m","role":"assistant","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}}`},
		{"claude-code/json", `{"type":"result","subtype":"success","is_error":false,"duration_ms":5,"duration_api_ms":4,"num_turns":1,"result":"ok","session_id":"s","total_cost_usd":0.1}`},
		{"andon/trace", `{"type":"log","run_id":"r","time":"2026-11-21T09:00:00Z","message":"m","severity":"info"}`},
		{"andon/trace", `{"type":"score","run_id":"r","time":"2026-11-21T09:00:00Z","name":"n","value":1}`},
		{"", `{"type":"log","run_id":"r","time":"2026-11-21T09:00:00Z","message":"m","logger":"app"}`},
		{"", `{"type":"log","time":"2026-11-21T09:00:00Z","message":"m"}`},
		{"", `{"type":"score","run_id":"r","time":"2026-11-21T09:00:00Z","name":7}`},
		{"droid/json", `{"type":"result","subtype":"success","is_error":false,"duration_ms":5,"num_turns":1,"result":"ok","session_id":"s"}`},
		{"claude-code/session", `{"type":"user","uuid":"u","parentUuid":null,"sessionId":"11111111-2222-4333-8444-555555555555","isSidechain":false,"message":{"role":"user","content":"hi"}}`},
		{"iflow-cli/session", `{"type":"user","uuid":"u","parentUuid":null,"sessionId":"session-11111111-2222-4333-8444-555555555555","isSidechain":false,"message":{"role":"user","content":"hi"}}`},
		{"qwen-code/session", `{"type":"user","uuid":"u","parentUuid":null,"sessionId":"11111111-2222-4333-8444-555555555555","message":{"role":"user","parts":[{"text":"hi"}]}}`},
		{"claude-code/session", `{"type":"system","subtype":"turn_duration","uuid":"u","parentUuid":"p","sessionId":"11111111-2222-4333-8444-555555555555","durationMs":3}`},
		{"qwen-code/session", `{"type":"system","subtype":"slash_command","uuid":"u","parentUuid":null,"sessionId":"11111111-2222-4333-8444-555555555555","systemPayload":{"phase":"invocation"}}`},
	} {
		if got, _ := read("file", test.line); got != test.format {
			t.Errorf("got %q, want %q for %s", got, test.format, test.line)
		}
	}
}

// TestPlaceNamesRun has files that name no run, but for where they lie.
func TestPlaceNamesRun(t *testing.T) {
	const (
		code     = `{"type":"metadata","protocol_version":"1.4","created_at":1790000000000}`
		cli      = `{"timestamp":1780000000.5,"message":{"type":"TurnBegin","payload":{"user_input":"hi"}}}`
		context  = `{"role":"_checkpoint","id":0}`
		settings = `{"model":"m","autonomyMode":"normal","tokenUsage":{"inputTokens":1}}`
		id       = "11111111-2222-4333-8444-555555555555"
	)
	for _, test := range []struct{ name, raw, run string }{
		{"sessions/wd_x/session_" + id + "/agents/main/wire.jsonl", code, "session_" + id},
		{`sessions\wd_x\session_` + id + `\agents\agent-0\wire.jsonl`, code, "session_" + id},
		{"sessions/0f/" + id + "/wire.jsonl", cli, id},
		{"sessions/0f/" + id + "/subagents/a1/context.jsonl", context, id},
		{"wire.jsonl", cli, ""},
		{"logs/wire.jsonl", code, ""},
		{"sessions/-w/" + id + ".settings.json", settings, id},
	} {
		_, r := read(test.name, test.raw)
		if r.Fact == nil || r.RunID == "" {
			t.Errorf("%s: no record, or no run", test.name)
		} else if got := r.RunID; got != test.run && (test.run != "" || !r.Unnamed) {
			t.Errorf("%s: got run %q, want %q", test.name, got, test.run)
		}
	}
}
