package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/price"
)

// header is what stands before the models in the table.
type header struct {
	Source  string
	Date    string
	Licence string
}

// The names of LiteLLM's prices, in USD per token.
const (
	input      = "input_cost_per_token"
	output     = "output_cost_per_token"
	reasoning  = "output_cost_per_reasoning_token"
	cacheRead  = "cache_read_input_token_cost"
	cacheHit   = "input_cost_per_token_cache_hit" // an older name of cacheRead
	cacheWrite = "cache_creation_input_token_cost"
	writeHour  = "cache_creation_input_token_cost_above_1hr"
)

var threshold = regexp.MustCompile(`^input_cost_per_token_above_(\d+)k_tokens$`)

// reduce returns the table of the models in data, and of those in old that
// data does not have, one model a line.
func reduce(data []byte, h header, old *price.Table) ([]byte, error) {
	var source map[string]json.RawMessage
	if err := json.Unmarshal(data, &source); err != nil {
		return nil, err
	}
	models := map[string]price.Price{}
	for name, p := range old.All() {
		p.From = cmp.Or(p.From, old.Source())
		models[name] = p
	}
	for name, raw := range source {
		var m map[string]any
		if json.Unmarshal(raw, &m) != nil || !wanted(name, m) {
			continue
		}
		if p := convert(m); priced(p) {
			models[name] = p
		}
	}
	for name, p := range models {
		if strings.Contains(name, "claude") {
			checkHour(&p.Rates)
			models[name] = p
		}
	}
	return write(h, models)
}

// wanted reports whether m is a model that answers in text, from a provider
// that coding agents use. Others would only make the program larger.
func wanted(name string, m map[string]any) bool {
	mode, _ := m["mode"].(string)
	if mode != "chat" && mode != "responses" || strings.HasPrefix(name, "ft:") {
		return false
	}
	provider, _ := m["litellm_provider"].(string)
	if strings.HasPrefix(provider, "vertex_ai") {
		return true
	}
	switch provider {
	case "anthropic", "openai", "gemini", "azure", "azure_ai", "bedrock", "bedrock_converse", "bedrock_mantle",
		"openrouter", "github_copilot", "vercel_ai_gateway", "opencode_go", "deepseek", "xai", "mistral", "codestral", "groq",
		"cerebras", "moonshot", "dashscope", "zai", "minimax", "meta", "amazon_nova", "cognition", "xiaomi_mimo":
		return true
	}
	return false
}

// priced reports whether p has a price to go by at every size of prompt.
func priced(p price.Price) bool {
	ok := p.Input != nil && p.Output != nil
	for _, t := range p.Tiers {
		ok = ok && t.Input != nil && t.Output != nil
	}
	return ok
}

// checkHour drops a price of one-hour cache writes that is not twice that of
// input, as Anthropic has it for every model: LiteLLM has long listed 6 USD
// for all of them. Package price computes what is missing.
func checkHour(r *price.Rates) {
	if r.CacheWrite1h != nil && math.Abs(*r.CacheWrite1h / *r.Input - 2) > 0.01 {
		r.CacheWrite1h = nil
	}
}

func convert(m map[string]any) price.Price {
	p := price.Price{Rates: rates(m, "")}
	if n, ok := m["max_input_tokens"].(float64); ok && n > 0 {
		p.Window = int64(n)
	}
	for key := range m {
		if at := threshold.FindStringSubmatch(key); at != nil {
			k, _ := strconv.ParseInt(at[1], 10, 32)
			p.Tiers = append(p.Tiers, price.Tier{Above: k * 1000, Rates: rates(m, "_above_"+at[1]+"k_tokens")})
		}
	}
	ranges, _ := m["tiered_pricing"].([]any)
	if len(p.Tiers) == 0 {
		for _, r := range ranges {
			addRange(&p, r)
		}
	}
	slices.SortFunc(p.Tiers, func(a, b price.Tier) int { return cmp.Compare(a.Above, b.Above) })
	return p
}

// addRange adds one element of tiered_pricing: prices with the size of prompt
// that they are for, as [from, to].
func addRange(p *price.Price, element any) {
	m, _ := element.(map[string]any)
	bounds, _ := m["range"].([]any)
	if len(bounds) == 0 {
		return
	}
	r := rates(m, "")
	switch from, ok := bounds[0].(float64); {
	case !ok:
	case from == 0:
		p.Rates = r
	default:
		p.Tiers = append(p.Tiers, price.Tier{Above: int64(from), Rates: r})
	}
}

func rates(m map[string]any, suffix string) price.Rates {
	r := price.Rates{
		Input:        perMillion(m[input+suffix]),
		Output:       perMillion(m[output+suffix]),
		CacheRead:    cmp.Or(perMillion(m[cacheRead+suffix]), perMillion(m[cacheHit+suffix])),
		CacheWrite5m: perMillion(m[cacheWrite+suffix]),
		CacheWrite1h: perMillion(m[writeHour+suffix]),
		Reasoning:    perMillion(m[reasoning+suffix]),
	}
	if r.Reasoning != nil && r.Output != nil && *r.Reasoning == *r.Output {
		r.Reasoning = nil
	}
	return r
}

// perMillion returns a price per million tokens, rounded to twelve digits: a
// float64 has no exact 0.0000003. LiteLLM writes 0 both for what is free and for
// what it does not know, so that 0 is no price.
func perMillion(v any) *float64 {
	usd, ok := v.(float64)
	if !ok || usd <= 0 {
		return nil
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(usd*1e6, 'g', 12, 64), 64)
	if err != nil {
		return nil
	}
	return &rounded
}

func write(h header, models map[string]price.Price) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\"source\": %s,\n\"date\": %s,\n\"licence\": %s,\n", quote(h.Source), quote(h.Date), quote(h.Licence))
	fmt.Fprintf(&b, "\"unit\": \"USD per million tokens\",\n\"models\": {")
	separator := "\n"
	for _, name := range slices.Sorted(maps.Keys(models)) {
		line, err := json.Marshal(models[name])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s%s: %s", separator, quote(name), line)
		separator = ",\n"
	}
	b.WriteString("\n}\n}\n")
	return b.Bytes(), nil
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string cannot fail
	return string(b)
}
