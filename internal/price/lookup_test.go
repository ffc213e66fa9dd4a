package price

import (
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	tests := []struct{ model, want string }{
		{"claude-sonnet-4-5", "claude-sonnet-4-5"},
		{"Claude-Sonnet-4-5", "claude-sonnet-4-5"},
		{"claude-sonnet-4-5[1m]", "claude-sonnet-4-5"},
		{"claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5-20250929"},
		{"claude-sonnet-4-5-20991231", "claude-sonnet-4-5"},
		{"claude-sonnet-4-5@20250929", "claude-sonnet-4-5"},
		{"claude-sonnet-4-5-latest", "claude-sonnet-4-5"},
		{"claude-haiku-4.5", "claude-haiku-4-5"},
		{"claude-sonnet-4", "claude-sonnet-4-20250514"},
		{"anthropic/claude-opus-5", "claude-opus-5"},
		{"openrouter/anthropic/claude-sonnet-4.5", "openrouter/anthropic/claude-sonnet-4.5"},
		{"openrouter/anthropic/claude-opus-4.6-20260205", "openrouter/anthropic/claude-opus-4.6"},
		{"github-copilot/claude-sonnet-4.5", "claude-sonnet-4-5"},
		{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"arn:aws:bedrock:us-east-1:1234:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"ca.anthropic.claude-opus-4-8-v1:0", "anthropic.claude-opus-4-8"},
		{"vertex_ai/claude-sonnet-4-5@20250929", "vertex_ai/claude-sonnet-4-5@20250929"},
		{"vertex_ai/claude-opus-4-8@20260501", "vertex_ai/claude-opus-4-8"},
		{"azure/gpt-5.2-codex", "azure/gpt-5.2-codex"},
		{"azure/global/gpt-5.2-codex", "gpt-5.2-codex"},
		{"openai/gpt-5.2-codex", "gpt-5.2-codex"},
		{"gpt-5.2-2025-12-11", "gpt-5.2-2025-12-11"},
		{"gpt-5.2-2031-12-11", "gpt-5.2"},
		{"models/gemini-2.5-pro", "gemini-2.5-pro"},
		{"google/gemini-3.5-flash", "gemini-3.5-flash"},
		{"kimi-k2.7-code", "moonshot/kimi-k2.7-code"},
		{"moonshot-ai/kimi-k2.7-code", "moonshot/kimi-k2.7-code"},
		{"glm-4.7", "zai/glm-4.7"},
		{"grok-4.6", "xai/grok-4.6"},
		{"x-ai/grok-4.6", "xai/grok-4.6"},
		{"qwen3-coder-plus", "dashscope/qwen3-coder-plus"},
		{"minimax-m2.5", "minimax/MiniMax-M2.5"},
	}
	tab := table(t)
	for _, tt := range tests {
		if got, _, ok := tab.Lookup(tt.model); !ok || got != tt.want {
			t.Errorf("Lookup(%s) = %q, %v, want %q", tt.model, got, ok, tt.want)
		}
	}
}

// Near misses: names that differ from one of the table in what makes another
// model, or that a reseller sells at a price of its own.
func TestLookupUnknown(t *testing.T) {
	tab := table(t)
	for _, model := range []string{
		"", " ", "/", "[1m]", "-20250514", "anthropic/", "claude", "claude-", "claude-sonnet", "claude-sonnet-", "<synthetic>", "gpt", "gpt-",
		"claude-sonnet-9", "claude-sonnet-4-55", "claude-sonnet-4-5-mini", "xclaude-sonnet-4-5", "claude-sonnet-4-5[2m]",
		"gpt-5.2-codex-turbo-unknown", "gpt-5.2-codex-turbo", "gpt-5-2", "gpt-5.22", "gemini-2-5-pro", "gemini-2.5-prof",
		"my-proxy/claude-sonnet-4-5", "openrouter/deepseek/deepseek-v4-pro", "openrouter/moonshotai/kimi-k2.7-code", "groq/kimi-k2.7-code",
		"azure_ai/glm-4.7", "anthropic/claude-sonnet-4-5:free", "coder-model", "droid-model",
		strings.Repeat("anthropic/", 50) + "claude-sonnet-9", strings.Repeat("a", 1<<20),
	} {
		if got, _, ok := tab.Lookup(model); ok {
			t.Errorf("Lookup(%.80q) = %s, want unknown", model, got)
		}
	}
}

// A model that the table has with two dates at two prices is not known
// without a date.
func TestLookupDated(t *testing.T) {
	tab, err := Parse([]byte(`{"models": {
		"a-20250101": {"input": 1, "output": 2}, "a-20250202": {"input": 1, "output": 3},
		"b-20250101": {"input": 1, "output": 2}, "b-20250202": {"input": 1, "output": 2}, "b-mini-20250101": {"input": 9, "output": 9}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if name, _, ok := tab.Lookup("a"); ok {
		t.Errorf("Lookup(a) = %s, want unknown", name)
	}
	if name, _, ok := tab.Lookup("b"); !ok || name != "b-20250202" {
		t.Errorf("Lookup(b) = %q, %v", name, ok)
	}
}

// FuzzLookup holds every name that is found to the rule that all of the found
// name but its own provider and date is in the name that was asked for.
func FuzzLookup(f *testing.F) {
	for _, seed := range []string{
		"claude-sonnet-4-5[1m]", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "vertex_ai/claude-opus-4-1@20250805",
		"openrouter/anthropic/claude-3.5-haiku", "azure/eu/gpt-5", "models/gemini-2.5-pro", "kimi-k2.5", "İ", "gpt-4o-2024-05-13-latest",
	} {
		f.Add(seed)
	}
	tab := table(f)
	f.Fuzz(func(t *testing.T, model string) {
		name, _, ok := tab.Lookup(model)
		if !ok {
			return
		}
		core := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
		core = date.ReplaceAllString(core, "")
		asked := version.ReplaceAllString(strings.ToLower(model), "$1-$2")
		if !strings.Contains(asked, version.ReplaceAllString(core, "$1-$2")) {
			t.Errorf("Lookup(%q) = %q", model, name)
		}
		if again, _, ok := tab.Lookup(name); !ok || again != name {
			t.Errorf("Lookup(%q) = %q, %v", name, again, ok)
		}
	})
}
