package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/andon-ci/andon/internal/finding"
)

// histories reports from a history that somebody has written by hand, with a
// credential in every text of it, and adds bundles to one of its own.
func (d *drill) histories() {
	dir := filepath.Join(d.outs, "history by hand")
	d.history(dir, d.texts("history", finding.Error))
	at := []string{"--history", dir, "--as-of", "2026-11-20"}
	for _, format := range []string{"text", "markdown", "json"} {
		d.ask(nil, append([]string{"report", "--format", format}, at...)...)
	}
	d.ask(nil, "board", "--once", "--history", dir)
	d.ask(nil, "prune", "--dry-run", "--keep", "1d", "--history", dir)

	kept := filepath.Join(d.outs, "history")
	for _, format := range []string{"text", "json"} {
		d.ask(nil, "sync", "--format", format, "--history", kept, filepath.Join(d.outs, "bundle suppress none text"), d.part(1))
	}
	d.files("sync", kept, false)
	os.RemoveAll(dir) // what is in it was not written by the program
}

// history writes one: of each text, two runs of its agent and an override.
func (d *drill) history(dir string, texts []string) {
	var runs, overrides bytes.Buffer
	line := func(b *bytes.Buffer, record map[string]any) {
		raw, err := json.Marshal(record)
		if err != nil {
			d.t.Fatal(err)
		}
		b.Write(append(raw, '\n'))
	}
	for i, s := range texts {
		for n, status := range []string{"success", "failure"} {
			line(&runs, map[string]any{
				"run_id": fmt.Sprint(s, n), "start": "2026-11-20T09:00:00Z", "end": "2026-11-20T09:01:00Z", "status": status,
				"agent":  map[string]any{"name": s, "instructions": map[string]any{"path": s, "sha256": s}},
				"models": []string{s}, "repository": s, "runtime": map[string]any{"name": s, "version": s},
				"cost": map[string]any{"usd": 1 + float64(i)}, "files": []string{s}, "tools": map[string]any{s: map[string]any{"calls": 3, "errors": 2}},
				"error": map[string]any{"type": s, "message": s}, "decision": map[string]any{"kind": "approve", "summary": s},
				"findings": []any{map[string]any{"rule": s, "message": s}}, "workflow_run": map[string]any{"id": s, "workflow": s, "job": s},
			})
		}
		line(&overrides, map[string]any{
			"schema": "andon.override/v1", "id": s, "time": "2026-11-20T10:00:00Z", "repository": s, "signal": "command", "strength": "strong",
			"agent": map[string]any{"name": s}, "actor": map[string]any{"login": s, "kind": "human"}, "reason": s, "run_id": fmt.Sprint(s, 0),
			"decision": map[string]any{"kind": "approve"}, "evidence": []any{map[string]any{"kind": "comment", "url": "https://github.com/o/r?" + s}},
		})
	}
	for kind, b := range map[string]*bytes.Buffer{"runs": &runs, "overrides": &overrides} {
		path := filepath.Join(dir, kind, "2026", "11", "20.jsonl")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			d.t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}
