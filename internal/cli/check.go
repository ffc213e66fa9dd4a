package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
)

// checkFlags are those that validate and scan share.
type checkFlags struct {
	format string
	failOn string
	quiet  bool
	config string // of scan, as is
	pii    bool
}

func (f *checkFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, json or sarif")
	fs.StringVar(&f.failOn, "fail-on", "error", "exit with 1 on findings of a severity or of `RULES`")
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
}

func validateCommand() command {
	return command{
		name: "validate", args: "[flags] PATH...",
		summary: "check traces against their schema, or against what their reader needs",
		help: `examples:
  andon validate my-agent.jsonl
  andon validate --format sarif traces > andon.sarif
`,
		start: func(fs *flag.FlagSet) runner {
			f := &checkFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error {
				g, err := f.gather(ctx, env, args, false, nil)
				if err != nil {
					return err
				}
				return f.print(env, g)
			}
		},
	}
}

func scanCommand() command {
	return command{
		name: "scan", args: "[flags] PATH...",
		summary: "look for credentials in files of any kind",
		help: `examples:
  andon scan ~/.claude/projects
  andon scan --redact clean traces        copies without the credentials, in clean/
  andon scan --redact clean --pii traces  and without personal data
  andon scan --format allow traces        entries for the configuration's list of what is allowed

A credential is reported by its rule, line and fingerprint, never by its value.
The names of files and folders are looked at too. Copies are plain text in UTF-8,
without the ending .gz, .bz2 or .zst, and without the credentials of names.
`,
		start: func(fs *flag.FlagSet) runner {
			f := &checkFlags{}
			f.define(fs)
			fs.Lookup("format").Usage = "`FORMAT` of the output: text, json, sarif or allow"
			fs.StringVar(&f.config, "config", "", "configuration `FILE` (default "+configPath+"), of which the key allow counts")
			redact := fs.String("redact", "", "write copies of the files without their credentials to `DIR`")
			fs.BoolVar(&f.pii, "pii", false, "with --redact: without personal data either, "+personalData)
			return func(ctx context.Context, env Env, args []string) error {
				if f.pii && *redact == "" {
					return usage("scan: --pii goes with --redact", "andon scan --redact DIR --pii PATH")
				}
				g, err := f.gather(ctx, env, args, true, isSecret)
				if err != nil {
					return err
				}
				if *redact != "" {
					if err := g.redactTo(ctx, env, *redact); err != nil {
						return err
					}
				}
				return f.print(env, g)
			}
		},
	}
}

// isSecret keeps what scan is about: credentials, and files that it could not
// look into.
func isSecret(f finding.Finding) bool {
	return strings.HasPrefix(f.Rule, "secret/") || strings.HasPrefix(f.Rule, "config/") || strings.HasPrefix(f.Rule, "allow/") || strings.HasPrefix(f.Rule, "input/") && f.Rule != "input/unrecognised"
}

// gather reads the files that args stand for.
func (f *checkFlags) gather(ctx context.Context, env Env, args []string, secrets bool, keep func(finding.Finding) bool) (*gatherer, error) {
	formats := []string{"text", "json", "sarif"}
	if secrets {
		formats = append(formats, "allow")
	}
	if err := oneOf("--format", f.format, formats...); err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return nil, usage("no PATH given", "name a file, a folder or a pattern")
	}
	if err := checkGate(f.failOn); err != nil {
		return nil, err
	}
	found := find(args)
	key := []byte(allowKey)
	if f.format != "allow" {
		key = fingerprintKey(env, found.files)
	}
	stdin := slices.ContainsFunc(found.files, func(in input) bool { return in.path == "-" }) // is read once only
	g, err := f.readAll(ctx, env, found, key, secrets, keep, !stdin)
	if errors.Is(err, errMasked) {
		g, err = f.readAll(ctx, env, found, key, secrets, keep, false)
	}
	return g, err
}

// readAll reads files. If they are read once, with no look at what they mask
// before, it gives up with errMasked where one of them may mask a value: almost
// none does, and what has to be read twice takes a tenth more time.
func (f *checkFlags) readAll(ctx context.Context, env Env, found *finder, key []byte, secrets bool, keep func(finding.Finding) bool, once bool) (*gatherer, error) {
	scan, err := newKeyedScanner(env, key, jobSecrets(env))
	if err != nil {
		return nil, err
	}
	g, err := newGatherer(scan, nil)
	if err != nil {
		return nil, err
	}
	g.keep, g.secrets, g.only, g.bar = keep, secrets, secrets, newProgress(env, f.quiet)
	g.findings, g.missing = slices.Clone(found.findings), found.missing
	if secrets {
		if err := f.allow(ctx, env, g); err != nil {
			return nil, err
		}
		if once {
			g.watch = &maskWatch{}
		} else {
			err = g.takeMasks(found.files, func(masked []secret.Known) (*secret.Scanner, error) {
				return newKeyedScanner(env, key, jobSecrets(env), masked...)
			})
		}
		if err != nil {
			return nil, err
		}
	}
	if f.pii {
		if err := g.hidePersonal(key); err != nil {
			return nil, err
		}
	}
	if err := g.read(ctx, env, found.files); err != nil {
		return nil, err
	}
	g.bar.done()
	return g, nil
}

// jobSecrets returns the names of the environment variables that hold secrets.
func jobSecrets(env Env) []string {
	return strings.FieldsFunc(env.Getenv("ANDON_SECRETS"), isSeparator)
}

// allow gives the gatherer the configuration's list.
func (f *checkFlags) allow(ctx context.Context, env Env, g *gatherer) error {
	s := &settings{}
	notes, err := s.configure(ctx, cmp.Or(f.config, env.Getenv("ANDON_CONFIG")), keyFlags{}.checkout(env))
	if err != nil {
		return err
	}
	if s.ignoredAllow {
		g.findings = append(g.findings, notes...)
	}
	g.allow, err = newAllowlist(env, s.allowPath, s.allow, jobSecrets(env))
	return err
}

// lasting returns findings without the fingerprints of credentials, where those
// depend on all that was read: code scanning would take each for a new one as
// soon as a line is added somewhere.
func lasting(env Env, fs []finding.Finding) []finding.Finding {
	if env.Getenv("ANDON_FINGERPRINT_KEY") != "" {
		return fs
	}
	out := slices.Clone(fs)
	for i := range out {
		if strings.HasPrefix(out[i].Rule, "secret/") {
			out[i].Fingerprint = ""
		}
	}
	return out
}

func (f *checkFlags) print(env Env, g *gatherer) error {
	var b bytes.Buffer
	var err error
	switch f.format {
	case "json":
		err = report.FindingsJSON(&b, g.findings, g.coverage)
	case "sarif":
		err = report.SARIF(&b, lasting(env, g.findings), allRules(), version())
	case "allow":
		b.WriteString(allowText(g.findings, today(env)))
	default:
		err = report.FindingsText(&b, g.findings, g.coverage)
	}
	if err == nil {
		_, err = env.Stdout.Write(g.clean(b.Bytes()))
	}
	if err != nil {
		return printed(0, err)
	}
	return g.outcome(g.findings, f.failOn)
}
