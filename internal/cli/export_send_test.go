package cli

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExportPage holds that the trace can be opened from where the export is
// told of.
func TestExportPage(t *testing.T) {
	b := newBackend(t, 200)
	env := map[string]string{
		"GITHUB_RUN_ID": "123456", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_ACTIONS": "true",
		"GITHUB_STEP_SUMMARY": filepath.Join(t.TempDir(), "summary.md"),
	}
	const page = "https://backend.example/project/p/traces/d0bddb24fc68d9edad44e20e7577ce1b"
	_, stderr, code := exporting(t, env, "export", "--endpoint", b.URL+" https://backend.example/project/p/traces/{trace}", claudeTrace)
	if code != 0 || !regexp.MustCompile(`sent \d+ spans to 127\.0\.0\.1:\d+ `+regexp.QuoteMeta(page)+"\n").MatchString(stderr) {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	if err != nil || !strings.Contains(string(summary), "[open the trace in 127.0.0.1:") || !strings.Contains(string(summary), "]("+page+")") {
		t.Errorf("%v\n%s", err, summary)
	}
	_, stderr, _ = exporting(t, nil, "export", "--endpoint", b.URL+" https://backend.example/{trace}", claudeTrace)
	if strings.Count(stderr, "https://") > maxShown {
		t.Errorf("each run is a trace, and all are shown\n%s", stderr)
	}
}

// TestExportDeadEndpoint holds that an endpoint which does not answer keeps no
// other one waiting: it answers only when the other has all.
func TestExportDeadEndpoint(t *testing.T) {
	b := newBackend(t, 200)
	if _, stderr, code := exporting(t, nil, "export", "--endpoint", b.URL, claudeTrace); code != 0 {
		t.Fatal(stderr)
	}
	all := len(b.spans)
	b.spans = nil
	got := make(chan struct{})
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.ServeHTTP(w, r)
		if len(b.spans) == all { // one request at a time
			close(got)
		}
	}))
	defer good.Close()
	dead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		select {
		case <-got:
			w.WriteHeader(http.StatusBadRequest)
		case <-r.Context().Done():
			t.Error("the other endpoint has not got all")
		}
	}))
	defer dead.Close()
	if _, stderr, code := exporting(t, nil, "export", "--endpoint", dead.URL, "--endpoint", good.URL, claudeTrace); code != 0 || !strings.Contains(stderr, "400 Bad Request") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
}

// TestExportKeyInURL holds that a password in an endpoint is sent and neither
// shown nor remembered.
func TestExportKeyInURL(t *testing.T) {
	b := newBackend(t, 200)
	sent := filepath.Join(t.TempDir(), "sent.jsonl")
	for i, password := range []string{"s3cret", "other"} {
		end := strings.Replace(b.URL, "http://", "http://mona:"+password+"@", 1)
		_, stderr, code := exporting(t, nil, "export", "--sent", sent, "--endpoint", end, claudeTrace)
		if code != 0 || strings.Contains(stderr, password) || i == 0 && !strings.HasPrefix(b.auth, "Basic ") {
			t.Errorf("exit %d, %q\n%s", code, b.auth, stderr)
		}
		if again := strings.Contains(stderr, "sent"); again != (i == 0) {
			t.Errorf("%d: it is sent: %v", i, again)
		}
	}
	b.status = 401
	b.says = "no "
	_, stderr, _ := exporting(t, nil, "export", "--endpoint", strings.Replace(b.URL, "http://", "http://mona:s3cret-of-mona@", 1), claudeTrace)
	if strings.Contains(stderr, "s3cret") || strings.Contains(stderr, "bW9uYTpzM2NyZXQt") {
		t.Errorf("the password is shown\n%s", stderr)
	}
}

// TestSessionPage holds that what is shown of a pull request leads to the traces,
// where the configuration says how.
func TestSessionPage(t *testing.T) {
	f := mended(t, 1)
	config := filepath.Join(t.TempDir(), "andon.yml")
	text := "export:\n  endpoints: [\"https://b.example/otlp KEY https://b.example/trace/{trace}?org=1\"]\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "markdown", "--config", config)
	run := fmt.Sprint(f.Runs[0]["id"])
	sum := sha256.Sum256([]byte(run + "1t"))
	if want := fmt.Sprintf("[open the trace](https://b.example/trace/%x?org=1)", sum[:16]); !strings.Contains(stdout, want) {
		t.Errorf("no %s\n%s\n%s", want, stderr, stdout)
	}
	if _, stdout, _ := asked(t, f, nil, "session", "--pr", "12", "--format", "markdown"); strings.Contains(stdout, "open the trace") {
		t.Error("a trace is linked that nobody has sent")
	}
}
