package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

// config is the configuration file; schemas/config.schema.json describes it.
type config struct {
	Traces       []string `yaml:"traces"`
	Agent        string   `yaml:"agent"`
	Instructions string   `yaml:"instructions"`
	OnSecret     string   `yaml:"on_secret"`
	PII          bool     `yaml:"pii"`
	Incident     string   `yaml:"incident"`
	FailOn       rules    `yaml:"fail_on"`
	Content      string   `yaml:"content"`
	Secrets      []string `yaml:"secrets"`
	Accounts     accounts `yaml:"accounts"`
	Report       struct {
		Mention []string `yaml:"mention"`
	} `yaml:"report"`

	Export exportConfig `yaml:"export"`

	Allow []allowed `yaml:"allow"`
}

// exportConfig says where to and how runs are exported.
type exportConfig struct {
	Endpoints []string `yaml:"endpoints"`
	Content   string   `yaml:"content"`
	TraceIDs  string   `yaml:"trace_ids"`
	Semconv   string   `yaml:"semconv"`
	OnError   string   `yaml:"on_error"`
	Metrics   string   `yaml:"metrics"`

	TraceScope string `yaml:"trace_scope"`
	MaxAge     string `yaml:"max_age"`
}

// accounts says of accounts of the forge what they do not show.
type accounts struct {
	Agents []string `yaml:"agents"`
	Humans []string `yaml:"humans"`
	Tools  []string `yaml:"tools"`
}

// rules is a list of rules, or one word.
type rules []string

func (r *rules) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*r = rules{n.Value}
		return nil
	}
	return n.Decode((*[]string)(r))
}

// configure reads the configuration file, as far as it counts: whoever opens a
// pull request may not loosen the checks on it.
func (s *settings) configure(ctx context.Context, path string, co checkout) ([]finding.Finding, error) {
	named := path != ""
	path = cmp.Or(path, configPath)
	raw, found := co.base(ctx, path)
	head := found == notInBase || found == baseUnread // what is checked out may be a pull request's
	var err error
	if found != inBase {
		raw, err = readConfig(path)
	}
	if errors.Is(err, fs.ErrNotExist) && (!named || co.pull && found == baseUnread) {
		return co.withoutConfig(found, path), nil
	}
	c := (*config)(nil)
	if err != nil {
		err = failure(err, "reading the configuration", "--config takes a YAML file; docs/action.md describes it")
	} else {
		c, err = parseConfig(raw, path)
	}
	if err != nil && !head { // a head that cannot be read must not end the job before its gate
		return nil, err
	}
	var notes []finding.Finding
	if head {
		s.ignoredAllow = c == nil || c.Allow != nil
		c, notes = c.tighten(co, found, path)
	}
	if c.PII {
		s.fill(settings{pii: "true"})
	}
	s.fill(settings{
		traces: c.Traces, incident: c.Incident, agent: c.Agent, instructions: c.Instructions, content: c.Content,
		onSecret: c.OnSecret, failOn: strings.Join(c.FailOn, ","), secrets: c.Secrets, accounts: c.Accounts, mention: c.Report.Mention,
	})
	s.allow, s.allowPath, s.export = c.Allow, path, c.Export
	return notes, nil
}

// maxConfig bounds the configuration file.
const maxConfig = 1 << 20

func readConfig(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfig {
		return nil, fmt.Errorf("%s is no file of at most 1 MiB", path)
	}
	return os.ReadFile(path)
}

func parseConfig(raw []byte, path string) (*config, error) {
	const hint = "`andon schema config` shows what may stand in it"
	var node yaml.Node
	var doc any
	err := yaml.Unmarshal(raw, &node)
	if err == nil && node.Kind != 0 {
		asText(&node)
		err = node.Decode(&doc)
	}
	if err != nil {
		return nil, failure(errors.New("not valid YAML"), "reading the configuration "+path, hint)
	}
	if doc == nil {
		return &config{}, nil
	}
	asJSON, err := json.Marshal(doc)
	if err != nil {
		return nil, failure(errors.New("a key is not a string"), "reading the configuration "+path, hint)
	}
	v, err := validate.New()
	if err != nil {
		return nil, err
	}
	for _, f := range v.Document("config", asJSON, path) {
		return nil, failure(errors.New(f.Message), "reading the configuration "+path+f.Pointer, hint)
	}
	var c config
	if err := node.Decode(&c); err != nil {
		return nil, failure(errors.New("not in the form of the schema"), "reading the configuration "+path, hint)
	}
	if err := checkAllowed(c.Allow); err != nil {
		return nil, failure(err, "reading the configuration "+path, hint)
	}
	return &c, nil
}

// tighten returns what of a file that a pull request may have written counts:
// what can only make a check stricter, and names. A file that cannot be read is
// nil. The findings say what does not count.
func (c *config) tighten(co checkout, found standing, path string) (*config, []finding.Finding) {
	if c == nil {
		return &config{}, co.note(found, path, "the checked-out file was ignored")
	}
	kept := &config{Agent: c.Agent, Instructions: c.Instructions, Content: c.Content, OnSecret: c.OnSecret, PII: c.PII}
	var ignored []string
	if c.Content != "" && c.Content != "none" {
		kept.Content, ignored = "", append(ignored, "content")
	}
	kept.FailOn = slices.DeleteFunc(slices.Clone(c.FailOn), func(word string) bool { return word == "none" })
	if c.OnSecret != "" && c.OnSecret != "fail" {
		kept.OnSecret, ignored = "", append(ignored, "on_secret")
	}
	if c.Incident != "" {
		ignored = append(ignored, "incident")
	}
	if c.Secrets != nil { // a name of what stands in every trace would keep all of them out of the bundle
		ignored = append(ignored, "secrets")
	}
	if c.Allow != nil {
		ignored = append(ignored, "allow")
	}
	if c.Traces != nil {
		ignored = append(ignored, "traces")
	}
	if e := c.Export; e.Endpoints != nil || e.Content+e.TraceIDs+e.Semconv+e.OnError+e.Metrics+e.TraceScope+e.MaxAge != "" { // what the agents did would go to a host of the author's
		ignored = append(ignored, "export")
	}
	if a := c.Accounts; a.Agents != nil || a.Humans != nil || a.Tools != nil { // who calls an agent a person overrules it
		ignored = append(ignored, "accounts")
	}
	if c.Report.Mention != nil {
		ignored = append(ignored, "report")
	}
	if len(ignored) == 0 {
		if found == notInBase {
			return kept, nil
		}
		return kept, co.note(found, path, "the checked-out file, which loosens nothing, counts")
	}
	return kept, co.note(found, path, "of the checked-out file, "+list(ignored)+" "+wasWere(len(ignored))+" ignored")
}

// withoutConfig is the note where no file is checked out. Only a pull request
// can have removed one that counts.
func (co checkout) withoutConfig(found standing, path string) []finding.Finding {
	if !co.pull || found != baseUnread {
		return nil
	}
	return co.note(found, path, "none is checked out, and what the action's inputs and the defaults say counts")
}

func (co checkout) note(found standing, path, what string) []finding.Finding {
	f := finding.Finding{Rule: "config/ignored", Severity: finding.Warning, Pos: trace.Pos{File: path}}
	if found == notInBase {
		f.Message = "the base revision has no configuration; " + what
		f.Hint = "the file counts once it is in the base; until then, set the action's inputs"
	} else {
		f.Message = "the configuration of the base revision could not be read; " + what
		f.Hint = co.mend() + "; or set the action's inputs instead"
	}
	return []finding.Finding{f}
}

// list joins words as a sentence does.
func list(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
