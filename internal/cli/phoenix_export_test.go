package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

const pxSHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"

// pxCase is what two agents did about a pull request, and what a person did
// about it. Phoenix knows the price of the models of some.
type pxCase struct {
	name   string
	paths  []string
	run    string // that the override is of
	env    map[string]string
	priced bool
}

func pxCases() []pxCase {
	dir := "../../testdata/transcripts/"
	return []pxCase{
		{
			name: "priced", run: "in-house-4711", priced: true,
			paths: []string{dir + "andon-trace/review.jsonl", dir + "claude-session/inline-agent.jsonl"},
			env:   map[string]string{"GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_WORKFLOW": "Review", "GITHUB_JOB": "review"},
		},
		{
			name: "reported", run: "5b0d6c1e-7a42-4f0e-9c53-2f6f0d1a9b11",
			paths: []string{dir + "claude-stream-json/review.jsonl", dir + "pi/session.jsonl"},
		},
	}
}

// key are the flags that say what the runs are about.
func (c pxCase) key() []string {
	return []string{"--repository", "andon-ci/" + c.name, "--pr", "12", "--sha", pxSHA}
}

// override writes down that somebody overrode the run.
func (c pxCase) override(t *testing.T, run string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "overrides.jsonl")
	record := `{"schema":"andon.override/v1","id":"` + c.name + `-` + run + `","time":"2026-11-20T11:00:00Z","repository":"andon-ci/` + c.name + `",` +
		`"subject":{"kind":"pull_request","number":12},"head_sha":"` + pxSHA + `","signal":"review_dismissed","strength":"strong",` +
		`"actor":{"login":"mona","kind":"human"},"agent":{"name":"review"},"decision":{"kind":"request_changes"},"run_id":"` + run + `","reason":"not a bug","evidence":[]}`
	if err := os.WriteFile(path, []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPhoenix holds that Phoenix tells of runs what collect does.
func TestPhoenix(t *testing.T) {
	for _, tt := range pxCases() {
		t.Run(tt.name, func(t *testing.T) {
			p := newPhoenix(t, "andon-"+tt.name)
			stdout, stderr, code := runAt(t, tt.env, append(append([]string{"collect", "--quiet", "--format", "json"}, tt.key()...), tt.paths...)...)
			var want session.Report
			if err := json.Unmarshal([]byte(stdout), &want); err != nil || len(want.Sessions) != 1 {
				t.Fatalf("exit %d, %d sessions: %v\n%s", code, len(want.Sessions), err, stderr)
			}
			got, _ := p.export(t, tt.env, slices.Concat(tt.key(), tt.paths, []string{tt.override(t, tt.run)})...)
			checkPhoenix(t, got, want.Sessions[0], tt.priced)
		})
	}
}

// TestPhoenixTwice holds that what is exported again changes nothing.
func TestPhoenixTwice(t *testing.T) {
	for _, tt := range pxCases() {
		t.Run(tt.name, func(t *testing.T) {
			p := newPhoenix(t, "andon-"+tt.name)
			args := slices.Concat(tt.key(), tt.paths, []string{tt.override(t, tt.run)})
			_, before := p.export(t, tt.env, args...)
			p.export(t, tt.env, append([]string{"--force"}, args...)...)
			p.settle(t)
			if _, after := p.ask(t); after != before {
				t.Errorf("Phoenix told\n%s\nand tells\n%s", before, after)
			}
		})
	}
}

// TestPhoenixScores holds that what a person did stands beside the run, or beside
// the session where no run is known, and once however often it is sent.
func TestPhoenixScores(t *testing.T) {
	p := newPhoenix(t, "andon-scores")
	tt := pxCases()[0]
	tt.name = "scores"
	tt.env["GITHUB_RUN_ID"] = "4712"
	args := slices.Concat([]string{"--scores", "--content", "redacted"}, tt.key(), tt.paths, []string{tt.override(t, tt.run), tt.override(t, "nobody-knows")})
	for range 2 {
		p.export(t, tt.env, append([]string{"--force"}, args...)...)
		p.settle(t)
	}
	got, _ := p.until(t, func(got *pxProject) bool {
		return len(got.Sessions.Edges) == 1 && len(got.Sessions.Edges[0].Node.Annotations) > 0 && len(pxAnnotated(got)) > 0
	})
	annotated := pxAnnotated(got)
	if len(annotated) != 1 || annotated[0].Name != "invoke_agent review-security" {
		t.Fatalf("%d spans have annotations", len(annotated))
	}
	for id, list := range map[string][]pxAnnotation{
		"scores-" + tt.run: annotated[0].Annotations, "scores-nobody-knows": got.Sessions.Edges[0].Node.Annotations,
	} {
		a := list[0]
		if len(list) != 1 || a.Name != "human_override" || a.Label != "review_dismissed" || a.Score != 0 || a.AnnotatorKind != "HUMAN" ||
			a.Identifier != id || a.Explanation != "not a bug" || a.Metadata["actor"] != "132106a20b11b49b" {
			t.Errorf("got %+v", list)
		}
	}
}

// pxAnnotated returns the spans that somebody has judged.
func pxAnnotated(p *pxProject) []*pxSpan {
	return slices.DeleteFunc(p.spans(), func(s *pxSpan) bool { return len(s.Annotations) == 0 })
}

// settle waits until Phoenix has taken down all that it was sent before: it
// does so in turns, spans first and in their order, then annotations.
func (p *phoenix) settle(t *testing.T) {
	t.Helper()
	for range 2 {
		name := fmt.Sprintf("mark-%d-%d", os.Getpid(), time.Now().UnixNano())
		mark := &phoenix{p.url, name}
		mark.export(t, nil, "--repository", "andon-ci/"+name, "../../testdata/transcripts/andon-trace/one-line.jsonl")
	}
}

func checkPhoenix(t *testing.T, got *pxProject, want *session.Session, priced bool) {
	t.Helper()
	if n := len(got.Sessions.Edges); n != 1 {
		t.Fatalf("%d sessions", n)
	}
	s := got.Sessions.Edges[0].Node
	prompt, completion := pxTokens(want.Usage)
	if s.SessionID != want.Repository+"#12" || s.TokenUsage.Prompt != prompt || s.TokenUsage.Completion != completion {
		t.Errorf("session %+v, want %g and %g tokens", s, prompt, completion)
	}
	if usd := s.CostSummary.Total.Cost; priced && !nearly(usd, *want.Cost.USD) {
		t.Errorf("session: Phoenix prices it at %v, want %v", usd, *want.Cost.USD)
	}
	tree := newPxTree(got.spans())
	if len(tree.agents[""]) != len(want.Runs) {
		t.Errorf("%d agents at the top, want %d", len(tree.agents[""]), len(want.Runs))
	}
	for _, r := range want.Runs {
		t.Run(r.ID, func(t *testing.T) { tree.check(t, r, priced) })
	}
	i := slices.IndexFunc(tree.all, func(s *pxSpan) bool { return s.Name == "override review_dismissed" })
	if i < 0 || tree.all[i].SpanKind != "evaluator" || tree.all[i].ParentID != "" {
		t.Errorf("no override, or not as a span of its own")
	}
}

// nearly allows for the order of additions.
func nearly(got, want float64) bool { return math.Abs(got-want) <= 1e-9*math.Abs(want) }

// pxTokens are tokens as providers count them: what a cache gave or took is
// input too.
func pxTokens(u trace.Usage) (prompt, completion float64) {
	return float64(u.Input.N() + u.CacheRead.N() + u.CacheWrite5m.N() + u.CacheWrite1h.N()), float64(u.Output.N())
}

// pxTree is what is below what.
type pxTree struct {
	all    []*pxSpan
	below  map[string][]*pxSpan // the children of a span
	agents map[string][]*pxSpan // the agents that one started, those of the top under ""
}

func newPxTree(all []*pxSpan) *pxTree {
	tree := &pxTree{all: all, below: map[string][]*pxSpan{}, agents: map[string][]*pxSpan{}}
	by := map[string]*pxSpan{}
	for _, s := range all {
		by[s.SpanID] = s
		tree.below[s.ParentID] = append(tree.below[s.ParentID], s)
	}
	for _, s := range all {
		if s.SpanKind != "agent" {
			continue
		}
		above := ""
		for up := by[s.ParentID]; up != nil && above == ""; up = by[up.ParentID] {
			if up.SpanKind == "agent" {
				above = up.SpanID
			}
		}
		tree.agents[above] = append(tree.agents[above], s)
	}
	return tree
}

// under returns all that is below a span.
func (tree *pxTree) under(s *pxSpan) []*pxSpan {
	out := slices.Clone(tree.below[s.SpanID])
	for _, c := range tree.below[s.SpanID] {
		out = append(out, tree.under(c)...)
	}
	return out
}

// check holds a run, and what is below its span, to what collect tells of it.
func (tree *pxTree) check(t *testing.T, r *session.Run, priced bool) {
	i := slices.IndexFunc(tree.agents[""], func(s *pxSpan) bool { return s.Attributes.get("gen_ai.conversation.id") == r.ID })
	if i < 0 {
		t.Fatal("no agent of it at the top")
	}
	top := tree.agents[""][i]
	if prompt, completion := pxTokens(r.Usage); top.Prompt != prompt || top.Completion != completion {
		t.Errorf("%g and %g tokens, want %g and %g", top.Prompt, top.Completion, prompt, completion)
	}
	calls, tools := int64(0), map[string]int{}
	usd, said := 0.0, 0.0
	for _, s := range tree.under(top) {
		switch s.SpanKind {
		case "llm":
			if s.Attributes.get("andon.llm.aggregated") == nil {
				calls++
			}
			cost, _ := s.Attributes.get("llm.cost.total").(float64)
			said += cost
			if s.CostSummary != nil {
				usd += s.CostSummary.Total.Cost
			}
		case "tool":
			name, _ := s.Attributes.get("tool.name").(string)
			tools[name]++
		}
	}
	if want := r.LLMCalls.N() + r.LLMErrors.N(); calls != want {
		t.Errorf("%d calls of models, want %d", calls, want)
	}
	if !nearly(said, *r.Cost.USD) || priced && !nearly(usd, *r.Cost.USD) {
		t.Errorf("cost %v, and by Phoenix's prices %v; want %v", said, usd, *r.Cost.USD)
	}
	for name, tool := range r.Tools {
		if tools[name] != tool.Calls {
			t.Errorf("%d calls of %s, want %d", tools[name], name, tool.Calls)
		}
	}
	tree.subagents(t, top, r.Agents)
}

// subagents holds the agents below one to the tree that collect tells.
func (tree *pxTree) subagents(t *testing.T, above *pxSpan, want []*session.Subagent) {
	t.Helper()
	if n := len(tree.agents[above.SpanID]); n != len(want) {
		t.Errorf("%s: %d sub-agents, want %d", above.Name, n, len(want))
	}
	for _, w := range want {
		i := slices.IndexFunc(tree.agents[above.SpanID], func(s *pxSpan) bool { return s.Attributes.get("gen_ai.agent.id") == w.ID })
		if i < 0 {
			t.Errorf("%s: no sub-agent %s", above.Name, w.ID)
			continue
		}
		s := tree.agents[above.SpanID][i]
		if prompt, completion := pxTokens(w.Usage); len(w.Subagents) == 0 && (s.Prompt != prompt || s.Completion != completion) {
			t.Errorf("%s: %g and %g tokens, want %g and %g", s.Name, s.Prompt, s.Completion, prompt, completion)
		}
		tree.subagents(t, s, w.Subagents)
	}
}
