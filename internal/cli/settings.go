package cli

import (
	"context"
	"errors"
	"flag"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
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
	pii          string // "true" or "false"
	incident     string // "issue" or "none"
	failOn       string
	secrets      []string // names of environment variables
	allow        []allowed
	allowPath    string // the file that they are from
	ignoredAllow bool   // a list was there and does not count
	accounts     accounts
	mention      []string // whom a report tells
	export       exportConfig
}

// personalData is what the flag of scan and of collect is about.
const personalData = "e-mail and IP addresses, phone and card numbers, names in paths of home folders"

func (s *settings) define(fs *flag.FlagSet) {
	fs.StringVar(&s.content, "content", "", "what of the traces goes into the bundle, a `LEVEL`: none (default), redacted or full")
	fs.StringVar(&s.onSecret, "on-secret", "", "what a credential does to its trace, an `ACTION`: suppress (default), redact or fail")
	fs.BoolFunc("pii", "write nothing with personal data in it: "+personalData, s.setPersonal)
	s.defineGate(fs)
	fs.StringVar(&s.agent, "agent", "", "the agent's `NAME`, where the trace does not say")
	fs.StringVar(&s.instructions, "instructions", "", "the prompt or agent `FILE` that the agent ran under")
}

func (s *settings) setPersonal(v string) error {
	on, err := strconv.ParseBool(v)
	s.pii = strconv.FormatBool(on)
	return err
}

func (s *settings) defineGate(fs *flag.FlagSet) {
	fs.StringVar(&s.failOn, "fail-on", "", "exit with 1 on findings of a severity or of `RULES`, as in error or secret/*,trace/truncated")
}

// complete fills in what the flags leave open, and checks the result. Of the
// configuration at path, the checkout says what counts.
func (s *settings) complete(ctx context.Context, env Env, path string, co checkout) ([]finding.Finding, error) {
	s.fill(settings{
		traces:       lines(env.Getenv("ANDON_TRACES")),
		agent:        env.Getenv("ANDON_AGENT"),
		instructions: env.Getenv("ANDON_INSTRUCTIONS"),
		content:      env.Getenv("ANDON_CONTENT"),
		onSecret:     env.Getenv("ANDON_ON_SECRET"),
		pii:          env.Getenv("ANDON_PII"),
		incident:     env.Getenv("ANDON_INCIDENT"),
		failOn:       env.Getenv("ANDON_FAIL_ON"),
		secrets:      strings.FieldsFunc(env.Getenv("ANDON_SECRETS"), isSeparator),
	})
	if path == "" {
		path = env.Getenv("ANDON_CONFIG")
	}
	notes, err := s.configure(ctx, path, co)
	if err != nil {
		return nil, err
	}
	s.fill(settings{content: "none", onSecret: "suppress", pii: "false", incident: "none"})
	return notes, errors.Join(
		checkGate(s.failOn),
		oneOf("--content", s.content, "none", "redacted", "full"),
		oneOf("--on-secret", s.onSecret, "suppress", "redact", "fail"),
		oneOf("--pii", s.pii, "true", "false"),
		oneOf("--incident", s.incident, "none", "issue"))
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
		{&s.pii, &other.pii},
		{&s.incident, &other.incident},
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
	s.mention = append(s.mention, other.mention...)
	s.accounts.Agents = append(s.accounts.Agents, other.accounts.Agents...)
	s.accounts.Humans = append(s.accounts.Humans, other.accounts.Humans...)
	s.accounts.Tools = append(s.accounts.Tools, other.accounts.Tools...)
}
