package ingest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// documents returns the transcripts that are one JSON object.
func documents(t *testing.T) map[string][]byte {
	files, err := filepath.Glob("../../testdata/transcripts/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if json.Valid(raw) && bytes.TrimSpace(raw)[0] == '{' {
			out[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = raw
		}
	}
	return out
}

// records reads a file.
func records(name string, raw []byte) []trace.Record {
	var out []trace.Record
	f := ingest.New(ingest.Options{Name: name, Emit: func(r trace.Record) { out = append(out, r) }, Find: func(finding.Finding) {}})
	r := jsonl.NewReader(bytes.NewReader(raw), 0)
	for {
		c, err := r.Next()
		if err != nil {
			break
		}
		f.Chunk(c)
	}
	f.Close()
	return out
}

// TestLinesWithinDocument reads documents with each value on a line of its own,
// in which no two steps are told by one line, and each step's line is that of a
// value which is about it.
func TestLinesWithinDocument(t *testing.T) {
	for name, raw := range documents(t) {
		t.Run(name, func(t *testing.T) {
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(pretty.String(), "\n")
			told := map[string]string{}
			for _, r := range records(name, pretty.Bytes()) {
				if r.Pos.Line < 1 || r.Pos.Line > len(lines) {
					t.Fatalf("%T is told by line %d of %d", r.Fact, r.Pos.Line, len(lines))
				}
				id := ""
				switch f := r.Fact.(type) {
				case *trace.Call:
					id = "call " + f.ID
				case *trace.Tool:
					id = "tool " + f.ID
				default:
					continue
				}
				at := fmt.Sprintf("%c %d", id[0], r.Pos.Line)
				if other, known := told[at]; known && other != id {
					t.Errorf("line %d tells of %q and of %q: %s", r.Pos.Line, other, id, lines[r.Pos.Line-1])
				}
				told[at] = id
				if r.Pos.Line == 1 {
					t.Errorf("%q is told by the first line", id)
				}
			}
		})
	}
}

// TestLineOfDocumentOnOneLine reads the same documents without a line break.
func TestLineOfDocumentOnOneLine(t *testing.T) {
	for name, raw := range documents(t) {
		var flat bytes.Buffer
		if err := json.Compact(&flat, raw); err != nil {
			t.Fatal(err)
		}
		for _, r := range records(name, append([]byte("\n\n"), flat.Bytes()...)) {
			if r.Pos.Line != 3 {
				t.Fatalf("%s: %T is told by line %d", name, r.Fact, r.Pos.Line)
			}
		}
	}
}

// TestDocumentsAreLinear reads long documents of many small steps, in which what
// belongs together stands far apart.
func TestDocumentsAreLinear(t *testing.T) {
	thread := func(n int) []byte {
		b := []byte("{\"id\":\"T-1\",\n \"created\":1,\n \"messages\":[\n")
		for i := range n {
			b = fmt.Appendf(b, " {\"role\":\"assistant\",\"messageId\":%d,\n \"content\":[", i)
			b = fmt.Appendf(b, " {\"type\":\"tool_use\",\"id\":\"toolu_%d\",\n \"name\":\"Bash\",\"input\":{\"command\":\"go test\"}}],\n", i)
			b = append(b, " \"usage\":{\"inputTokens\":1}},\n"...)
		}
		return append(b, " {\"role\":\"user\",\"content\":[]}]}\n"...)
	}
	chat := func(n int) []byte {
		b := []byte("{\"sessionId\":\"s\",\"version\":3,\n \"requests\":[{\"requestId\":\"q\",\"result\":{\"metadata\":{\"toolCallRounds\":[\n")
		for i := range n {
			b = fmt.Appendf(b, " {\"id\":\"r%d\",\"toolCalls\":[{\"id\":\"t%d\",\"name\":\"run\",\"arguments\":\"{}\"}]},\n", i, i)
		}
		b = append(b, " {\"id\":\"r\"}],\n \"toolCallResults\":{\n"...)
		for i := range n {
			b = fmt.Appendf(b, " \"t%d\":{\"content\":[]},\n", i)
		}
		return append(b, " \"t\":{}}}}}]}\n"...)
	}
	for name, document := range map[string]func(n int) []byte{"thread": thread, "chat": chat} {
		took := func(n int) time.Duration {
			raw := document(n)
			begin := time.Now()
			if got := len(records("x", raw)); got < 2*n {
				t.Fatalf("%s: %d records of %d steps", name, got, n)
			}
			return time.Since(begin)
		}
		if small, large := took(2_000), took(40_000); large > 200*small && large > 5*time.Second {
			t.Errorf("%s: 20 times the steps took %v after %v", name, large, small)
		}
	}
}
