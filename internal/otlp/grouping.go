package otlp

import (
	"cmp"
	"encoding/json"
	"strconv"

	"github.com/andon-ci/andon/internal/session"
)

// listing is what a trace is listed and found by, beside what the session says.
type listing struct {
	title   string // the same at all spans of a trace that have one: backends take any
	agent   string
	outcome string
	cost    *float64 // of all that the trace holds; nil where it is not known or said elsewhere
}

// title names the trace of a report's runs: by the workflow, and by the agent
// where there is one.
func (m *Mapper) title(r *session.Report) string {
	agent, agents := "", 0
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			if name := cmp.Or(run.Agent.Name, run.Runtime.Name); agents == 0 || name != agent {
				agent, agents = name, agents+1
			}
		}
	}
	if agents != 1 {
		agent = ""
	}
	return m.titled(agent)
}

func (m *Mapper) titled(agent string) string {
	title := cmp.Or(m.p.Workflow, "andon")
	if agent != "" {
		title += " / " + agent
	}
	return title
}

// costOf returns what runs cost together, as far as that is known.
func costOf(r *session.Report) *float64 {
	var sum *float64
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			if usd := run.Cost.USD; usd != nil {
				if sum == nil {
					sum = new(float64)
				}
				*sum += *usd
			}
		}
	}
	return sum
}

// grouping says what a trace is listed and found by.
func (m *Mapper) grouping(a *attrs, s *session.Session, l listing) {
	type fact struct{ key, value string }
	facts := []fact{
		{"repo", cmp.Or(m.p.Repository, s.Repository)},
		{"sha", s.HeadSHA[:min(len(s.HeadSHA), 12)]},
		{"run_id", m.p.RunID},
		{"attempt", m.p.Attempt},
	}
	if s.Subject.Kind == "pull_request" && s.Subject.Number > 0 {
		facts = append(facts, fact{"pr", strconv.Itoa(s.Subject.Number)})
	}
	facts = append(facts, fact{"agent", l.agent}, fact{"outcome", l.outcome})
	words, meta := []string{}, map[string]string{}
	say := func(f fact) bool {
		if f.value == "" || len(f.value) > 200 { // Langfuse's limit
			return false
		}
		meta[f.key] = f.value
		a.text(langfuseMetadata+f.key, f.value)
		return true
	}
	for _, f := range facts {
		if say(f) {
			words = append(words, f.key+":"+f.value)
		}
	}
	if l.cost != nil {
		say(fact{"total_cost_usd", number(*l.cost)})
	}
	a.text(langfuseName, l.title)
	a.list(langfuseTags, words)
	a.list(tags, words)
	if b, err := json.Marshal(meta); err == nil {
		a.text(metadata, string(b))
	}
	a.text(langfuseRelease, s.HeadSHA)
	a.text(langfuseEnv, m.o.Environment)
}
