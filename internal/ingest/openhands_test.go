package ingest

import (
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
)

func TestConversationOf(t *testing.T) {
	tests := []struct {
		file, id string
		fallback bool
	}{
		{"c/aaaabbbbccccddddeeeeffff00001111/events/event-00003-0a0a0a0a-0000.json", "aaaabbbb-cccc-dddd-eeee-ffff00001111", false},
		{"AAAABBBB-CCCC-DDDD-EEEE-FFFF00001111/base_state.json", "aaaabbbb-cccc-dddd-eeee-ffff00001111", false},
		{`c\aaaabbbbccccddddeeeeffff00001111\events\7.json`, "aaaabbbb-cccc-dddd-eeee-ffff00001111", false},
		{"sessions/nightly/events/7.json", "", true},
		{"sessions/nightly/event_cache/0-25.json", "", true},
		{"aaaabbbbccccddddeeeeffff00001111/events.jsonl", "", false},
		{"events/7.json", "", true},
		{"7.json", "", false},
	}
	for _, tt := range tests {
		id, fallback := conversationOf(tt.file)
		if id != tt.id || (fallback != "") != tt.fallback {
			t.Errorf("%s: got %q and %q", tt.file, id, fallback)
		}
	}
	_, a := conversationOf("x/s/events/1.json")
	_, b := conversationOf("x/s/event_cache/0-25.json")
	_, c := conversationOf("y/s/events/1.json")
	if a != b || a == c {
		t.Errorf("the files of one folder have the names %s and %s, those of another %s", a, b, c)
	}
}

// TestNotOurs holds values back that look like those of accounts and events.
func TestNotOurs(t *testing.T) {
	for _, line := range []string{
		`{"source":"user","action":"login","message":"ok","id":4,"timestamp":"2026-01-01T00:00:00Z"}`,
		`{"kind":"log","id":"1","timestamp":"2026-01-01T00:00:00Z","source":"agent"}`,
		`{"run_id":7,"effective_tokens":5,"input_tokens":1,"output_tokens":2}`,
		`{"input_tokens":1,"output_tokens":2}`,
		`{"history":[{"role":"user","content":"x"}],"metadata":{}}`,
		`{"num_turns":3,"total_cost_usd":0.1,"type":"result"}`,
		`{"provider":"openai","model":"m","input_tokens":1,"request_id":"r"}`,
	} {
		var doc jsonl.Doc
		v, _, err := doc.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		for _, fm := range append(append(ghawFormats(), openHandsFormats()...), format{name: fullsendFormat, match: isFullsend}) {
			if fm.match(v, jsonl.Chunk{}) {
				t.Errorf("%s is taken for %s", line, fm.name)
			}
		}
	}
}
