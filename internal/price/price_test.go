package price

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

func table(t testing.TB) *Table {
	t.Helper()
	tab, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

// tokens makes a Usage; a negative figure is one that was not measured.
func tokens(input, read, write5m, write1h, output int64) trace.Usage {
	return trace.Usage{
		Input: trace.Measured(input), CacheRead: trace.Measured(read), CacheWrite5m: trace.Measured(write5m),
		CacheWrite1h: trace.Measured(write1h), Output: trace.Measured(output),
	}
}

// The expected costs are worked out from what the makers publish for a token,
// not from the table.
func TestCost(t *testing.T) {
	tests := []struct {
		name, model string
		usage       trace.Usage
		want        float64
	}{
		{"every class", "claude-sonnet-4-5", tokens(1000, 20000, 300, 400, 500),
			1000*3e-6 + 20000*0.3e-6 + 300*3.75e-6 + 400*6e-6 + 500*15e-6},
		{"read from the cache at half of a tenth", "claude-sonnet-5-5", tokens(342, 6078, 1176, 390, 138),
			342*2e-6 + 6078*0.1e-6 + 1176*2.5e-6 + 390*4e-6 + 138*10e-6},
		{"unmeasured classes", "claude-opus-4-8", tokens(10, -1, -1, -1, 20), 10*5e-6 + 20*25e-6},
		{"no one-hour price in the source", "claude-3-opus-20240229", tokens(0, 0, 0, 100, 0), 100 * 2 * 15e-6},
		{"one-hour writes of a tier without their price", "claude-sonnet-4-20250514", tokens(200000, 0, 0, 1, 0), 200000*6e-6 + 1*2*6e-6},
		{"cached input of OpenAI", "gpt-5.2-codex", tokens(1000, 9000, 0, 0, 100), 1000*1.75e-6 + 9000*0.175e-6 + 100*14e-6},
		{"below the tier", "gemini-2.5-pro", tokens(100000, 100000, -1, -1, 100), 100000*1.25e-6 + 100000*0.125e-6 + 100*10e-6},
		{"the tier is for the whole call", "gemini-2.5-pro", tokens(100001, 100000, -1, -1, 100), 100001*2.5e-6 + 100000*0.25e-6 + 100*15e-6},
		{"another threshold", "gpt-5.4", tokens(272001, 0, -1, -1, 10), 272001*5e-6 + 10*22.5e-6},
		{"cache writes count for the tier", "claude-sonnet-4-20250514", tokens(1, 0, 200000, 0, 1), 1*6e-6 + 200000*7.5e-6 + 1*22.5e-6},
		{"several tiers", "qwen3-coder-plus", tokens(128001, 0, -1, -1, 1), 128001*3e-6 + 1*15e-6},
		{"nothing used", "gpt-4.1", tokens(0, 0, -1, -1, 0), 0},
	}
	tab := table(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tab.Cost(tt.model, tt.usage, 1)
			if !ok || !near(got, tt.want) {
				t.Errorf("Cost(%s) = %v, %v, want %v", tt.model, got, ok, tt.want)
			}
		})
	}
}

func TestCostUnknown(t *testing.T) {
	tests := []struct {
		name, model string
		usage       trace.Usage
	}{
		{"no such model", "claude-sonnet-9", tokens(1, 1, 1, 1, 1)},
		{"no model", "", tokens(1, 1, 1, 1, 1)},
		{"made up by Claude Code", "<synthetic>", tokens(0, 0, 0, 0, 0)},
		{"cache writes of a model that sells none", "gpt-4.1", tokens(1, 1, 1, 0, 1)},
		{"one-hour writes of a model that sells none", "gpt-5.6-sol", tokens(1, 1, 0, 1, 1)},
		{"nothing measured", "gpt-4.1", trace.Usage{}},
		{"only a part of the output measured", "gpt-4.1", trace.Usage{Reasoning: trace.Measured(5)}},
	}
	tab := table(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := tab.Cost(tt.model, tt.usage, 1); ok || got != 0 {
				t.Errorf("Cost(%s) = %v, %v, want unknown", tt.model, got, ok)
			}
		})
	}
}

// Several calls are priced at the tier of their average prompt; without their
// number there is no tier to take.
func TestCostOfCalls(t *testing.T) {
	tests := []struct {
		name   string
		prompt int64
		calls  int64
		want   float64
		ok     bool
	}{
		{"one below", 200_000, 1, 200_000 * 1.25e-6, true},
		{"one above", 400_000, 1, 400_000 * 2.5e-6, true},
		{"two below", 400_000, 2, 400_000 * 1.25e-6, true},
		{"two above", 500_000, 2, 500_000 * 2.5e-6, true},
		{"unknown number, below in any case", 200_000, 0, 200_000 * 1.25e-6, true},
		{"unknown number, perhaps above", 200_001, 0, 0, false},
	}
	tab := table(t)
	for _, tt := range tests {
		got, ok := tab.Cost("gemini-2.5-pro", trace.Usage{Input: trace.Measured(tt.prompt)}, tt.calls)
		if ok != tt.ok || !near(got, tt.want) {
			t.Errorf("%s: %v, %v, want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestCostOfReasoning(t *testing.T) {
	tab, err := Parse([]byte(`{"models": {"m": {"input": 1, "output": 2, "reasoning": 10}, "n": {"input": 1, "output": 2}}}`))
	if err != nil {
		t.Fatal(err)
	}
	u := trace.Usage{Input: trace.Measured(100), Output: trace.Measured(50), Reasoning: trace.Measured(30)}
	if got, ok := tab.Cost("m", u, 1); !ok || !near(got, 100*1e-6+20*2e-6+30*10e-6) {
		t.Errorf("a price of its own: %v, %v", got, ok)
	}
	if got, ok := tab.Cost("n", u, 1); !ok || !near(got, 100*1e-6+50*2e-6) {
		t.Errorf("part of the output: %v, %v", got, ok)
	}
	u.Reasoning = trace.Measured(80)
	if got, ok := tab.Cost("m", u, 1); !ok || !near(got, 100*1e-6+50*10e-6) {
		t.Errorf("more reasoning than output: %v, %v", got, ok)
	}
	u.Reasoning = trace.Count{}
	if got, ok := tab.Cost("m", u, 1); ok {
		t.Errorf("reasoning not measured: %v, want unknown", got)
	}
}

func TestWindow(t *testing.T) {
	tests := []struct {
		model string
		want  int64
		ok    bool
	}{
		{"claude-sonnet-4-5", 200_000, true},
		{"claude-sonnet-4-5[1m]", 1_000_000, true},
		{"claude-opus-5", 1_000_000, true},
		{"gpt-5.2-codex", 272_000, true},
		{"no-such-model[1m]", 0, false},
	}
	tab := table(t)
	for _, tt := range tests {
		if got, ok := tab.Window(tt.model); got != tt.want || ok != tt.ok {
			t.Errorf("Window(%s) = %d, %v, want %d, %v", tt.model, got, ok, tt.want, tt.ok)
		}
	}
}

// TestTable holds what is embedded to what the code relies on.
func TestTable(t *testing.T) {
	const maxSize = 400 << 10
	if len(embedded) > maxSize {
		t.Errorf("the table is of %d bytes, over %d", len(embedded), maxSize)
	}
	tab := table(t)
	if !strings.HasPrefix(tab.Source(), "litellm ") || len(tab.Date()) != len("2006-01-02") {
		t.Errorf("source %q, date %q", tab.Source(), tab.Date())
	}
	models := 0
	for name, p := range tab.All() {
		models++
		checkRates(t, name, p.Rates)
		for _, tier := range p.Tiers {
			checkRates(t, name, tier.Rates)
		}
		if !slices.IsSortedFunc(p.Tiers, func(a, b Tier) int { return int(a.Above - b.Above) }) {
			t.Errorf("%s: tiers out of order", name)
		}
		if found, _, ok := tab.Lookup(name); !ok || found != name {
			t.Errorf("Lookup(%s) = %s, %v", name, found, ok)
		}
	}
	if models < 1000 {
		t.Errorf("only %d models", models)
	}
}

// checkRates has bounds that no list price of a text model has left so far.
func checkRates(t *testing.T, name string, r Rates) {
	t.Helper()
	if r.Input == nil || r.Output == nil {
		t.Errorf("%s: without a price of input or output", name)
		return
	}
	for _, rate := range []*float64{r.Input, r.Output, r.CacheRead, r.CacheWrite5m, r.CacheWrite1h, r.Reasoning} {
		if rate != nil && (*rate <= 0 || *rate > 10_000) {
			t.Errorf("%s: %v USD per million tokens", name, *rate)
		}
	}
	if r.CacheRead != nil && *r.CacheRead > *r.Input*1.01 {
		t.Errorf("%s: reading the cache for %v is dearer than input for %v", name, *r.CacheRead, *r.Input)
	}
}

func TestParseErrors(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON":   "models",
		"cut off":   `{"models": {"a": {"input": 1`,
		"two cases": `{"models": {"a": {"input": 1}, "A": {"input": 2}}}`,
	} {
		if _, err := Parse([]byte(data)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, err := Default(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCost(b *testing.B) {
	tab := table(b)
	u := tokens(1000, 20000, 300, 400, 500)
	for _, model := range []string{"claude-sonnet-4-5", "openrouter/anthropic/claude-sonnet-4.5", "no-such-model"} {
		b.Run(model[strings.LastIndex(model, "/")+1:], func(b *testing.B) {
			for b.Loop() {
				tab.Cost(model, u, 1)
			}
		})
	}
}
