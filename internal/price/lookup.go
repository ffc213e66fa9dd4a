package price

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// maxName is how long a model name may be, in bytes. Real ones stay below 200.
const maxName = 512

var (
	date    = regexp.MustCompile(`[-@](?:20\d{6}|20\d\d-\d\d-\d\d)$`)
	release = regexp.MustCompile(`(?:[-@]latest|@default|-v\d+(?::\d+)?)$`)
	region  = regexp.MustCompile(`^(?:us|eu|apac|jp|au|ca|global|us-gov)[./]|^[a-z]{2}(?:-gov)?-[a-z]+-\d/`)
	arn     = regexp.MustCompile(`^arn:aws[a-z-]*:bedrock:[^/]*/`)
	vendor  = regexp.MustCompile(`^(?:anthropic|openai|google)\.`)
	version = regexp.MustCompile(`(\d)\.(\d)`)
	closed  = regexp.MustCompile(`^(?:[a-z-]+[./])*(?:claude|gpt-\d|o\d|codex|gemini|grok)`)
)

// Lookup returns the price of a model and the name that the table has it
// under. The name is taken as it is, in any case, and then without what says
// only where, when or how the same model is served: the [1m] of Claude Code, a
// provider's prefix (anthropic/, openrouter/anthropic/, bedrock/us-east-1/,
// us.anthropic.), a release (-20250514, @20250514, -2025-05-14, -latest,
// -v1:0). It never finds a model that is merely alike. Open-weight models are
// sold by each reseller at a price of its own, so that their prefix counts.
func (t *Table) Lookup(model string) (name string, p Price, ok bool) {
	if len(model) > maxName {
		return "", Price{}, false
	}
	low, _ := cutMark(strings.ToLower(strings.TrimSpace(model)))
	if name, ok := t.lower[low]; ok {
		return name, t.prices[name], true
	}
	resold := false
	for {
		if name, ok := t.find(low, resold); ok {
			return name, t.prices[name], true
		}
		rest, reseller, cut := cutProvider(low)
		if !cut {
			return "", Price{}, false
		}
		low, resold = rest, resold || reseller
	}
}

// cutMark cuts the mark by which Claude Code asks for a larger window.
func cutMark(low string) (name string, million bool) {
	return strings.CutSuffix(low, "[1m]")
}

// find looks for one model under the names that one provider may give it.
func (t *Table) find(low string, resold bool) (name string, ok bool) {
	if resold && !closed.MatchString(low) {
		return "", false
	}
	for _, form := range forms(low) {
		for _, try := range []string{form, maker(form) + form} {
			if name, ok := t.lower[try]; ok {
				return name, true
			}
		}
		if name, ok := t.dated(form); ok {
			return name, true
		}
	}
	return "", false
}

// forms returns low, and low without its release and its date. Anthropic
// writes a version as 4-5 where Copilot and OpenRouter write 4.5.
func forms(low string) []string {
	fs := []string{low}
	if strings.HasPrefix(low, "claude-") {
		fs = append(fs, version.ReplaceAllString(low, "$1-$2"))
	}
	for i := 0; i < len(fs); i++ {
		for _, suffix := range []*regexp.Regexp{release, date} {
			if at := suffix.FindStringIndex(fs[i]); at != nil && at[0] > 0 {
				fs = append(fs, fs[i][:at[0]])
			}
		}
	}
	return fs
}

// dated finds a model that the table has only with dates behind its name, if
// their prices are equal.
func (t *Table) dated(form string) (name string, ok bool) {
	from, _ := slices.BinarySearch(t.sorted, form)
	for _, low := range t.sorted[from:] {
		if !strings.HasPrefix(low, form) {
			break
		}
		if rest := low[len(form):]; rest == "" || rest[0] != '-' && rest[0] != '@' {
			continue
		} else if at := date.FindStringIndex(rest); at == nil || at[0] != 0 {
			continue
		}
		next := t.lower[low]
		if ok && !reflect.DeepEqual(t.prices[name].Rates, t.prices[next].Rates) {
			return "", false
		}
		name, ok = next, true
	}
	return name, ok
}

// maker returns the prefix under which the table has the models of a company
// at its own prices, for a name without a prefix.
func maker(low string) string {
	for _, m := range [][2]string{
		{"gemini-", "gemini/"}, {"grok-", "xai/"}, {"deepseek-", "deepseek/"}, {"kimi-", "moonshot/"},
		{"glm-", "zai/"}, {"qwen", "dashscope/"}, {"minimax-", "minimax/"}, {"mistral-", "mistral/"},
		{"codestral-", "mistral/"}, {"devstral-", "mistral/"}, {"magistral-", "mistral/"}, {"ministral-", "mistral/"},
	} {
		if strings.HasPrefix(low, m[0]) {
			return m[1]
		}
	}
	return ""
}

// cutProvider cuts one part of what stands before a model's name. It reports
// whether that part names someone who sells the models of others.
func cutProvider(low string) (rest string, reseller, ok bool) {
	for _, part := range []*regexp.Regexp{arn, region, vendor} {
		if at := part.FindStringIndex(low); at != nil {
			return low[at[1]:], true, true
		}
	}
	provider, rest, ok := strings.Cut(low, "/")
	if !ok {
		return "", false, false
	}
	switch provider {
	case "anthropic", "openai", "google", "gemini", "models", "xai", "x-ai", "deepseek", "deepseek-ai", "mistral", "mistralai",
		"moonshot", "moonshotai", "moonshot-ai", "dashscope", "qwen", "zai", "z-ai", "zai-org", "minimax", "minimaxai":
		return rest, false, true
	case "openrouter", "bedrock", "bedrock_converse", "converse", "amazon-bedrock", "azure", "azure_ai", "vertex", "vertex_ai",
		"google-vertex", "google-vertex-anthropic", "github_copilot", "github-copilot", "copilot", "litellm", "litellm_proxy",
		"opencode", "vercel_ai_gateway", "responses":
		return rest, true, true
	}
	return "", false, false
}
