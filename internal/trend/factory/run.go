package factory

import (
	"fmt"
	"math"
	"time"
)

func log(x float64) float64 { return math.Log(x) }

// run adds one run of an agent, which begins at a time of the day.
func (s *simulation) run(n *now, at time.Duration) {
	s.runs++
	id := fmt.Sprintf("run-%08x-%d", s.Seed*2654435761%(1<<32), s.runs)
	model := n.Models[s.pick(len(n.Models), func(i int) float64 { return n.Models[i].Share })]
	repository := n.Repositories[s.random.IntN(len(n.Repositories))]
	cost := n.Cost * math.Exp(n.shift+n.common+n.Sigma*s.deviate(n.Tail)) * max(model.Cost, 1e-9)
	latency := n.Latency * math.Exp(n.common+n.Sigma*s.deviate(n.Tail))
	findings := "[]"
	failed := s.random.Float64() < n.Errors
	if len(n.singular) > 0 {
		e := n.singular[0]
		n.singular = n.singular[1:]
		level := math.Exp(n.common)
		switch e.Kind {
		case CostRun:
			cost = n.Cost * math.Exp(n.shift) * level * max(model.Cost, 1e-9) * e.Size
		case LatencyRun:
			latency = n.Latency * level * e.Size
		case Loop:
			cost *= e.Size
			findings = `[{"rule":"failure/tool-loop","severity":"warning","message":"the agent went in circles"}]`
		}
		for i := range s.planted {
			if p := &s.planted[i]; p.Agent == n.Name && p.Effect == e && p.RunID == "" {
				p.RunID = id
				break
			}
		}
	}
	start := s.days[n.day].Date.Add(at)
	end := start.Add(time.Duration(latency) * time.Millisecond)
	status, outcome, kind := "success", "", ""
	if failed {
		status = "failure"
		outcome = fmt.Sprintf(`"error":{"type":"exit","message":"step %d failed after %d s"},`, s.random.IntN(9), s.random.IntN(900))
	} else if len(n.Decisions) > 0 {
		kind = n.Decisions[s.pick(len(n.Decisions), func(i int) float64 { return n.Decisions[i].Share })].Kind
		outcome = fmt.Sprintf(`"decision":{"kind":%q,"source":"record"},`, kind)
	}
	number := s.runs%5000 + 1
	sha := fmt.Sprintf("%064x", uint64(n.hash+1)*0x9e3779b97f4a7c15+uint64(len(n.Name)))
	line := fmt.Appendf(nil, `{"run_id":%q,"format":"claude-code/stream-json","files":["%s.jsonl"],"agent":{"name":%q,"instructions":{"path":".github/agents/%s.md","sha256":%q}},`+
		`"runtime":{"name":"claude-code","version":"2.1.%d"},"models":[%q],"start":%q,"end":%q,"duration_ms":%d,"status":%q,%s`+
		`"usage":{"input_tokens":%d,"cache_read_tokens":%d,"output_tokens":%d},"cost":{"usd":%.6f,"source":"computed"},"turns":%d,"llm_calls":%d,"tool_calls":%d,"tool_errors":%d,`+
		`"tools":{"Bash":{"calls":%d,"errors":%d}},"findings":%s,"repository":%q,"subject":{"kind":"pull_request","number":%d},"head_sha":"%040x","session_id":"%s#%d","workflow_run":{"id":"%d","attempt":"1","job":"agent"}}`,
		id, id, n.Name, n.Name, sha, n.runtime, model.Name, start.Format("2006-01-02T15:04:05.000Z"), end.Format("2006-01-02T15:04:05.000Z"), int64(latency), status, outcome,
		1000+s.random.IntN(9000), s.random.IntN(90000), 200+s.random.IntN(4000), cost, 8, 8, 12, s.random.IntN(2), 12, s.random.IntN(2), findings, repository, number, s.runs, repository, number, 1000000+s.runs)
	s.days[n.day].Runs = append(s.days[n.day].Runs, line)
	if kind != "" && s.random.Float64() < n.Overrides {
		s.override(n, id, repository, kind, number, end)
	}
}

// override adds what people did about a decision, after a while.
func (s *simulation) override(n *now, run, repository, kind string, number int, decided time.Time) {
	at := decided.Add(time.Duration(s.random.ExpFloat64() * n.OverrideDays * 24 * float64(time.Hour)))
	day := int(at.Sub(s.Start).Hours() / 24)
	if day >= len(s.days) {
		return
	}
	line := fmt.Appendf(nil, `{"schema":"andon.override/v1","id":"%032x","time":%q,"repository":%q,"subject":{"kind":"pull_request","number":%d},"head_sha":"","signal":"review_dismissed","strength":"strong",`+
		`"actor":{"login":"someone","kind":"human"},"agent":{"name":%q},"decision":{"kind":%q,"time":%q},"run_id":%q,"evidence":[{"kind":"review","url":"https://github.com/%s/pull/%d#pullrequestreview-1"}]}`,
		s.runs, at.Format(time.RFC3339), repository, number, n.Name, kind, decided.Format(time.RFC3339), run, repository, number)
	s.days[day].Overrides = append(s.days[day].Overrides, line)
}

// pick returns one of n things by their shares.
func (s *simulation) pick(n int, share func(int) float64) int {
	x := s.random.Float64()
	for i := range n {
		if x -= share(i); x < 0 {
			return i
		}
	}
	return n - 1
}

// deviate returns a value with the standard deviation 1, or about that.
func (s *simulation) deviate(t Tail) float64 {
	z := s.random.NormFloat64()
	switch t {
	case Mixed:
		if s.random.Float64() < 0.05 {
			return 3 * z
		}
	case Student:
		chi := 0.0
		for range 5 {
			x := s.random.NormFloat64()
			chi += x * x
		}
		return z / math.Sqrt(chi/3)
	case Pareto:
		return s.random.ExpFloat64() - 1
	}
	return z
}

func (s *simulation) moment(office bool) time.Duration {
	if office {
		return 7*time.Hour + s.within(12*time.Hour)
	}
	return s.within(24 * time.Hour)
}

func (s *simulation) within(d time.Duration) time.Duration {
	return time.Duration(s.random.Int64N(int64(d)))
}

// poisson returns how often something happens that does so mean times on average.
func (s *simulation) poisson(mean float64) int {
	n, left := 0, s.random.ExpFloat64()
	for ; left < mean; n++ {
		left += s.random.ExpFloat64()
	}
	return n
}
