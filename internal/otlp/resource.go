package otlp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/session"
)

// Pipeline is the workflow run, and the job of it, that runs belong to. What is
// not known is empty.
type Pipeline struct {
	ServerURL   string // of the forge; empty is https://github.com
	Repository  string // owner/name
	RunID       string
	Attempt     string // empty is the first
	Workflow    string
	WorkflowRef string
	Job         string // its key in the workflow
	CheckRun    string // its id at the forge
	Matrix      string // tells the jobs of one key apart
	Event       string
	Actor       string
	Runner      string
	HeadRef     string
	BaseRef     string
	RefType     string // branch or tag
	BaseSHA     string

	Change         Change // that it is about
	Trigger        string // the workflow run whose end began this one
	TriggerAttempt string
}

// Change is what an event says of a pull request.
type Change struct {
	Number int
	State  string // open, wip, closed or merged
	Title  string
}

func (p *Pipeline) attempt() string { return cmp.Or(p.Attempt, "1") }

func (p *Pipeline) server() string {
	return strings.TrimSuffix(cmp.Or(p.ServerURL, "https://github.com"), "/")
}

// resource returns the attributes that all spans of the pipeline share.
func (m *Mapper) resource(r *session.Report) []Attr {
	var a attrs
	p := &m.p
	repository, head := shared(r)
	repository = cmp.Or(p.Repository, repository)
	a.text(serviceName, m.o.Service)
	a.text(serviceNamespace, repository)
	a.text(environmentName, m.o.Environment)
	a.text(openInferenceProject, m.o.Project)
	if p.RunID != "" {
		a.text(serviceInstance, strings.Join([]string{p.Repository, p.RunID, p.attempt()}, "/"))
		a.text(pipelineName, p.Workflow)
		a.text(pipelineRun, p.RunID)
		a.text(pipelineRunURL, fmt.Sprintf("%s/%s/actions/runs/%s/attempts/%s", p.server(), p.Repository, p.RunID, p.attempt()))
		a.text(workerName, p.Runner)
		a.text(githubAttempt, p.attempt())
		a.text(githubEvent, p.Event)
		a.text(githubWorkflowRef, p.WorkflowRef)
	}
	if owner, name, ok := strings.Cut(repository, "/"); ok {
		a.text(vcsProvider, "github")
		a.text(vcsURL, p.server()+"/"+repository)
		a.text(vcsOwner, owner)
		a.text(vcsName, name)
	}
	if p.HeadRef != "" {
		a.text(vcsHeadName, p.HeadRef)
		a.text(vcsHeadType, cmp.Or(p.RefType, "branch"))
	}
	a.text(vcsHeadRevision, head)
	if p.BaseRef != "" {
		a.text(vcsBaseName, p.BaseRef)
		a.text(vcsBaseType, "branch")
		a.text(vcsBaseRevision, p.BaseSHA)
	}
	return m.override(a)
}

// MetricResource returns the attributes of the resource of metrics. What tells
// one run from another is not among them: it would begin every series anew.
func (m *Mapper) MetricResource() []Attr {
	var a attrs
	a.text(serviceName, m.o.Service)
	a.text(environmentName, m.o.Environment)
	return m.override(a)
}

// shared returns the repository and the commit that all sessions are of, empty
// where they differ.
func shared(r *session.Report) (repository, head string) {
	for i, s := range r.Sessions {
		if i == 0 {
			repository, head = s.Repository, s.HeadSHA
		}
		if s.Repository != repository {
			repository = ""
		}
		if s.HeadSHA != head {
			head = ""
		}
	}
	return repository, head
}

// override puts the attributes that were asked for in place of our own.
func (m *Mapper) override(a attrs) []Attr {
	a = slices.DeleteFunc(a, func(x Attr) bool {
		return slices.ContainsFunc(m.o.Resource, func(y Attr) bool { return x.Key == y.Key })
	})
	return append(a, m.o.Resource...)
}
