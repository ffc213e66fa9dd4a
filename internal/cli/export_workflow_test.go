package cli

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/andon-ci/andon/internal/github/fake"
)

// TestExportWorkflow holds that with --ci-spans the workflow run, its jobs and
// their steps are in the trace, under the ids that the collector's receiver gives
// them, and that what is not over is not sent.
func TestExportWorkflow(t *testing.T) {
	f, b := fake.New(t), newBackend(t, 200)
	run := f.AddRun(strings.Repeat("a", 40), time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), map[string]any{"conclusion": "failure"})
	job := f.AddJob(run, map[string]any{"name": "review", "conclusion": "failure", "steps": []any{
		map[string]any{"name": "Run agent", "number": 1, "status": "completed", "conclusion": "failure", "started_at": "2026-11-20T10:00:00Z", "completed_at": "2026-11-20T09:59:59Z"},
		map[string]any{"name": "Run agent", "number": 2, "status": "completed", "conclusion": "skipped"},
	}})
	f.AddJob(run, map[string]any{"name": "later", "status": "in_progress", "conclusion": nil})
	env := map[string]string{
		"GITHUB_RUN_ID": fmt.Sprint(run), "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "review", "GITHUB_WORKFLOW": "Agents",
		"GITHUB_REPOSITORY": f.Repository, "ANDON_CHECK_RUN_ID": fmt.Sprint(job),
	}
	if code, _, stderr := asked(t, f, env, "export", "--quiet", "--ci-spans", "--endpoint", b.URL, claudeTrace); code != 0 || strings.Contains(stderr, "warning") {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	at := map[string]*tracepb.Span{}
	for _, s := range b.spans {
		if at[s.Name] != nil && (s.Name == "review" || strings.HasPrefix(s.Name, "RUN")) {
			t.Errorf("%s is there twice", s.Name)
		}
		at[s.Name] = s
	}
	root, review, step, own := at["RUN Agents"], at["review"], at["Run agent"], at["invoke_workflow Agents"]
	if root == nil || review == nil || step == nil || own == nil || at["later"] != nil {
		t.Fatalf("got %v", b.spans)
	}
	if string(review.ParentSpanId) != string(root.SpanId) || string(step.ParentSpanId) != string(review.SpanId) || string(own.ParentSpanId) != string(review.SpanId) {
		t.Errorf("the spans are not below each other")
	}
	if len(root.ParentSpanId) > 0 || string(root.TraceId) != string(own.TraceId) || root.Kind != tracepb.Span_SPAN_KIND_SERVER || step.EndTimeUnixNano < step.StartTimeUnixNano {
		t.Errorf("the root is %v", root)
	}
	if root.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || attribute(root, "cicd.pipeline.result") != "failure" || attribute(review, "cicd.pipeline.task.run.id") != fmt.Sprint(job) || attribute(step, "error.type") != "failure" {
		t.Errorf("root %v, job %v", root.Status, review.Attributes)
	}
	if attribute(root, "session.id") == "" || attribute(step, "openinference.span.kind") != "CHAIN" {
		t.Errorf("a span is in no session, or of no kind")
	}
	// printf '%s-j' 1002 | sha256sum, digits 17 to 32; likewise of "1002-Run agent-s"
	if hex.EncodeToString(review.SpanId) != "bd314f9d421920c0" || hex.EncodeToString(step.SpanId) != "53a3ba1a3ff4b98e" {
		t.Errorf("the job is %x, the step %x", review.SpanId, step.SpanId)
	}
}

func attribute(s *tracepb.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// TestExportWorkflowFails holds that a forge that does not answer costs neither
// the export nor the job.
func TestExportWorkflowFails(t *testing.T) {
	f, b := fake.New(t), newBackend(t, 200)
	env := map[string]string{"GITHUB_RUN_ID": "77", "GITHUB_REPOSITORY": f.Repository}
	code, _, stderr := asked(t, f, env, "export", "--ci-spans", "--endpoint", b.URL, claudeTrace)
	if code != 0 || len(b.spans) == 0 || !strings.Contains(stderr, "warning: export of the workflow run 77 failed") {
		t.Errorf("exit %d, %d spans\n%s", code, len(b.spans), stderr)
	}
	if code, _, _ := asked(t, f, env, "export", "--ci-spans", "--on-export-error", "fail", "--endpoint", b.URL, claudeTrace); code != 3 {
		t.Errorf("exit %d, want 3", code)
	}
}
