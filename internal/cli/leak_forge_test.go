package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/clock"
	"github.com/andon-ci/andon/internal/finding"
)

// branchOf matches the name of a branch, a title or a label in an event.
var branchOf = regexp.MustCompile(`"(ref|title|name|label)": "([^"]*)"`)

// events runs overrides on events of every kind that hold a credential in
// whatever a person can write.
func (d *drill) events() {
	files, err := filepath.Glob(filepath.Join(repo, "testdata", "github", "payloads", "*.json"))
	if err != nil || len(files) == 0 {
		d.t.Fatalf("events: %v, %v", files, err)
	}
	texts := d.texts("event of a review", finding.Error)
	n := 0
	next := func() string { n++; return texts[n%len(texts)] }
	for i, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			d.t.Fatal(err)
		}
		raw = branchOf.ReplaceAllFunc(raw, func(m []byte) []byte {
			quoted, _ := json.Marshal("/" + next())
			return append(m[:len(m)-1:len(m)-1], quoted[1:]...)
		})
		raw = withTexts(raw, func(int) []string { return []string{next()} })
		event := write(d.t, d.t.TempDir(), "event.json", raw)
		name, _, _ := strings.Cut(filepath.Base(f), ".")
		for j, format := range []string{"text", "json", "jsonl"} {
			env := map[string]string{}
			if i%3 == j {
				env = d.inStep(filepath.Join(d.outs, "overrides "+name))
			}
			d.run(env, "overrides", "--offline", "--event", event, "--event-name", name, "--format", format)
			d.files("overrides: step", filepath.Join(d.outs, "overrides "+name), false)
		}
	}
}

// refused runs what asks a forge, which answers each request with credentials.
func (d *drill) refused() {
	all := strings.Join(d.texts("answer of a forge", finding.Error), "\n")
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusUnprocessableEntity} {
		forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]any{"message": all, "errors": []any{map[string]any{"message": all}}, "documentation_url": all})
		}))
		env := map[string]string{"GITHUB_API_URL": forge.URL, "GITHUB_GRAPHQL_URL": forge.URL + "/graphql", "GITHUB_TOKEN": "x", "GITHUB_REPOSITORY": "octo/calc"}
		d.ask(env, "session", "--cache", "none", "--pr", "12", "--repository", "octo/calc")
		d.ask(env, "session", "--cache", "none", "--pr", "12", "--repository", "octo/calc", "--format", "json", "--comment", "--check")
		d.ask(env, "overrides", "--cache", "none", "--since", "7d", "--repository", "octo/calc")
		forge.Close()
	}
}

// ask is run for a command that waits for a forge.
func (d *drill) ask(env map[string]string, args ...string) {
	d.commands++
	now := func() time.Time { return time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC) }
	var out, errs bytes.Buffer
	Main(d.t.Context(), Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(k string) string { return env[k] }, Now: now,
		Forge: clock.Clock{Now: now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, Rand: func() float64 { return 0 }},
	}, args)
	d.look("andon "+strings.Join(args, " ")+": stdout", out.Bytes())
	d.look("andon "+strings.Join(args, " ")+": stderr", errs.Bytes())
}

// emits appends records with a credential, of some rules.
func (d *drill) emits() {
	texts := d.texts("emitted", finding.Error)
	for i := range min(len(texts), 16) {
		text := texts[i*len(texts)/16%len(texts)]
		file := filepath.Join(d.outs, "emitted", fmt.Sprint(i), "trace.jsonl")
		d.run(nil, "emit", "run.start", "--file", file, "--agent", text)
		d.run(nil, "emit", "run.start", "--file", file, "--on-secret", "redact", "--agent", text)
		d.run(nil, "emit", "tool.call", "--file", file, "--on-secret", "redact", "--tool", text, "--error", text, "--duration-ms", "5")
		d.run(nil, "emit", "log", "--file", file, "--message", text)
		d.run(nil, "emit", "decision", "--file", file, "--on-secret", "redact", "--kind", text, "--summary", text)
	}
	d.files("emit", filepath.Join(d.outs, "emitted"), false)
}

// others runs what this drill does not know yet on a part of the folder, on a
// bundle and on the event.
func (d *drill) others() {
	known := []string{"sync", "report", "board", "prune", "collect", "validate", "scan", "show", "diff", "emit", "overrides", "session", "schema", "completion", "version"}
	for _, c := range commands() {
		if slices.Contains(known, c.name) {
			continue
		}
		for _, at := range []string{d.part(1), filepath.Join(d.outs, "bundle suppress none text"), d.event} {
			for _, extra := range [][]string{nil, {"--format", "json"}, {"--format", "markdown"}} {
				d.run(nil, append(append([]string{c.name}, extra...), at)...)
			}
		}
	}
}
