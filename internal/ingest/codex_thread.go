package ingest

import (
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// isBareMeta recognises the first line of files from before the envelope.
func isBareMeta(v jsonl.Value) bool {
	return v.Get("id").Kind() == jsonl.String && v.Get("timestamp").Kind() == jsonl.String &&
		v.Get("instructions").Kind() != jsonl.Missing
}

// meta says whose file it is. Only the first counts: a fork repeats its
// parent's, and what follows that is the parent's history.
func (r *codexRollout) meta(p jsonl.Value, line int, at time.Time) {
	id := firstString(p, "id", "session_id")
	parents := []string{p.Get("forked_from_id").String(), p.Get("session_id").String(), p.Get("parent_thread_id").String()}
	if r.id != "" {
		r.copied = id != r.id && !r.own
		if len(r.parents) < 300 { // as many generations as anybody has
			r.parents = append(r.parents, parents...)
		}
		return
	}
	r.parents = parents
	r.id, r.s.run = id, id
	r.born = p.Get("timestamp").Time()
	r.headless = p.Get("originator").Is("codex_exec")
	spawn := p.Get("source", "subagent", "thread_spawn")
	for _, root := range []jsonl.Value{p.Get("session_id"), spawn.Get("parent_thread_id"), p.Get("parent_thread_id")} {
		if s := root.String(); s != "" && s != id {
			r.s.run, r.s.subagent = s, id
			break
		}
	}
	if r.s.subagent != "" {
		r.s.add(line, at, &trace.Subagent{
			ID: id, Start: at,
			Name: firstNonEmpty(spawn.Get("agent_role").String(), p.Get("agent_role").String(), p.Get("source", "subagent").String()),
		})
	}
	git := p.Get("git")
	r.s.add(line, at, &trace.Start{
		ForkedFrom: clip(p.Get("forked_from_id").String(), 200),
		Runtime:    trace.Runtime{Name: codexRuntime, Version: p.Get("cli_version").String()},
		Context: trace.Context{
			Repository: repositoryOf(git.Get("repository_url").String()),
			HeadSHA:    git.Get("commit_hash").String(),
			Branch:     git.Get("branch").String(),
		},
	})
}

// takes reports whether the first line of another thread is the copy that a fork
// begins with: of a thread that is named as the parent, or written at once when
// the thread was created.
func (r *codexRollout) takes(v jsonl.Value) bool {
	p, at := v.Get("payload"), v.Get("timestamp").Time()
	if r.id == "" || r.own || p.Kind() != jsonl.Object {
		return false
	}
	after := at.Sub(r.born)
	return slices.Contains(r.parents, firstString(p, "id", "session_id")) || after >= 0 && after <= 5*time.Second
}

func firstNonEmpty(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// isCopied reports whether a record is of the history that a fork took over.
// That is written in one go when the thread is created, and ends with the first
// turn that was started later.
func (r *codexRollout) isCopied(p jsonl.Value, at time.Time) bool {
	if !r.copied {
		return false
	}
	if p.Get("type").Is("task_started") {
		if s, ok := p.Get("started_at").Int(); ok && !r.born.IsZero() && s >= r.born.Unix() {
			r.copied = false
		}
	}
	if !at.IsZero() && !r.born.IsZero() && at.Sub(r.born) > 5*time.Second {
		r.copied = false
	}
	return r.copied
}
