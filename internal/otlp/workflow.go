package otlp

import (
	"cmp"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/session"
)

// Workflow is how an attempt of a workflow run went, as the forge tells it.
type Workflow struct {
	Done       bool
	Conclusion string // success, failure, ... in GitHub's words
	Start, End time.Time
	Jobs       []Job // those that are done
}

// Job is one job of a workflow run.
type Job struct {
	ID         string // of its check run
	Name       string
	Conclusion string
	URL        string
	Worker     string
	WorkerID   string
	Start, End time.Time
	Steps      []Phase
}

// Phase is one step of a job.
type Phase struct {
	Name       string
	Conclusion string
	Start, End time.Time
}

// Workflow returns the spans of the pipeline itself, for backends that get them
// from nobody else: of the workflow run once it is done, and of each job with
// its steps. Their ids are those that the collector's receiver gives them. They
// are grouped as a session of the report is.
func (m *Mapper) Workflow(w *Workflow, r *session.Report) []Unit {
	if m.p.RunID == "" || len(r.Sessions) == 0 {
		return nil
	}
	var out []Unit
	resource, of := m.resource(r), r.Sessions[0]
	root := m.o.Scheme.pipeline(&m.p)
	if w.Done {
		out = append(out, m.pipelineSpan(w, root, of).unit(resource, w.Conclusion))
	}
	for i := range w.Jobs {
		spans := m.jobSpans(&w.Jobs[i], root, of)
		u := spans[0].unit(resource, w.Jobs[i].Conclusion)
		u.Spans = slices.Values(spans)
		out = append(out, u)
	}
	return out
}

func (m *Mapper) pipelineSpan(w *Workflow, at Link, of *session.Session) *Span {
	s := &Span{Trace: at.Trace, ID: at.Span, Name: titled("RUN", m.p.Workflow), Kind: Server, Links: m.origins(), Start: w.Start, End: w.End}
	a := m.about(of)
	a.text(andonSpan, "workflow")
	a.text(openInferenceKind, "CHAIN")
	a.text(pipelineName, m.p.Workflow)
	a.text(pipelineAction, "RUN")
	a.text(pipelineResult, result(w.Conclusion))
	m.grouping(&a, of, listing{title: m.titled("")})
	s.Attrs = slices.DeleteFunc(a, func(x Attr) bool { return x.Key == taskRun })
	s.conclude(w.Conclusion)
	s.settle(m.o.At, m.o.At)
	return s
}

// jobSpans returns the span of a job, and those of its steps below it.
func (m *Mapper) jobSpans(j *Job, root Link, of *session.Session) []*Span {
	p := m.p
	p.CheckRun, p.Job = j.ID, j.Name
	a := attrs(slices.DeleteFunc(m.about(of), func(x Attr) bool { return x.Key == taskRun }))
	a.text(taskRun, j.ID)
	a.text(openInferenceKind, "CHAIN")
	a.text(pipelineTask, j.Name)
	job := &Span{Trace: root.Trace, ID: m.o.Scheme.jobSpan(&p), Parent: root.Span, Name: j.Name, Kind: Internal, Start: j.Start, End: j.End, Attrs: slices.Clone(a)}
	about := attrs{{andonSpan, "workflow_job"}}
	about.text(taskURL, j.URL)
	about.text(taskResult, result(j.Conclusion))
	about.text(workerName, j.Worker)
	about.text(workerID, j.WorkerID)
	job.set(about)
	job.conclude(j.Conclusion)
	job.settle(m.o.At, m.o.At)
	out, seen := []*Span{job}, map[SpanID]bool{job.ID: true}
	for i := range j.Steps {
		s := m.phase(&p, &j.Steps[i], job, a)
		if !seen[s.ID] { // the receiver tells steps of one name apart no more
			seen[s.ID] = true
			out = append(out, s)
		}
	}
	return out
}

func (m *Mapper) phase(p *Pipeline, step *Phase, job *Span, common attrs) *Span {
	s := &Span{Trace: job.Trace, ID: m.o.Scheme.stepSpan(p, step.Name), Parent: job.ID, Name: step.Name, Kind: Internal, Start: step.Start, End: step.End, Attrs: slices.Clone(common)}
	s.set(attrs{{andonSpan, "workflow_step"}, {taskResult, result(step.Conclusion)}})
	s.conclude(step.Conclusion)
	s.settle(job.Start, job.Start)
	return s
}

// result returns how a part of a pipeline ended, in the conventions' words.
func result(conclusion string) string {
	switch conclusion {
	case "success", "failure":
		return conclusion
	case "cancelled":
		return "cancellation"
	case "skipped":
		return "skip"
	case "timed_out":
		return "timeout"
	case "neutral":
		return "success"
	}
	return "error"
}

// conclude marks a span as failed where its part of the pipeline has: one that
// was cancelled or left out has not.
func (s *Span) conclude(conclusion string) {
	switch r := result(conclusion); r {
	case "failure", "timeout", "error":
		typ := cmp.Or(conclusion, r)
		s.Failed, s.Message = true, typ
		s.Attrs = append(s.Attrs, Attr{errorType, typ}, Attr{langfuseLevel, "ERROR"}, Attr{langfuseMessage, typ})
	}
}
