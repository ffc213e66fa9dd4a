package secret

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// streams are the lines in which CLIs and interfaces stream a message. %s is a
// piece in JSON, %d what differs from line to line.
func streams() map[string]string {
	return map[string]string{
		"Claude, text":      `{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%s}},"session_id":"c0ffee","uuid":"%d"}`,
		"Claude, input":     `{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":%s}},"uuid":"%d"}`,
		"Claude, thinking":  `{"event":{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":%s}},"uuid":"%d"}`,
		"chat":              `{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}],"created":%d}`,
		"chat, events":      `data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":%s}}],"created":%d}`,
		"chat, arguments":   `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":%s}}]}}],"created":%d}`,
		"responses":         `{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":%s,"sequence_number":%d}`,
		"Codex":             `{"method":"item/agentMessage/delta","params":{"threadId":"t","turnId":"u","itemId":"i","delta":%s},"n":%d}`,
		"Copilot":           `{"type":"assistant.message_delta","data":{"messageId":"m","deltaContent":%s},"id":"%d"}`,
		"Gemini":            `{"type":"message","role":"assistant","content":%s,"delta":true,"timestamp":"%d"}`,
		"Pi":                `{"type":"message_update","assistantMessageEvent":{"type":"text_delta","contentIndex":0,"delta":%s},"n":%d}`,
		"a list of content": `{"type":"delta","content":[{"type":"text","text":%s}],"n":%d}`,
	}
}

// stream writes a text as a message in pieces of some characters each.
func stream(form, text string, r *rand.Rand) string {
	var b strings.Builder
	for n, runes := 0, []rune(text); len(runes) > 0; n++ {
		size := min(len(runes), 1+r.IntN(9))
		piece, _ := json.Marshal(string(runes[:size]))
		fmt.Fprintf(&b, form+"\n", piece, n)
		runes = runes[size:]
	}
	return b.String()
}

// together returns what the pieces of a stream say.
func together(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		raw := []byte(line[strings.IndexByte(line, '{'):])
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		for _, l := range leaves(string(raw)) {
			b.WriteString(l)
		}
	}
	return b.String()
}

// TestStreamed holds that a credential is found in the pieces of a message, and
// that no piece of it is left.
func TestStreamed(t *testing.T) {
	s := scanner(t, Known{"K", "correcthorse7battery"})
	for name, form := range streams() {
		for i, example := range append(exactOnes(), "DB_PASSWORD={20*A}", "postgres://app:{20*A}@db.internal/app", `{"name": "API_KEY", "value": "{32*A}"}`, "correcthorse7battery",
			"-----BEGIN RSA PRIVATE KEY-----\n{64*B}\n{64*B}\n-----END RSA PRIVATE KEY-----") {
			r := rand.New(rand.NewPCG(uint64(i), 9))
			value := expand(example, uint64(i)+60)
			text := stream(form, "I found \"it\":\n"+value+" and\tgo on\n", r)
			found := s.Scan([]byte(text))
			if len(found) == 0 {
				t.Errorf("%s: %s is not found in %.300s", name, example, text)
				continue
			}
			out, _ := s.Redact([]byte(text))
			if a, b := strings.Count(text, "\n"), strings.Count(string(out), "\n"); a != b {
				t.Errorf("%s: %d lines became %d", name, a, b)
			}
			left := together(t, string(out))
			if tail := value[len(value)-14:]; !strings.HasPrefix(example, "{") && !strings.Contains(example, "internal") && strings.Contains(left, tail) || !strings.Contains(left, "[REDACTED:") {
				t.Errorf("%s: %s left %s", name, example, left)
			}
			if again, more := s.Redact(out); string(again) != string(out) || hasError(more) {
				t.Errorf("%s: %s is found again in %s", name, example, out)
			}
		}
	}
}

// TestStreamedApart holds that what different messages say makes no credential,
// and that one between the pieces of another is found.
func TestStreamedApart(t *testing.T) {
	s := scanner(t)
	line := func(index int, text string) string {
		return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%q}}`+"\n", index, text)
	}
	token := expand("ghp_{36*A}", 3)
	if found := s.Scan([]byte(line(0, token[:20]) + line(1, token[20:]))); len(found) > 0 {
		t.Errorf("found %s in two messages", ids(found))
	}
	other := expand("npm_{36*A}", 4)
	out, found := s.Redact([]byte(line(0, token[:20]) + line(1, "it is "+other) + line(0, token[20:])))
	if len(found) != 2 || strings.Contains(string(out), other) || strings.Contains(string(out), token[:20]) || strings.Contains(string(out), token[20:]) {
		t.Errorf("found %s, left %s", ids(found), out)
	}
}

// TestStreamedAnywhere puts the word at every place of lines of every length.
func TestStreamedAnywhere(t *testing.T) {
	for _, word := range []string{"delta", "Delta", "lta", "elta", "dela", "Dealt", "ltadelta"} {
		want := strings.Contains(word, "elta") && strings.ContainsAny(word, "dD")
		for size := len(word); size < 110; size++ {
			for at := 0; at+len(word) < size; at++ {
				line := "{" + strings.Repeat("l", at) + word + strings.Repeat("t", size-at-len(word))
				if Streamed([]byte(line)) != want {
					t.Fatalf("%q: want %t", line, want)
				}
			}
		}
	}
}
