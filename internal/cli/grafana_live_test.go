package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
)

// When the dashboard is looked at: the clock of the tests stands still.
var (
	lookedAt = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	lastDays = 30
)

// TestPrometheusRules has Prometheus' own tool read the alerts, and fire them.
func TestPrometheusRules(t *testing.T) {
	promtool(t, "check", "rules", filepath.Join(repo, "docs/grafana/andon.rules.yml"))
	promtool(t, "test", "rules", filepath.Join(repo, "testdata/grafana/andon.rules.test.yml"))
}

// TestPrometheusPast fills a Prometheus with the past of a history, and asks it
// what the dashboard and the alerts ask: each has an answer, and the key figures
// are those of the history's own lines.
func TestPrometheusPast(t *testing.T) {
	programs, from := prometheuses(t), fullHistory(t)
	past, stderr, code := exporting(t, nil, "metrics", "--openmetrics", "--label", "job=past", "--history", from)
	if code != 0 || stderr != "" {
		t.Fatal(stderr)
	}
	file := filepath.Join(t.TempDir(), "past.om")
	if err := os.WriteFile(file, []byte(past), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range programs {
		data := t.TempDir()
		promtool(t, "tsdb", "create-blocks-from", "openmetrics", file, data)
		p := startPrometheus(t, dir, data, "{}")
		if got := p.query(t, `count({job="past"}) / count({__name__=~".+"})`, lookedAt); len(got) != 1 || got[0].last() != 1 {
			t.Errorf("not all of the past has the label that was asked for: %v", got)
		}
		for _, agent := range []string{".*", "review-security", "triage"} {
			t.Run(filepath.Base(dir)+" "+agent, func(t *testing.T) {
				d := looking{p: p, t: t, agent: agent}
				d.panels(readDashboard(t).Panels, agent == ".*")
				d.figures(countLines(t, from, agent))
			})
		}
		t.Run(filepath.Base(dir)+" alerts", func(t *testing.T) { alertsOfThePast(t, p) })
	}
}

// looking is somebody who looks at the dashboard.
type looking struct {
	p     *prometheus
	t     *testing.T
	agent string
	seen  map[string][]answer // by panel and query
}

// fill puts values in place of Grafana's variables.
func (d *looking) fill(expr string) string {
	return strings.NewReplacer("$__range", fmt.Sprintf("%dd", lastDays), "$__interval", "1d", "$owner", "octo-org", "$repository", "widgets", "$agent", d.agent).Replace(expr)
}

// panels asks for every panel. Each has something to show, where all is wanted.
func (d *looking) panels(list []panel, all bool) {
	d.seen = map[string][]answer{}
	midnight := lookedAt.Truncate(24 * time.Hour)
	for _, p := range list {
		for _, q := range p.Targets {
			var got []answer
			if q.Instant {
				got = d.p.query(d.t, d.fill(q.Expr), lookedAt)
			} else {
				got = d.p.course(d.t, d.fill(q.Expr), midnight.AddDate(0, 0, 1-lastDays), midnight, 24*time.Hour)
			}
			d.seen[p.Title+" "+q.RefID] = got
			if all && len(got) == 0 {
				d.t.Errorf("%s: nothing to show for\n%s", p.Title, d.fill(q.Expr))
			}
		}
	}
}

// inLines is what the lines of a history come to.
type inLines struct {
	runs, succeeded, decisions, overrides, agreements, missing, secrets float64
	cost, tokens, calls, errors                                         float64
	runsOfDay, costOfDay, overridesOfDay                                map[string]float64
}

// countLines adds up the last days of a history without any of the code that
// makes metrics of it.
func countLines(t *testing.T, dir, agent string) inLines {
	t.Helper()
	c := inLines{runsOfDay: map[string]float64{}, costOfDay: map[string]float64{}, overridesOfDay: map[string]float64{}}
	files, err := filepath.Glob(filepath.Join(dir, "*/*/*/*.jsonl"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, name := range files {
		part := strings.Split(strings.TrimSuffix(strings.TrimPrefix(name, dir), ".jsonl"), "/")
		day := strings.Join(part[1:], "-")
		if day < lookedAt.AddDate(0, 0, -lastDays).Format(time.DateOnly) {
			continue
		}
		for line := range strings.Lines(string(readFile(t, name))) {
			var doc jsonl.Doc
			v, _, err := doc.Parse([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			if of := v.Get("agent", "name").String(); agent == ".*" || agent == of || of == "" {
				c.add(part[0], day, v)
			}
		}
	}
	return c
}

func (c *inLines) add(kind, day string, v jsonl.Value) {
	number := func(path ...string) float64 {
		f, _ := v.Get(path...).Float()
		return f
	}
	switch kind {
	case "overrides":
		c.overrides++
		c.overridesOfDay[day]++
	case "agreements":
		c.agreements++
	case "coverage":
		c.missing += max(number("traces"), 1)
	case "runs":
		c.runs++
		c.runsOfDay[day]++
		if v.Get("status").String() == "success" {
			c.succeeded++
		}
		if v.Get("decision", "kind").String() != "" {
			c.decisions++
		}
		for f := range v.Get("findings").Elements() {
			if strings.HasPrefix(f.Get("rule").String(), "secret/") {
				c.secrets++
			}
		}
		c.cost += number("cost", "usd")
		c.costOfDay[day] += number("cost", "usd")
		for _, class := range []string{"input_tokens", "cache_read_tokens", "output_tokens"} {
			c.tokens += number("usage", class)
		}
		c.calls += number("tool_calls")
		c.errors += number("tool_errors")
	}
}

// figures compares what the panels show with what the lines come to.
func (d *looking) figures(c inLines) {
	if c.runs < 100 || c.cost == 0 || c.overrides == 0 {
		d.t.Fatalf("the history has %v runs", c.runs)
	}
	for title, want := range map[string]float64{
		"Runs": c.runs, "Succeeded": c.succeeded / c.runs, "Traces missing": c.missing, "Credentials found": c.secrets,
		"Cost": c.cost, "Cost of a run": c.cost / c.runs, "Tokens": c.tokens, "Tokens of a run": c.tokens / c.runs,
		"Overrides": c.overrides, "Overrides by decision": c.overrides / c.decisions, "Agreements": c.agreements,
	} {
		if got := d.seen[title+" A"]; len(got) != 1 || !nearly(got[0].last(), want) {
			d.t.Errorf("%s: shown is %v, want %v", title, got, want)
		}
	}
	for title, want := range map[string]map[string]float64{"Runs by outcome": c.runsOfDay, "Cost by agent": c.costOfDay, "Overrides by kind": c.overridesOfDay} {
		d.bars(title, want)
	}
}

// bars compares a panel with bars, each of the day that ends with it.
func (d *looking) bars(title string, want map[string]float64) {
	got := map[string]float64{}
	for _, a := range d.seen[title+" A"] {
		for at, v := range a.values {
			got[time.Unix(at, 0).UTC().AddDate(0, 0, -1).Format(time.DateOnly)] += v
		}
	}
	if len(got) != lastDays {
		d.t.Errorf("%s: %d bars", title, len(got))
	}
	for day, v := range got {
		if !nearly(v, want[day]) {
			d.t.Errorf("%s: the bar of %s is %v, want %v", title, day, v, want[day])
		}
	}
}

// alertsOfThePast asks when each alert would have fired. The names of what is
// recorded stand for how, since the past was not there to be recorded.
func alertsOfThePast(t *testing.T, p *prometheus) {
	var names []string
	fired := map[string][]answer{}
	for _, r := range readRules(t) {
		expr := r.Expr
		for i := 0; i < len(names); i += 2 {
			expr = strings.ReplaceAll(expr, names[i], "("+names[i+1]+")")
		}
		if r.Record != "" {
			names = append([]string{r.Record, expr}, names...)
		}
		got := p.course(t, expr, lookedAt.AddDate(0, 0, -40), lookedAt, 24*time.Hour)
		if r.Record != "" && len(got) == 0 {
			t.Errorf("%s is never recorded", r.Record)
		}
		fired[r.Alert] = got
	}
	rise := fired["AndonOverridesRise"]
	if len(rise) != 1 || rise[0].labels["gen_ai_agent_name"] != "review-security" {
		t.Fatalf("overruled more often is only one agent: %v", rise)
	}
	changed := time.Date(2026, 11, 7, 0, 0, 0, 0, time.UTC) // its instructions
	for at := range rise[0].values {
		if at <= changed.Unix() {
			t.Errorf("fired on %v", time.Unix(at, 0).UTC())
		}
	}
	found := fired["AndonCredentialFound"]
	if len(found) != 1 || found[0].labels["andon_detector"] != "github-token" || len(found[0].values) != 1 {
		t.Errorf("a credential was found once: %v", found)
	}
	for _, calm := range []string{"AndonNoMetrics", "AndonNoRuns", "AndonRunsFail", "AndonCostOfDay", "AndonTracesMissing"} {
		if len(fired[calm]) > 0 {
			t.Errorf("%s fired: %v", calm, fired[calm])
		}
	}
}

// TestPrometheusScrape has Prometheus scrape what the command prints and, where it
// takes OTLP, sends: both have the same series, and the figures are those that
// `andon collect` gives.
func TestPrometheusScrape(t *testing.T) {
	programs, from := prometheuses(t), fullHistory(t)
	paths := map[string][]string{"/history": {"--history", from}, "/session": {filepath.Join(repo, "testdata/transcripts/claude-stream-json/review.jsonl")}}
	text := map[string]string{}
	for path, args := range paths {
		text[path], _, _ = exporting(t, nil, append([]string{"metrics", "--quiet", "--prometheus"}, args...)...)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(text[r.URL.Path]))
	}))
	defer server.Close()
	config := "global: {scrape_interval: 1s, evaluation_interval: 1s}\nscrape_configs:\n"
	for _, job := range []string{"history", "session"} {
		config += fmt.Sprintf("- {job_name: %s, metrics_path: /%s, static_configs: [{targets: ['%s']}]}\n", job, job, strings.TrimPrefix(server.URL, "http://"))
	}
	rules := filepath.Join(t.TempDir(), "rules.yml")
	often := strings.Replace(string(readFile(t, filepath.Join(repo, "docs/grafana/andon.rules.yml"))), "interval: 5m", "interval: 1s", 1)
	if err := os.WriteFile(rules, []byte(often), 0o644); err != nil {
		t.Fatal(err)
	}
	config += "rule_files: ['" + rules + "']\n"
	for _, dir := range programs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			p := startPrometheus(t, dir, t.TempDir(), config)
			for _, job := range []string{"history", "session"} {
				p.until(t, job+" is scraped", func() bool { return len(p.query(t, `andon_runs_total{job="`+job+`"}`, time.Now())) > 0 })
			}
			compareSession(t, p)
			rulesAreHealthy(t, p)
			if !p.otlp {
				t.Log("this version takes no OTLP")
				return
			}
			compareOTLP(t, p, from)
		})
	}
}

// compareSession holds the figures of a session, scraped, against those of collect.
func compareSession(t *testing.T, p *prometheus) {
	out, stderr, code := exporting(t, nil, "collect", "--quiet", "--format", "json", filepath.Join(repo, "testdata/transcripts/claude-stream-json/review.jsonl"))
	if code == 3 {
		t.Fatal(stderr)
	}
	var report struct {
		Sessions []struct {
			Runs []struct {
				Cost       struct{ USD float64 }
				Usage      map[string]float64
				Turns      float64
				ToolCalls  float64 `json:"tool_calls"`
				ToolErrors float64 `json:"tool_errors"`
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Sessions) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	want := map[string]float64{}
	for _, r := range report.Sessions[0].Runs {
		want["andon_runs_total"]++
		want["andon_cost_USD_total"] += r.Cost.USD
		want["andon_turns_sum"] += r.Turns
		want["andon_tool_calls_total"] += r.ToolCalls
		want["andon_tool_errors_total"] += r.ToolErrors
		for class, n := range r.Usage {
			if class != "reasoning_tokens" { // part of the output
				want["gen_ai_client_token_usage_sum"] += n
			}
		}
	}
	for name, v := range want {
		got := p.query(t, "sum("+name+`{job="session"}) or vector(0)`, time.Now())
		if len(got) != 1 || !nearly(got[0].last(), v) {
			t.Errorf("%s is %v, collect says %v", name, got, v)
		}
	}
}

// rulesAreHealthy waits until each rule was evaluated, and looks at how it went.
func rulesAreHealthy(t *testing.T, p *prometheus) {
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	p.until(t, "the rules are evaluated", func() bool {
		p.get(t, "rules", url.Values{}, &data)
		return len(data.Groups) == 1 && data.Groups[0].Rules[len(data.Groups[0].Rules)-1].Health != "unknown"
	})
	for _, r := range data.Groups[0].Rules {
		if r.Health != "ok" {
			t.Errorf("%s: %s", r.Name, r.LastError)
		}
	}
}

// compareOTLP sends what was scraped too, and holds that it is the same.
func compareOTLP(t *testing.T, p *prometheus, from string) {
	var out, errs strings.Builder
	env := Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Now: time.Now}
	if code := Main(t.Context(), env, []string{"metrics", "--history", from, "--endpoint", p.url + "/api/v1/otlp"}); code != 0 || errs.String() != "" {
		t.Fatal(errs.String())
	}
	series := func(job string) []string {
		var list []string
		for _, a := range p.query(t, `{job="`+job+`", __name__=~"(andon|gen_ai|cicd)_.+"}`, time.Now()) {
			name := a.labels["__name__"]
			for _, l := range []string{"job", "instance", "__name__"} {
				delete(a.labels, l)
			}
			if le, err := strconv.ParseFloat(a.labels["le"], 64); err == nil { // written in another way over OTLP
				a.labels["le"] = fmt.Sprint(le)
			}
			list = append(list, fmt.Sprint(name, a.labels, a.last()))
		}
		slices.Sort(list)
		return list
	}
	p.until(t, "what was sent is there", func() bool { return len(series("andon")) > 0 })
	scraped, sent := series("history"), series("andon")
	if len(sent) < 100 || !slices.Equal(scraped, sent) {
		t.Errorf("%d series were scraped, %d sent, and they are not the same", len(scraped), len(sent))
		for i := range min(len(scraped), len(sent)) {
			if scraped[i] != sent[i] {
				t.Fatalf("such as\n%s\n%s", scraped[i], sent[i])
			}
		}
	}
}
