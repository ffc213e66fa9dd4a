package price

import (
	"strings"

	"github.com/andon-ci/andon/internal/trace"
)

// What Anthropic charges for writing to a prompt cache, in multiples of the
// price of input, for a lifetime of five minutes and of an hour.
// https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing
const (
	anthropicWrite5m = 1.25
	anthropicWrite1h = 2
)

// Cost returns the list price in USD of a number of model calls that used u
// together, at the tier that the size of their average prompt falls in. Only
// for one call is the tier sure; callers that know the calls price each. For an
// unknown number of calls, calls is 0.
//
// It reports false for a model that is not in the table, for one without a
// price for a class that has tokens, for a usage of which nothing was measured,
// and for an unknown number of calls whose prompts together reach a higher tier. A class that was not measured, or is zero, needs no price. Where
// the table lacks a cache write price of an Anthropic model, the documented
// multiple of its input price stands for it: 1.25 for five minutes, 2 for an
// hour. Discounts (batches, contracts) and surcharges (priority service) are
// not known to a trace and not part of it.
func (t *Table) Cost(model string, u trace.Usage, calls int64) (usd float64, ok bool) {
	name, p, ok := t.Lookup(model)
	if !ok || !u.Total().Known() {
		return 0, false
	}
	prompt := u.Prompt().N()
	if calls <= 0 && len(p.Tiers) > 0 && prompt > p.Tiers[0].Above {
		return 0, false
	}
	r := p.at(prompt / max(calls, 1))
	if strings.Contains(name, "claude") {
		r = r.withAnthropicWrites()
	}
	return r.cost(u)
}

// at returns the rates of a call with a prompt of that many tokens.
func (p Price) at(prompt int64) Rates {
	r := p.Rates
	for _, tier := range p.Tiers {
		if prompt > tier.Above {
			r = tier.Rates
		}
	}
	return r
}

func (r Rates) withAnthropicWrites() Rates {
	if r.Input == nil {
		return r
	}
	if r.CacheWrite5m == nil {
		r.CacheWrite5m = new(*r.Input * anthropicWrite5m)
	}
	if r.CacheWrite1h == nil {
		r.CacheWrite1h = new(*r.Input * anthropicWrite1h)
	}
	return r
}

func (r Rates) cost(u trace.Usage) (usd float64, ok bool) {
	answer, reasoning := u.Output.N(), int64(0)
	if r.Reasoning != nil {
		if answer > 0 && !u.Reasoning.Known() {
			return 0, false
		}
		reasoning = min(u.Reasoning.N(), answer)
		answer -= reasoning
	}
	for _, part := range []struct {
		tokens int64
		rate   *float64
	}{
		{u.Input.N(), r.Input},
		{u.CacheRead.N(), r.CacheRead},
		{u.CacheWrite5m.N(), r.CacheWrite5m},
		{u.CacheWrite1h.N(), r.CacheWrite1h},
		{answer, r.Output},
		{reasoning, r.Reasoning},
	} {
		if part.tokens == 0 {
			continue
		}
		if part.rate == nil {
			return 0, false
		}
		usd += float64(part.tokens) * *part.rate / 1e6
	}
	return usd, true
}
