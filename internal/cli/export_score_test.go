package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// langfuse stands for Langfuse: it takes spans, and scores by its rules. A score
// that comes again takes the place of the one that was there.
type langfuse struct {
	*backend
	scores map[string]string
	bodies []string
	status int // of scores
}

func newLangfuse(t *testing.T, status int) (*langfuse, string) {
	t.Helper()
	l := &langfuse{backend: newBackend(t, 200), scores: map[string]string{}, status: status}
	s := httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(s.Close)
	return l, s.URL + "/api/public/otel KEY"
}

func (l *langfuse) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/public/scores" {
		l.ServeHTTP(w, r)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	var body struct {
		ID, Name, DataType, TraceID, SessionID string
		Value                                  any
	}
	err := json.Unmarshal(raw, &body)
	_, number := body.Value.(float64)
	switch {
	case l.status != 200:
		http.Error(w, "not with "+r.Header.Get("Authorization"), l.status)
	case r.Header.Get("Authorization") != "Basic cGs6c2s=":
		w.WriteHeader(401)
	case err != nil || body.ID == "" || body.Name == "" || (body.TraceID == "") == (body.SessionID == "") || number != (body.DataType == "NUMERIC"):
		w.WriteHeader(400)
	default:
		l.scores[body.ID] = string(raw)
		l.bodies = append(l.bodies, string(raw))
		fmt.Fprintf(w, `{"id":%q}`, body.ID)
	}
}

const (
	aToken        = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
	overrideOfRun = `{"schema":"andon.override/v1","id":"aaaa","time":"2026-11-20T11:00:00Z","repository":"o/r","subject":{"kind":"pull_request","number":12},"signal":"revert","strength":"strong","actor":{"login":"mona","kind":"human"},"agent":{"name":"review"},"decision":{"kind":"approve"},"run_id":"5b0d6c1e-7a42-4f0e-9c53-2f6f0d1a9b11","reason":"broke everything with ` + aToken + `","evidence":[]}` + "\n"
	agreementElse = `{"schema":"andon.agreement/v1","id":"bbbb","time":"2026-11-20T11:00:00Z","repository":"o/r","subject":{"kind":"pull_request","number":12},"signal":"reaction","strength":"weak","actor":{"kind":"agent"},"agent":{},"decision":{},"evidence":[]}` + "\n"
)

func scoreArgs(t *testing.T, end string, more ...string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "overrides.jsonl")
	if err := os.WriteFile(path, []byte(overrideOfRun+agreementElse), 0o600); err != nil {
		t.Fatal(err)
	}
	return append([]string{"export", "--scores", "--endpoint", end, path, claudeTrace + "/review.jsonl"}, more...)
}

func TestScoresLangfuse(t *testing.T) {
	l, end := newLangfuse(t, 200)
	env := map[string]string{"KEY": "Authorization=Basic%20cGs6c2s="}
	for range 2 {
		if _, stderr, code := exporting(t, env, scoreArgs(t, end)...); code != 0 || !strings.Contains(stderr, "sent 2 scores to 127.0.0.1") {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
	}
	trace, span := "", ""
	for _, s := range l.spans {
		if s.Name == "invoke_agent claude-code" {
			trace, span = fmt.Sprintf("%x", s.TraceId), fmt.Sprintf("%x", s.SpanId)
		}
	}
	facts := `"environment":"ci","metadata":{"actor":"132106a20b11b49b","actor_type":"human","agent":"review","decision":"approve","number":"12","repository":"o/r","strength":"strong"}}`
	machine := `"environment":"ci","metadata":{"actor_type":"agent","number":"12","repository":"o/r","strength":"weak"}}`
	want := []string{
		`{"id":"aaaa-signal","traceId":"` + trace + `","observationId":"` + span + `","name":"human_override_signal","value":"revert","dataType":"CATEGORICAL",` + facts,
		`{"id":"aaaa","traceId":"` + trace + `","observationId":"` + span + `","name":"human_override","value":0,"dataType":"NUMERIC",` + facts,
		`{"id":"bbbb-signal","sessionId":"o/r#12","name":"human_override_signal","value":"reaction","dataType":"CATEGORICAL",` + machine,
		`{"id":"bbbb","sessionId":"o/r#12","name":"human_override","value":1,"dataType":"NUMERIC",` + machine,
	}
	if len(l.scores) != 4 || len(l.bodies) != 8 {
		t.Fatalf("%d scores of %d requests", len(l.scores), len(l.bodies))
	}
	for i, body := range l.bodies {
		if body != want[i%4] {
			t.Errorf("got\n%s\nwant\n%s", body, want[i%4])
		}
	}
}

// TestScoresContent holds that why somebody acted is told where words are, without
// the credentials in it, and who it was nowhere.
func TestScoresContent(t *testing.T) {
	for level, words := range map[string]bool{"none": false, "redacted": true, "full": true} {
		l, end := newLangfuse(t, 200)
		env := map[string]string{"KEY": "Authorization=Basic%20cGs6c2s="}
		if _, stderr, code := exporting(t, env, scoreArgs(t, end, "--content", level)...); code != 0 {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		all := strings.Join(l.bodies, "\n")
		if strings.Contains(all, `"comment":"broke everything with [REDACTED`) != words || strings.Contains(all, "mona") || strings.Contains(all, aToken) {
			t.Errorf("%s:\n%s", level, all)
		}
	}
}

// TestScoresFail holds that scores which do not arrive are said to be missing, and
// cost the job no more than runs that do not.
func TestScoresFail(t *testing.T) {
	for status, says := range map[int]string{
		401: "export of scores failed: 127.0.0.1", 500: "500 Internal Server Error not with ", 404: "takes no scores; Langfuse and Phoenix do",
	} {
		l, end := newLangfuse(t, status)
		env := map[string]string{"KEY": "Authorization=Basic%20c3VwZXItc2VjcmV0LWtleQ=="}
		_, stderr, code := exporting(t, env, scoreArgs(t, end)...)
		if code != 0 || len(l.spans) == 0 || !strings.Contains(stderr, says) || strings.Contains(stderr, "c3VwZX") {
			t.Errorf("%d: exit %d, %d spans\n%s", status, code, len(l.spans), stderr)
		}
		if _, _, code := exporting(t, env, scoreArgs(t, end, "--on-export-error", "fail")...); code != 3 {
			t.Errorf("%d: exit %d", status, code)
		}
	}
}

// TestScoresElsewhere holds that a backend which takes no scores is none to
// complain of beside one that does.
func TestScoresElsewhere(t *testing.T) {
	l, end := newLangfuse(t, 200)
	tempo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/traces" {
			http.NotFound(w, r)
		}
	}))
	defer tempo.Close()
	env := map[string]string{"KEY": "Authorization=Basic%20cGs6c2s="}
	_, stderr, code := exporting(t, env, scoreArgs(t, end, "--endpoint", tempo.URL, "--on-export-error", "fail")...)
	if code != 0 || len(l.scores) != 4 || strings.Contains(stderr, "warning") {
		t.Errorf("exit %d, %d scores\n%s", code, len(l.scores), stderr)
	}
}
