package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/trace"
)

// maxExported is how many steps of a run are exported. The tokens of those over
// it are exported as one.
const maxExported = 200_000

// group is what is read at once, and belongs to one workflow run or to none.
type group struct {
	paths     []string
	bundle    string // its folder; empty for what is no bundle
	elsewhere bool   // of another workflow run than this one
	key       keyFlags
	sha       string // of a bundle that is about no pull request
	pipeline  otlp.Pipeline
}

// groups tells bundles, each of which is of a workflow run of its own, from
// what else was given, which is of this one.
func (f *exportFlags) groups(env Env, args []string) ([]group, error) {
	here := group{key: f.keyFlags, pipeline: pipelineFrom(env, f.keyFlags)}
	var out []group
	for _, path := range args {
		if m, err := readManifest(path); err == nil {
			out = append(out, f.bundleGroup(env, path, m))
		} else {
			here.paths = append(here.paths, path)
		}
	}
	for _, dir := range f.bundles {
		found, err := f.bundlesIn(env, dir)
		if err != nil {
			return nil, failure(errors.New(reason(err)), "looking for bundles in "+dir, "--from-bundles takes a folder with bundles in it")
		}
		out = append(out, found...)
	}
	if len(here.paths) > 0 {
		out = append(out, here)
	}
	return out, nil
}

// bundlesIn returns the bundles in a folder, in order of their names. What is in
// a bundle is not looked at for more.
func (f *exportFlags) bundlesIn(env Env, dir string) ([]group, error) {
	var out []group
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if m, err := readManifest(path); err == nil && len(out) < maxArtifacts {
			out = append(out, f.bundleGroup(env, path, m))
			return fs.SkipDir
		}
		return nil
	})
	return out, err
}

var (
	validNumber = regexp.MustCompile(`^[0-9]{1,20}$`)
	validWord   = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,200}$`)
)

// bundleGroup takes the key and the workflow run from a bundle's manifest. It
// may be a stranger's: what is no id is left out.
func (f *exportFlags) bundleGroup(env Env, dir string, m *manifest) group {
	g := group{bundle: dir, paths: []string{filepath.Join(dir, "traces")}, key: keyFlags{repository: f.repository, sha: f.sha, pr: f.pr}}
	g.sha = commit(m.HeadSHA)
	if g.key.repository == "" && validRepo.MatchString(m.Repository) {
		g.key.repository = m.Repository
	}
	if m.Subject.Kind == "pull_request" && m.Subject.Number > 0 && f.pr == 0 {
		g.key.pr, g.key.sha = m.Subject.Number, cmp.Or(f.sha, g.sha)
	}
	g.elsewhere = m.WorkflowRun == nil || m.WorkflowRun.ID != env.Getenv("GITHUB_RUN_ID") || m.WorkflowRun.Attempt != env.Getenv("GITHUB_RUN_ATTEMPT")
	g.pipeline = otlp.Pipeline{ServerURL: env.Getenv("GITHUB_SERVER_URL"), Repository: g.key.repository}
	if w := m.WorkflowRun; w != nil && validNumber.MatchString(w.ID) {
		g.pipeline.RunID = w.ID
		for _, x := range []struct {
			dst   *string
			value string
			valid *regexp.Regexp
		}{
			{&g.pipeline.Attempt, w.Attempt, validNumber}, {&g.pipeline.Job, w.Job, validWord}, {&g.pipeline.Workflow, w.Workflow, validWord},
			{&g.pipeline.Event, w.Event, validWord}, {&g.pipeline.CheckRun, w.CheckRun, validNumber}, {&g.pipeline.Matrix, w.Matrix, validWord},
		} {
			if x.valid.MatchString(x.value) {
				*x.dst = x.value
			}
		}
	}
	return g
}

// pipelineFrom returns the workflow run that the program runs in, empty outside
// of one, and what its event says of it.
func pipelineFrom(env Env, k keyFlags) otlp.Pipeline {
	get := env.Getenv
	p := otlp.Pipeline{
		ServerURL: get("GITHUB_SERVER_URL"), Repository: get("GITHUB_REPOSITORY"), RunID: get("GITHUB_RUN_ID"),
		Attempt: get("GITHUB_RUN_ATTEMPT"), Workflow: get("GITHUB_WORKFLOW"), WorkflowRef: get("GITHUB_WORKFLOW_REF"),
		Job: get("GITHUB_JOB"), CheckRun: get("ANDON_CHECK_RUN_ID"), Matrix: matrixOf(get), Event: get("GITHUB_EVENT_NAME"),
		Actor: cmp.Or(get("GITHUB_TRIGGERING_ACTOR"), get("GITHUB_ACTOR")), Runner: get("RUNNER_NAME"),
		HeadRef: cmp.Or(get("GITHUB_HEAD_REF"), get("GITHUB_REF_NAME")), BaseRef: get("GITHUB_BASE_REF"), RefType: get("GITHUB_REF_TYPE"),
	}
	if p.HeadRef != "" && get("GITHUB_HEAD_REF") != "" {
		p.RefType = "branch"
	}
	path, _ := k.eventOf(env)
	if path == "" {
		return p
	}
	event, err := readEvent(path)
	if err != nil { // whoever reads the key says so
		return p
	}
	if c := event.PullRequest; c != nil {
		p.BaseSHA = commit(c.Base.SHA)
		p.Change = otlp.Change{Number: c.Number, State: c.state(), Title: c.Title}
	}
	if w := event.WorkflowRun; w != nil && w.ID > 0 {
		p.Trigger, p.TriggerAttempt = strconv.FormatInt(w.ID, 10), strconv.Itoa(max(1, w.Attempt))
	}
	return p
}

// state returns how far a pull request has come, in the conventions' words.
func (c *change) state() string {
	switch {
	case c.Merged:
		return "merged"
	case c.State == "open" && c.Draft:
		return "wip"
	case c.State == "open", c.State == "closed":
		return c.State
	}
	return ""
}

// read reads a group.
func (f *exportFlags) read(ctx context.Context, env Env, g group) (*collection, []override.Record, error) {
	cf := &collectFlags{keyFlags: g.key, settings: f.settings, quiet: f.quiet}
	agent, err := cf.givenAgent()
	if err != nil {
		return nil, nil, err
	}
	if g.bundle != "" {
		env.Getenv = g.environment(env.Getenv)
		agent = trace.Agent{}
	}
	c, err := newCollection(env, cf, g.paths)
	if err != nil {
		return nil, nil, err
	}
	c.runs.MaxSteps = maxExported
	records, rest, err := readRecords(env, c.files)
	if err != nil {
		return nil, nil, err
	}
	if err := c.read(ctx, env, rest); err != nil {
		return nil, nil, err
	}
	c.bar.done()
	c.finish(agent)
	return c, records, nil
}

// units maps what a collection holds, and what people did about it.
func (e *export) units(ctx context.Context, g group, c *collection, records []override.Record) (*units, error) {
	o, err := e.options(g)
	if err != nil {
		return nil, err
	}
	u := &units{scrub: scrubber(c.gatherer)}
	m := otlp.NewMapper(g.pipeline, o)
	if len(c.report.Sessions) > 0 {
		u.list = m.Units(c.report)
	}
	e.addWorkflow(ctx, u, m, &g.pipeline, c.report)
	e.judge(u, m, records)
	return u, nil
}

// judge adds what people did about runs to what is exported, and makes all of it
// ready to be sent.
func (e *export) judge(u *units, m *otlp.Mapper, records []override.Record) {
	for i := range records {
		act := m.Override(&records[i])
		u.list = append(u.list, act)
		if e.o.scores && !act.End.Before(e.since) {
			e.scores = append(e.scores, m.Score(&records[i]).Clean(u.scrub))
		}
	}
	u.list = slices.DeleteFunc(u.list, e.tooOld)
	for i := range u.list {
		u.list[i].Resource = otlp.CleanAttrs(u.list[i].Resource, u.scrub)
	}
}

// tooOld reports whether something is not to be sent for its age, and counts
// what is old either way.
func (e *export) tooOld(u otlp.Unit) bool {
	if u.End.Before(e.since) {
		e.left++
		return true
	}
	if u.End.Before(e.env.now().Add(-old)) {
		e.aged++
	}
	return false
}

// old is the age that several backends do not take, or put in the wrong place.
const old = 24 * time.Hour

// export sends what was collected, where the command was told to.
func (c *collection) export(ctx context.Context, env Env) error {
	if !c.flags.export.asked() {
		return nil
	}
	e, err := newExport(env, &c.flags.export, c.flags.pii == "true")
	if err != nil {
		return err
	}
	defer e.discard()
	g := group{bundle: c.bundle, pipeline: pipelineFrom(env, c.flags.keyFlags)}
	u, err := e.units(ctx, g, c, nil)
	if err != nil {
		return err
	}
	e.send(ctx, g.bundle, u)
	if err := e.delta(ctx); err != nil {
		return err
	}
	return e.finish(c.flags.quiet)
}

// scrubber returns what cuts out of a text what must not leave. Several may use
// it at once.
func scrubber(g *gatherer) func(string) string {
	var mu sync.Mutex
	return func(s string) string {
		mu.Lock()
		defer mu.Unlock()
		return string(g.clean([]byte(s)))
	}
}

// redacting returns what cuts out of a text what a scanner finds. Several may use
// it at once.
func redacting(scan *secret.Scanner) func(string) string {
	var mu sync.Mutex
	return func(s string) string {
		mu.Lock()
		defer mu.Unlock()
		out, _ := scan.Redact([]byte(s))
		return string(out)
	}
}

// environment is what the environment of a bundle's workflow run said of it, in
// place of what that of this one does.
func (g group) environment(getenv func(string) string) func(string) string {
	then := map[string]string{
		"GITHUB_REPOSITORY": g.pipeline.Repository, "GITHUB_RUN_ID": g.pipeline.RunID, "GITHUB_WORKFLOW": g.pipeline.Workflow,
		"GITHUB_EVENT_NAME": g.pipeline.Event, "GITHUB_SHA": g.sha,
	}
	return func(name string) string {
		if strings.HasPrefix(name, "GITHUB_") {
			return then[name]
		}
		return getenv(name)
	}
}
