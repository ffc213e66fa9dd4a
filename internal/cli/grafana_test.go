package cli

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// dashboard is what the tests read of docs/grafana/dashboard.json.
type dashboard struct {
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               datasource
	Targets                  []target
	FieldConfig              struct {
		Defaults struct {
			Links []struct{ Title, URL string }
		}
	}
}

type datasource struct{ Type, UID string }

type target struct {
	RefID      string
	Expr       string
	Instant    bool
	Datasource datasource
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(readFile(t, filepath.Join(repo, "docs/grafana/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// alerting is docs/grafana/andon.rules.yml.
type alerting struct {
	Groups []struct{ Rules []alertRule }
}

type alertRule struct {
	Record, Alert, Expr string
	Annotations         map[string]string
}

func readRules(t *testing.T) []alertRule {
	t.Helper()
	var a alerting
	if err := yaml.Unmarshal(readFile(t, filepath.Join(repo, "docs/grafana/andon.rules.yml")), &a); err != nil || len(a.Groups) != 1 {
		t.Fatalf("%d groups: %v", len(a.Groups), err)
	}
	return a.Groups[0].Rules
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestDashboard holds that the dashboard can be put into any Grafana: it names no
// source of its own, and no variable that it does not have.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	known := []string{"__range", "__interval", "__from", "__to", "__field.labels.gen_ai_agent_name", "__data.fields.gen_ai_agent_name"}
	for _, v := range d.Templating.List {
		known = append(known, v.Name)
	}
	ids, titles := map[int]bool{}, map[string]bool{} // a row may be called as a panel in it
	for _, p := range d.Panels {
		if ids[p.ID] || titles[p.Title] && p.Type != "row" || p.Title == "" {
			t.Errorf("panel %d %q: no title, or one or an id that another has", p.ID, p.Title)
		}
		ids[p.ID], titles[p.Title] = true, p.Type != "row"
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || len(p.Targets) == 0 || p.Datasource != (datasource{"prometheus", "${DS_PROMETHEUS}"}) {
			t.Errorf("%s: no description, no query, or a source of its own", p.Title)
		}
		text := p.FieldConfig.Defaults.Links
		for _, q := range p.Targets {
			if q.Datasource != p.Datasource {
				t.Errorf("%s: the query has another source", p.Title)
			}
			text = append(text, struct{ Title, URL string }{URL: q.Expr})
		}
		for _, s := range text {
			for _, m := range variable.FindAllStringSubmatch(s.Title+s.URL, -1) {
				if !slices.Contains(known, m[1]) {
					t.Errorf("%s: no variable %s", p.Title, m[1])
				}
			}
		}
	}
	if len(ids) < 30 {
		t.Errorf("%d panels", len(ids))
	}
}

var variable = regexp.MustCompile(`\$\{?([A-Za-z_][\w.]*)`)

// TestDashboardOwner holds that no query takes the repositories of two owners for
// one, because they have the same name.
func TestDashboardOwner(t *testing.T) {
	const repository = `vcs_repository_name=~"$repository"`
	const both = `vcs_owner_name=~"$owner", ` + repository
	d := readDashboard(t)
	queries := map[string]string{}
	for _, v := range d.Templating.List {
		queries[v.Name] = v.Definition
	}
	if want := `label_values(andon_runs_total{vcs_owner_name=~"$owner"}, vcs_repository_name)`; queries["repository"] != want {
		t.Errorf("the repositories are %s, not %s", queries["repository"], want)
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			queries[p.Title+" "+q.RefID] = q.Expr
			if !strings.Contains(q.Expr, both) {
				t.Errorf("%s asks for no owner and repository: %s", p.Title, q.Expr)
			}
		}
	}
	for where, expr := range queries {
		if strings.Count(expr, repository) != strings.Count(expr, both) {
			t.Errorf("%s asks for a repository of any owner: %s", where, expr)
		}
	}
}

// TestDashboardLinks holds that the links to traces ask for attributes that our
// spans have.
func TestDashboardLinks(t *testing.T) {
	spans := string(readFile(t, filepath.Join(repo, "testdata/otlp/claude.json")))
	attribute := regexp.MustCompile(`span\.([a-z_.]+)`)
	found := 0
	for _, p := range readDashboard(t).Panels {
		for _, l := range p.FieldConfig.Defaults.Links {
			u, err := url.Parse(l.URL)
			if err != nil {
				t.Fatal(err)
			}
			var panes map[string]struct {
				Queries []struct{ Query string }
			}
			if err := json.Unmarshal([]byte(u.Query().Get("panes")), &panes); err != nil || len(panes["a"].Queries) != 1 {
				t.Fatalf("%s: %v", p.Title, err)
			}
			for _, m := range attribute.FindAllStringSubmatch(panes["a"].Queries[0].Query, -1) {
				found++
				if !strings.Contains(spans, `"key": "`+m[1]+`"`) {
					t.Errorf("%s: no span has %s", p.Title, m[1])
				}
			}
		}
	}
	if found == 0 {
		t.Error("no link to traces")
	}
}

// TestDashboardDocumented holds that the README says what each panel and each
// alert is for, and that each alert says what to type.
func TestDashboardDocumented(t *testing.T) {
	doc := string(readFile(t, filepath.Join(repo, "docs/grafana/README.md")))
	for _, p := range readDashboard(t).Panels {
		if !strings.Contains(doc, p.Title) {
			t.Errorf("docs/grafana/README.md does not have the panel %q", p.Title)
		}
	}
	typed := regexp.MustCompile(`andon ([a-z]+)([^|&]*)`)
	for _, r := range readRules(t) {
		if r.Alert == "" {
			continue
		}
		a := r.Annotations
		if a["summary"] == "" || a["means"] == "" || a["look_at"] == "" || !typed.MatchString(a["type"]) {
			t.Errorf("%s does not say what it means, what to look at and what to type", r.Alert)
		}
		if !strings.Contains(doc, "### "+r.Alert+"\n") || !strings.HasSuffix(a["runbook_url"], "#"+strings.ToLower(r.Alert)) {
			t.Errorf("docs/grafana/README.md has no heading %q, or the link leads elsewhere", r.Alert)
		}
		for _, m := range typed.FindAllStringSubmatch(a["type"], -1) {
			knownCommand(t, r.Alert, m[1], m[2])
		}
	}
}

// knownCommand holds that a command is one of ours, with its flags.
func knownCommand(t *testing.T, where, name, args string) {
	t.Helper()
	help, _, code := exporting(t, nil, "help", name)
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(args, -1) {
		if code != 0 || !strings.Contains(help, "  "+flag+" ") {
			t.Errorf("%s: andon %s has no %s", where, name, flag)
		}
	}
	if code != 0 {
		t.Errorf("%s: no command %s", where, name)
	}
}

// TestDashboardNames holds that the queries ask for metrics that there are.
func TestDashboardNames(t *testing.T) {
	text, _, _ := exporting(t, nil, "metrics", "--prometheus", "--history", fullHistory(t))
	metric := regexp.MustCompile(`\b(andon|gen_ai|cicd)_\w+?\{|\b(andon|gen_ai|cicd)_\w+\[`)
	queries := map[string]string{}
	for _, p := range readDashboard(t).Panels {
		for _, q := range p.Targets {
			queries[p.Title+" "+q.RefID] = q.Expr
		}
	}
	for _, r := range readRules(t) {
		queries[r.Alert+r.Record] = r.Expr
	}
	for where, expr := range queries {
		for _, m := range metric.FindAllString(expr, -1) {
			if !strings.Contains(text, "\n"+m[:len(m)-1]+"{") {
				t.Errorf("%s: no metric %s", where, m[:len(m)-1])
			}
		}
	}
}

// fullHistory returns a history that has something of everything: the small one, and
// what the dashboard has panels for beyond it.
func fullHistory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{"history", "grafana"} {
		root := filepath.Join(repo, "testdata", from)
		files, err := filepath.Glob(filepath.Join(root, "*/*/*/*.jsonl"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files: %v", len(files), err)
		}
		for _, name := range files {
			to := filepath.Join(dir, strings.TrimPrefix(name, root))
			before, _ := os.ReadFile(to)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, append(before, readFile(t, name)...), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir + string(filepath.Separator)
}
