package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

// configPath is where a repository's configuration is looked for.
const configPath = ".github/andon.yml"

// settings are what flags, the action's inputs and the configuration file can
// say, in this order of precedence.
type settings struct {
	traces       []string
	agent        string
	instructions string
	content      string
	onSecret     string
	failOn       string
	secrets      []string // names of environment variables
}

func (s *settings) define(fs *flag.FlagSet) {
	fs.StringVar(&s.content, "content", "", "what of the traces goes into the bundle, a `LEVEL`: none (default), redacted or full")
	fs.StringVar(&s.onSecret, "on-secret", "", "what a credential does to its trace, an `ACTION`: suppress (default), redact or fail")
	fs.StringVar(&s.failOn, "fail-on", "", "exit with 1 on findings of a severity or of `RULES`, as in error or secret/*,trace/truncated")
	fs.StringVar(&s.agent, "agent", "", "the agent's `NAME`, where the trace does not say")
	fs.StringVar(&s.instructions, "instructions", "", "the prompt or agent `FILE` that the agent ran under")
}

// complete fills in what the flags leave open, and checks the result.
func (s *settings) complete(ctx context.Context, env Env, path string) ([]finding.Finding, error) {
	s.fill(settings{
		traces:       lines(env.Getenv("ANDON_TRACES")),
		agent:        env.Getenv("ANDON_AGENT"),
		instructions: env.Getenv("ANDON_INSTRUCTIONS"),
		content:      env.Getenv("ANDON_CONTENT"),
		onSecret:     env.Getenv("ANDON_ON_SECRET"),
		failOn:       env.Getenv("ANDON_FAIL_ON"),
		secrets:      strings.FieldsFunc(env.Getenv("ANDON_SECRETS"), isSeparator),
	})
	if path == "" {
		path = env.Getenv("ANDON_CONFIG")
	}
	notes, err := s.configure(ctx, env, path)
	if err != nil {
		return nil, err
	}
	s.fill(settings{content: "none", onSecret: "suppress"})
	return notes, errors.Join(
		checkGate(s.failOn),
		oneOf("--content", s.content, "none", "redacted", "full"),
		oneOf("--on-secret", s.onSecret, "suppress", "redact", "fail"))
}

// lines returns the lines of an input that takes several paths, which may have
// spaces in them.
func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func isSeparator(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r' }

// fill takes from other what s leaves open.
func (s *settings) fill(other settings) {
	for _, f := range []struct{ dst, src *string }{
		{&s.agent, &other.agent},
		{&s.instructions, &other.instructions},
		{&s.content, &other.content},
		{&s.onSecret, &other.onSecret},
		{&s.failOn, &other.failOn},
	} {
		if *f.dst == "" {
			*f.dst = *f.src
		}
	}
	if len(s.traces) == 0 {
		s.traces = other.traces
	}
	s.secrets = append(s.secrets, other.secrets...)
}

// config is the configuration file; schemas/config.schema.json describes it.
type config struct {
	Traces       []string `yaml:"traces"`
	Agent        string   `yaml:"agent"`
	Instructions string   `yaml:"instructions"`
	OnSecret     string   `yaml:"on_secret"`
	FailOn       rules    `yaml:"fail_on"`
	Content      string   `yaml:"content"`
	Secrets      []string `yaml:"secrets"`
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

// configure reads the configuration file. In a pull request it counts as it
// stands in the base revision: whoever opens one may not loosen the checks on
// it. Where the base cannot be read, what the head loosens is left out.
func (s *settings) configure(ctx context.Context, env Env, path string) ([]finding.Finding, error) {
	named := path != ""
	if !named {
		path = configPath
	}
	base := baseSHA(env)
	raw, fromBase := []byte(nil), false
	if base != "" {
		raw, fromBase = showFile(ctx, base, path)
	}
	if !fromBase {
		var err error
		if raw, err = readConfig(path); errors.Is(err, fs.ErrNotExist) && !named {
			return nil, nil
		} else if err != nil {
			return nil, failure(err, "reading the configuration", "--config takes a YAML file; docs/action.md describes it")
		}
	}
	c, err := parseConfig(raw, path)
	if err != nil {
		return nil, err
	}
	var notes []finding.Finding
	if base != "" && !fromBase {
		notes = c.tighten(path)
	}
	s.fill(settings{
		traces: c.Traces, agent: c.Agent, instructions: c.Instructions, content: c.Content,
		onSecret: c.OnSecret, failOn: strings.Join(c.FailOn, ","), secrets: c.Secrets,
	})
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

// showFile returns a file of the repository as it was at a commit. A shallow
// checkout does not have it; neither has a machine without git.
func showFile(ctx context.Context, sha, path string) ([]byte, bool) {
	if !validSHA.MatchString(sha) || !filepath.IsLocal(path) {
		return nil, false
	}
	out, err := exec.CommandContext(ctx, "git", "show", sha+":"+filepath.ToSlash(filepath.Clean(path))).Output()
	return out, err == nil && len(out) <= maxConfig
}

// baseSHA returns the base commit of the pull request that started the
// workflow, empty for any other event.
func baseSHA(env Env) string {
	if !strings.HasPrefix(env.Getenv("GITHUB_EVENT_NAME"), "pull_request") {
		return ""
	}
	var p struct {
		PullRequest struct {
			Base struct {
				SHA string `json:"sha"`
			} `json:"base"`
		} `json:"pull_request"`
	}
	b, err := os.ReadFile(env.Getenv("GITHUB_EVENT_PATH"))
	if err != nil || json.Unmarshal(b, &p) != nil || !validSHA.MatchString(p.PullRequest.Base.SHA) {
		return "unknown" // still a pull request: its head's configuration is not trusted
	}
	return p.PullRequest.Base.SHA
}

func parseConfig(raw []byte, path string) (*config, error) {
	const hint = "`andon schema config` shows what may stand in it"
	var doc any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
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
	if err := yaml.Unmarshal(raw, &c); err != nil {
		return nil, failure(errors.New("not in the form of the schema"), "reading the configuration "+path, hint)
	}
	return &c, nil
}

// tighten drops what loosens a check, and says so.
func (c *config) tighten(path string) []finding.Finding {
	var notes []finding.Finding
	drop := func(key string, set bool) {
		if set {
			notes = append(notes, finding.Finding{
				Rule: "config/ignored", Severity: finding.Warning, Pos: trace.Pos{File: path, Pointer: "/" + key},
				Message: key + " in a pull request's head was ignored: the base revision could not be read",
				Hint:    "check out with fetch-depth: 0, or set the action's input instead",
			})
		}
	}
	drop("on_secret", c.OnSecret == "redact")
	if c.OnSecret == "redact" {
		c.OnSecret = ""
	}
	drop("content", c.Content == "redacted" || c.Content == "full")
	if c.Content != "none" {
		c.Content = ""
	}
	drop("traces", len(c.Traces) > 0)
	c.Traces = nil
	return notes
}
