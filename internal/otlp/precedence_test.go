package otlp_test

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/session"
)

type sight func(*otlp.Span, []otlp.Attr) map[string]any

// TestPrecedence holds what each backend shows of spans of every kind, by its own
// rules of what wins.
func TestPrecedence(t *testing.T) {
	type fields map[string]any
	sonnet := "claude-sonnet-4-5-20250929"
	for _, tc := range []struct {
		backend sight
		span    func(*otlp.Span) bool
		want    fields
	}{
		{langfuseSees, named("invoke_workflow Review"), fields{
			"type": "CHAIN", "name": "invoke_workflow Review", "session": "acme/shop#12", "user": "mona", "trace": "Review / claude-code", "release": strings.Repeat("a1", 20),
			"environment": "ci", "pr": "12", "level": "DEFAULT", "model": nil, "cost": nil, "usage": map[string]int64{}, "input": nil,
		}},
		{langfuseSees, named("invoke_agent claude-code"), fields{
			"type": "AGENT", "session": "acme/shop#12", "user": "mona", "trace": "Review / claude-code", "pr": "12", "model": nil, "cost": nil, "usage": nil, "input": nil,
		}},
		{langfuseSees, named("invoke_agent test-reviewer"), fields{"type": "AGENT", "session": "acme/shop#12", "model": nil, "usage": nil, "cost": nil}},
		{langfuseSees, both(named("chat "+sonnet), with("gen_ai.response.finish_reasons")), fields{
			"type": "GENERATION", "model": sonnet, "session": "acme/shop#12", "user": "mona", "input": nil, "output": nil,
			"usage": map[string]int64{"input": 410, "input_cached_tokens": 5000, "input_cache_creation": 600, "output": 142},
			"cost":  `{"total":0.008221633341363527}`,
		}},
		{langfuseSees, both(named("execute_tool Bash"), failed), fields{
			"type": "TOOL", "name": "Bash", "level": "ERROR", "message": "exit_code", "model": nil, "cost": nil, "input": nil, "output": nil,
		}},
		{langfuseSees, both(named("chat"), failed), fields{"type": "GENERATION", "level": "ERROR", "message": "overloaded", "usage": map[string]int64{}, "cost": nil}},
		{langfuseSees, named("decision request_changes"), fields{"type": "CHAIN", "level": "DEFAULT", "model": nil}},
		{langfuseSees, named("finding price/mismatch"), fields{"type": "EVALUATOR", "level": "DEFAULT", "model": nil}},
		{langfuseSees, named("override revert"), fields{"type": "EVALUATOR", "name": "override revert", "session": "acme/shop#12", "release": strings.Repeat("a1", 20), "pr": "12"}},

		{phoenixSees, named("invoke_workflow Review"), fields{
			"type": "CHAIN", "session": "acme/shop#12", "user": "mona", "level": "DEFAULT", "model": nil, "usage": nil, "input": nil, "project": "agents",
		}},
		{phoenixSees, named("invoke_agent claude-code"), fields{"type": "AGENT", "session": "acme/shop#12", "user": "mona", "usage": nil, "input": nil}},
		{phoenixSees, both(named("chat "+sonnet), with("gen_ai.response.finish_reasons")), fields{
			"type": "LLM", "model": sonnet, "session": "acme/shop#12", "level": "DEFAULT",
			"usage": map[string]int64{"prompt": 6010, "cache_read": 5000, "cache_write": 600, "completion": 142},
		}},
		{phoenixSees, both(named("execute_tool Bash"), failed), fields{
			"type": "TOOL", "name": "execute_tool Bash", "tool": "Bash", "level": "ERROR", "message": "exit_code", "usage": nil, "input": nil, "output": nil,
		}},
		{phoenixSees, named("decision request_changes"), fields{"type": "CHAIN"}},
		{phoenixSees, named("override revert"), fields{"type": "EVALUATOR", "session": "acme/shop#12", "project": "agents"}},
	} {
		o := options()
		o.Project = "agents"
		m := otlp.NewMapper(pipeline(), o)
		units := append(m.Units(read(t, filepath.Join(recordings, "claude-stream-json"), pullRequest())), m.Override(record()))
		span, resource := first(units, tc.span)
		if span == nil {
			t.Fatalf("no such span; want %v", tc.want)
		}
		got := tc.backend(span, resource)
		for name, want := range tc.want {
			if !reflect.DeepEqual(got[name], want) {
				t.Errorf("%s: %s is %#v, want %#v", span.Name, name, got[name], want)
			}
		}
	}
}

func named(name string) func(*otlp.Span) bool {
	return func(s *otlp.Span) bool { return s.Name == name }
}

func with(key string) func(*otlp.Span) bool {
	return func(s *otlp.Span) bool { return attr(s, key) != nil }
}

func failed(s *otlp.Span) bool { return s.Failed }

func both(a, b func(*otlp.Span) bool) func(*otlp.Span) bool {
	return func(s *otlp.Span) bool { return a(s) && b(s) }
}

func first(units []otlp.Unit, is func(*otlp.Span) bool) (*otlp.Span, []otlp.Attr) {
	for _, u := range units {
		for s := range u.Spans {
			if is(s) {
				return s, u.Resource
			}
		}
	}
	return nil, nil
}

// TestRivals holds that where a span has several of the names that a backend takes
// a field from, they say the same, so that nothing hangs on which of them wins.
// What the agent calls its conversation is the one exception, and has to lose.
func TestRivals(t *testing.T) {
	dirs, err := filepath.Glob(recordings + "/*")
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d recordings, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		for _, u := range otlp.NewMapper(pipeline(), options()).Units(read(t, dir, pullRequest())) {
			for s := range u.Spans {
				have := facts(s, u.Resource)
				for _, f := range slices.Concat(langfuseFields(), phoenixFields()) {
					checkRivals(t, s.Name, have, f)
				}
			}
		}
	}
}

func checkRivals(t *testing.T, span string, have map[string]any, f field) {
	t.Helper()
	said := ""
	for i, name := range f.from {
		v, ok := have[name]
		if !ok || name == "gen_ai.conversation.id" && i > 0 && said != "" || f.name == "name" {
			continue
		}
		text := fmt.Sprint(v)
		if usd, is := v.(float64); is {
			text = dollars(usd)
		}
		if details, is := v.(string); is && name == "langfuse.observation.cost_details" {
			text = dollars(total(details))
		}
		if said != "" && text != said {
			t.Errorf("%s: %s says %s, and a name before it %s", span, name, text, said)
		}
		said = text
	}
}

func dollars(usd float64) string { return fmt.Sprintf("$%.9g", usd) }

func total(details string) float64 {
	var v struct{ Total float64 }
	if json.Unmarshal([]byte(details), &v) != nil {
		return math.NaN()
	}
	return v.Total
}

// checkSums holds that what backends add up is what was collected.
func checkSums(t *testing.T, dir string, r *session.Report, units []otlp.Unit) {
	t.Helper()
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			prompt, output := run.Usage.Prompt().N(), run.Usage.Output.N()
			var tokens, counted int64
			cost, prompts := 0.0, int64(0)
			for _, x := range spansOf(units) {
				if attr(x, "gen_ai.conversation.id") != run.ID {
					continue
				}
				seen := langfuseSees(x, nil)
				usage, _ := seen["usage"].(map[string]int64)
				for _, n := range usage {
					tokens += n
				}
				if details, ok := seen["cost"].(string); ok {
					cost += total(details)
				}
				usage, _ = phoenixSees(x, nil)["usage"].(map[string]int64)
				prompts += usage["prompt"]
				counted += usage["completion"]
			}
			if tokens != prompt+output || prompts != prompt || counted != output {
				t.Errorf("%s: %s: Langfuse counts %d tokens, Phoenix %d and %d; want %d and %d", dir, run.ID, tokens, prompts, counted, prompt, output)
			}
			if want := run.Cost.USD; want == nil && cost != 0 || want != nil && math.Abs(cost-*want) > 1e-9 {
				t.Errorf("%s: %s: Langfuse counts $%v, want %v", dir, run.ID, cost, want)
			}
		}
	}
}

// TestFirstToken holds that both say when the first of an answer was there: the
// conventions in seconds after the start, Langfuse by the clock.
func TestFirstToken(t *testing.T) {
	n := 0
	for _, s := range spansOf(otlp.NewMapper(pipeline(), options()).Units(read(t, filepath.Join(recordings, "kimi-code"), pullRequest()))) {
		seconds, ok := attr(s, "gen_ai.response.time_to_first_chunk").(float64)
		if !ok {
			continue
		}
		n++
		text, _ := attr(s, "langfuse.observation.completion_start_time").(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || math.Abs(at.Sub(s.Start).Seconds()-seconds) > 1e-6 {
			t.Errorf("%v after %v is not %q: %v", seconds, s.Start, text, err)
		}
	}
	if n == 0 {
		t.Error("nothing of it")
	}
}

// TestNextNames holds that of two names of one figure there is never more than
// one: Langfuse would add them up.
func TestNextNames(t *testing.T) {
	for profile, want := range map[otlp.Profile]string{otlp.Stable: "cache_creation", otlp.Next: "cache_write"} {
		o := options()
		o.Profile = profile
		seen := map[string]bool{}
		for _, s := range spansOf(otlp.NewMapper(pipeline(), o).Units(read(t, filepath.Join(recordings, "claude-stream-json"), pullRequest()))) {
			for _, name := range []string{"cache_creation", "cache_write"} {
				if attr(s, "gen_ai.usage."+name+".input_tokens") != nil {
					seen[name] = true
				}
			}
		}
		if len(seen) != 1 || !seen[want] {
			t.Errorf("%s: got %v", profile, seen)
		}
	}
}
