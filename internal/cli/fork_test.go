package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/session"
)

// claudeLines writes lines of Claude Code's session files, one for each turn: a
// prompt ("?"), or a call with an id that uses a tool. Turn n of the file is at
// minute n of 09:00.
func claudeLines(id, more string, turns ...string) string {
	var out strings.Builder
	for n, turn := range turns {
		head := fmt.Sprintf(`"sessionId":%q,"version":"2.1.0","isSidechain":false,"uuid":"u%d","timestamp":"2026-11-20T09:%02d:00.000Z"%s`, id, n, n, more)
		switch {
		case turn == "": // somebody else's
		case turn == "?":
			fmt.Fprintf(&out, `{"type":"user","message":{"role":"user","content":"Go on."},%s}`+"\n", head)
		default:
			fmt.Fprintf(&out, `{"type":"assistant","message":{"id":"msg_01Fork00000000000%s","role":"assistant","model":"claude-sonnet-4-5","stop_reason":"end_turn","content":[{"type":"text","text":"Ok."},{"type":"tool_use","id":"toolu_01Fork000000000%s","name":"Read","input":{}}],"usage":{"input_tokens":100,"output_tokens":10}},%s}`+"\n", turn, turn, head)
		}
	}
	return out.String()
}

func message(parent, id, session, at, msg string) string {
	return fmt.Sprintf(`{"type":"assistant","parentUuid":%q,"uuid":%q,"sessionId":%q,"version":"1.0.98","isSidechain":false,"timestamp":%q,"message":{"id":%q,"role":"assistant","model":"claude-sonnet-4-5","stop_reason":null,"content":[{"type":"text","text":"Ok."}],"usage":{"input_tokens":100,"output_tokens":10}}}`+"\n",
		parent, id, session, at, msg)
}

func prompt(parent, id, session, at string) string {
	return fmt.Sprintf(`{"type":"user","parentUuid":%s,"uuid":%q,"sessionId":%q,"version":"1.0.98","isSidechain":false,"timestamp":%q,"message":{"role":"user","content":"Go on."}}`+"\n",
		parent, id, session, at)
}

// codexTotals writes what the calls of a thread used so far.
func codexTotals(at string, totals ...int) string {
	var out strings.Builder
	for n, total := range totals {
		fmt.Fprintf(&out, `{"timestamp":"2026-11-20T%s:0%d.000Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":%d,"output_tokens":%d}}}}`+"\n", at, n, total, total/10)
	}
	return out.String()
}

// openCodeMessage writes a message of an export, t in milliseconds.
func openCodeMessage(id string, t int64) string {
	return fmt.Sprintf(`{"info":{"id":%q,"role":"assistant","providerID":"p","modelID":"m","finish":"stop","time":{"created":%d,"completed":%d},"tokens":{"input":100,"output":10,"reasoning":0,"cache":{"read":0,"write":0}}},"parts":[]}`, id, t, t+2345)
}

func openCodeExport(id string, t int64, messages ...string) string {
	return fmt.Sprintf(`{"info":{"id":%q,"version":"1.18.0","time":{"created":%d,"updated":%d}},"messages":[%s]}`, id, t, t, strings.Join(messages, ","))
}

// story tells of each run what is its own.
func story(r *session.Report) string {
	var out []string
	var runs []*session.Run
	for _, s := range r.Sessions {
		runs = append(runs, s.Runs...)
	}
	slices.SortFunc(runs, func(x, y *session.Run) int { return x.Start.Compare(y.Start) })
	for _, run := range runs {
		line := fmt.Sprintf("%s: %v calls, %v in, %v tools, %s for %vs", run.ID, run.LLMCalls, run.Usage.Input, run.ToolCalls, run.Start.Format("15:04"), run.DurationMS.N()/1000)
		if run.ForkedFrom != "" {
			line += ", from " + run.ForkedFrom
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestForks(t *testing.T) {
	branch := func(from string) string { return `,"forkedFrom":{"sessionId":"` + from + `","messageUuid":"u1"}` }
	const hour, ms = 3600_000, int64(1_795_165_200_123)
	codex := func(id, more, at string, calls ...string) string {
		out := fmt.Sprintf(`{"timestamp":"2026-11-20T%s:00.000Z","type":"session_meta","payload":{"id":%q,"timestamp":"2026-11-20T%s:00.000Z","cwd":"/w","originator":"codex_exec","cli_version":"0.169.0"%s}}`+"\n", at, id, at, more)
		for n, c := range calls {
			thread, call, _ := strings.Cut(c, " ")
			if n == 0 || thread == id {
				out += fmt.Sprintf(`{"timestamp":"2026-11-20T%s:0%d.000Z","type":"event_msg","payload":{"type":"task_started","turn_id":"t","started_at":%d}}`+"\n", at, n+1, map[bool]int{true: 1795165200 + 24*hour, false: 1}[thread == id])
			}
			out += fmt.Sprintf(`{"timestamp":"2026-11-20T%s:0%d.500Z","type":"token_usage_record","payload":{"thread_id":%q,"response_id":%q,"usage":{"input_tokens":100,"output_tokens":10}}}`+"\n", at, n+1, thread, call)
		}
		return out
	}
	pi := func(id, more, at string, calls ...int64) string {
		out := fmt.Sprintf(`{"type":"session","version":3,"id":%q,"timestamp":"2026-11-20T%s:00.000Z","cwd":"/w"%s}`+"\n", id, at, more)
		for _, c := range calls {
			out += fmt.Sprintf(`{"type":"message","id":"e%d","timestamp":"2026-11-20T%02d:00:05.000Z","message":{"role":"assistant","content":[{"type":"text","text":"Ok."}],"provider":"p","model":"m","usage":{"input":100,"output":10,"cacheRead":0,"cacheWrite":0},"stopReason":"stop","timestamp":%d}}`+"\n", c, c, 1795165200000+(c-9)*hour+int64(2000))
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		files []string
		want  string
	}{
		{"a copy under a new id, gone on with", []string{
			claudeLines("old", "", "?", "a", "b"),
			claudeLines("new", "", "?", "a", "b", "?", "c"),
		}, "old: 2 calls, 200 in, 2 tools, 09:00 for 120s\nnew: 1 calls, 100 in, 1 tools, 09:03 for 60s, from old"},
		{"a copy with nothing new", []string{
			claudeLines("old", "", "?", "a", "b"),
			claudeLines("new", branch("old"), "?", "a", "b"),
		}, "old: 2 calls, 200 in, 2 tools, 09:00 for 120s\nnew: 0 calls, 0 in, 0 tools, 09:02 for 0s, from old"},
		{"the old session went on as well", []string{
			claudeLines("old", "", "?", "a", "b", "", "", "", "?", "d"),
			claudeLines("new", branch("old"), "?", "a", "b") + claudeLines("new", "", "", "", "", "?", "c"),
		}, "old: 3 calls, 300 in, 3 tools, 09:00 for 420s\nnew: 1 calls, 100 in, 1 tools, 09:03 for 60s, from old"},
		{"three generations", []string{
			claudeLines("one", "", "?", "a", "b"),
			claudeLines("two", "", "?", "a", "b", "?", "c"),
			claudeLines("three", "", "?", "a", "b", "?", "c", "?", "d"),
		}, "one: 2 calls, 200 in, 2 tools, 09:00 for 120s\ntwo: 1 calls, 100 in, 1 tools, 09:03 for 60s, from one\nthree: 1 calls, 100 in, 1 tools, 09:05 for 60s, from two"},
		{"two forks of what is not there", []string{
			claudeLines("two", branch("one"), "?", "a") + claudeLines("two", "", "", "", "?", "c"),
			claudeLines("three", branch("one"), "?", "a") + claudeLines("three", "", "", "", "", "", "?", "d"),
		}, "two: 2 calls, 200 in, 2 tools, 09:00 for 180s, from one\nthree: 1 calls, 100 in, 1 tools, 09:04 for 60s, from one"},
		{"snapshots of one session", []string{
			claudeLines("old", "", "?", "a"),
			claudeLines("old", "", "?", "a", "b"),
			claudeLines("old", "", "?", "a", "b", "?", "c"),
		}, "old: 3 calls, 300 in, 3 tools, 09:00 for 240s"},
		{"a session resumed by an old version, which gives the copies of answers the new id and time", []string{
			prompt("null", "u1", "old", "2026-11-20T09:00:00.000Z") + message("u1", "u2", "old", "2026-11-20T09:01:00.000Z", "msg_01Resume0000000001"),
			`{"type":"summary","summary":"Old.","leafUuid":"u2"}` + "\n" +
				prompt("null", "u1", "old", "2026-11-20T09:00:00.000Z") + message("u1", "v2", "new", "2026-11-20T10:00:00.000Z", "msg_01Resume0000000001") +
				prompt(`"v2"`, "v3", "new", "2026-11-20T10:01:00.000Z") + message("v3", "v4", "new", "2026-11-20T10:02:00.000Z", "msg_01Resume0000000002"),
		}, "old: 1 calls, 100 in, 0 tools, 09:00 for 60s\nnew: 1 calls, 100 in, 0 tools, 10:01 for 60s, from old"},
		{"the same, without the old one", []string{
			prompt("null", "u1", "old", "2026-11-20T09:00:00.000Z") + message("u1", "v2", "new", "2026-11-20T10:00:00.000Z", "msg_01Resume0000000001") +
				prompt(`"v2"`, "v3", "new", "2026-11-20T10:01:00.000Z") + message("v3", "v4", "new", "2026-11-20T10:02:00.000Z", "msg_01Resume0000000002"),
		}, "new: 2 calls, 200 in, 0 tools, 10:00 for 120s, from old"},
		{"Codex, which names the thread", []string{
			codex("019f-old", "", "09:00", "019f-old resp_0000000000000000001", "019f-old resp_0000000000000000002"),
			codex("019f-new", `,"forked_from_id":"019f-old"`, "10:00", "019f-new resp_0000000000000000003"),
		}, "019f-old: 2 calls, 200 in, 0 tools, 09:00 for 2s\n019f-new: 1 calls, 100 in, 0 tools, 10:00 for 1s, from 019f-old"},
		{"Codex, of which an old version writes running totals", []string{
			codex("019f-old", "", "09:00") + codexTotals("09:00", 100, 200),
			codex("019f-new", `,"forked_from_id":"019f-old"`, "10:00") + codex("019f-old", "", "10:00") + codexTotals("10:00", 100, 200) +
				`{"timestamp":"2026-11-20T10:01:00.000Z","type":"event_msg","payload":{"type":"task_started","turn_id":"t"}}` + "\n" + codexTotals("10:01", 300),
		}, "019f-old: 2 calls, 200 in, 0 tools, 09:00 for 1s\n019f-new: 1 calls, 100 in, 0 tools, 10:00 for 60s, from 019f-old"},
		{"pi", []string{
			pi("0198-old", "", "09:00", 9, 10),
			pi("0198-new", `,"parentSession":"/x/2026_0198-old.jsonl"`, "11:00", 9, 10, 11),
			pi("0198-newer", `,"parentSession":"/x/2026_0198-new.jsonl"`, "12:00", 9, 10, 11, 12),
		}, "0198-old: 2 calls, 200 in, 0 tools, 09:00 for 3605s\n0198-new: 1 calls, 100 in, 0 tools, 11:00 for 5s, from 0198-old\n0198-newer: 1 calls, 100 in, 0 tools, 12:00 for 5s, from 0198-new"},
		{"OpenCode, which gives the copies new ids", []string{
			openCodeExport("ses_old", ms, openCodeMessage("msg_e0000000000000000001", ms), openCodeMessage("msg_e0000000000000000002", ms+9000)),
			openCodeExport("ses_new", ms+hour, openCodeMessage("msg_f0000000000000000001", ms), openCodeMessage("msg_f0000000000000000002", ms+9000), openCodeMessage("msg_f0000000000000000003", ms+hour)),
		}, "ses_old: 2 calls, 200 in, 0 tools, 09:00 for 11s\nses_new: 1 calls, 100 in, 0 tools, 10:00 for 2s, from ses_old"},
	} {
		for _, names := range []string{"abc", "cba"} {
			t.Run(tt.name+" "+names, func(t *testing.T) {
				dir := t.TempDir()
				for i, text := range tt.files {
					if err := os.WriteFile(filepath.Join(dir, names[i:i+1]+".jsonl"), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if got := story(collected(t, dir)); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
	}
}
