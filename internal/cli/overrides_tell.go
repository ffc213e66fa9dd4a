package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
)

// tell writes the file of records, and what GitHub shows of the step.
func (f *overridesFlags) tell(env Env, r override.Result, scan *secret.Scanner, partial bool) error {
	o := action.Overrides{Overrides: len(r.Overrides), Agreements: len(r.Agreements), Partial: partial, Cursor: r.Coverage.Cursor}
	if f.out != "" {
		if err := f.write(r, scan); err != nil {
			return err
		}
		if o.Overrides+o.Agreements > 0 {
			o.Records = f.out
		}
	}
	if !inActions(env) {
		return nil
	}
	runner := action.New(env.Stdout, env.Getenv)
	if env.Getenv("GITHUB_STEP_SUMMARY") != "" && env.Getenv("ANDON_SUMMARY") != "false" {
		if err := f.summary(runner, r, scan); err != nil {
			fmt.Fprintf(env.Stderr, "andon: %s\n", plain(err.Error()))
		}
	}
	if env.Getenv("GITHUB_OUTPUT") == "" {
		return nil
	}
	if err := runner.SetOverrides(o); err != nil {
		return failure(err, "telling GitHub", "")
	}
	return nil
}

// write replaces the file of records. Where there are none, an earlier one goes.
func (f *overridesFlags) write(r override.Result, scan *secret.Scanner) error {
	const hint = "--out takes a file in a folder that is there"
	if len(r.Overrides)+len(r.Agreements) == 0 {
		if err := os.Remove(f.out); err != nil && !errors.Is(err, os.ErrNotExist) {
			return failure(errors.New(reason(err)), "removing the earlier "+f.out, hint)
		}
		return nil
	}
	var b bytes.Buffer
	if err := report.OverridesJSONL(&b, r); err != nil {
		return err
	}
	out, _ := scan.Redact(b.Bytes())
	if err := os.WriteFile(f.out, out, 0o644); err != nil {
		return failure(errors.New(reason(err)), "writing "+f.out, hint)
	}
	return nil
}

// summary shows the text as it stands in the log, in a block that the text
// cannot end.
func (f *overridesFlags) summary(runner *action.Runner, r override.Result, scan *secret.Scanner) error {
	var b bytes.Buffer
	if err := report.OverridesText(&b, r); err != nil {
		return err
	}
	out, _ := scan.Redact(b.Bytes())
	const most = 900_000 // bytes; GitHub drops a summary of over 1 MiB
	if len(out) > most {
		out = append(out[:bytes.LastIndexByte(out[:most], '\n')+1], "…\n"...)
	}
	fence := "```"
	for strings.Contains(string(out), fence) {
		fence += "`"
	}
	return runner.Summary(fmt.Appendf(nil, "### Overrides\n\n%stext\n%s%s\n", fence, out, fence))
}
