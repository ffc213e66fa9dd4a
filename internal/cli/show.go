package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

func showCommand() command {
	return command{
		name: "show", args: "[flags] PATH",
		summary: "show a bundle, or traces, down to the steps of one run",
		help: `examples:
  andon show andon-bundle
  andon show --run 0c1e andon-bundle      the steps of the run whose id begins so
  andon show session.jsonl                a single run shows its steps at once
`,
		start: func(fs *flag.FlagSet) runner {
			run := fs.String("run", "", "show the steps of the run whose `ID` begins so")
			return func(ctx context.Context, env Env, args []string) error {
				return show(ctx, env, args, *run)
			}
		},
	}
}

func show(ctx context.Context, env Env, args []string, run string) error {
	if len(args) == 0 {
		return usage("show: no PATH given", "name a bundle's folder, a trace or a folder of traces")
	}
	c, err := load(ctx, env, args)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := c.show(&b, env, run); err != nil {
		return err
	}
	if err := printed(env.Stdout.Write(c.clean(b.Bytes()))); err != nil {
		return err
	}
	return c.allThere()
}

// load collects what stands at the paths. Of a bundle, the figures are those
// that were written into it, and the steps come from its traces.
func load(ctx context.Context, env Env, args []string) (*collection, error) {
	paths, report := args, ""
	if len(args) == 1 {
		if _, err := readManifest(args[0]); err == nil {
			paths, report = []string{filepath.Join(args[0], "traces")}, filepath.Join(args[0], "session.json")
			if _, err := os.Stat(paths[0]); err != nil {
				paths = nil
			}
		}
	}
	f := &collectFlags{settings: settings{
		content: "none", onSecret: "suppress", secrets: strings.FieldsFunc(env.Getenv("ANDON_SECRETS"), isSeparator),
	}}
	c, err := newCollection(env, f, paths)
	if err != nil {
		return nil, err
	}
	if err := c.read(ctx, env, c.files); err != nil {
		return nil, err
	}
	c.bar.done()
	c.finish(trace.Agent{})
	if report != "" {
		written, err := c.readReport(report)
		if err != nil {
			return nil, failure(err, "reading the bundle "+args[0], "collect it again")
		}
		c.adopt(written)
	}
	return c, nil
}

// maxReport bounds a bundle's session.json.
const maxReport = 256 << 20

// readReport reads a bundle's report, without the credentials that one from
// elsewhere may hold.
func (c *collection) readReport(path string) (*session.Report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxReport {
		return nil, fmt.Errorf("%s is over %d MiB", path, maxReport>>20)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return decodeReport(c.clean(raw))
}

// decodeReport decodes a report. Absent sessions and runs, which no report has,
// are refused: a bundle may come from anywhere.
func decodeReport(raw []byte) (*session.Report, error) {
	var r session.Report
	if err := json.Unmarshal(raw, &r); err != nil || r.Schema != session.Schema || !whole(&r) {
		return nil, errors.New("not a session of this version")
	}
	return &r, nil
}

func whole(r *session.Report) bool {
	for _, s := range r.Sessions {
		if s == nil || slices.Contains(s.Runs, nil) {
			return false
		}
		for _, run := range s.Runs {
			if !wholeAgents(run.Agents) {
				return false
			}
		}
	}
	return true
}

func wholeAgents(agents []*session.Subagent) bool {
	for _, a := range agents {
		if a == nil || !wholeAgents(a.Subagents) {
			return false
		}
	}
	return true
}

// adopt replaces what was collected by the written report, with the steps that
// were read again.
func (c *collection) adopt(written *session.Report) {
	steps := map[string]*session.Run{}
	for _, s := range c.report.Sessions {
		for _, r := range s.Runs {
			steps[r.ID] = r
		}
	}
	for _, s := range written.Sessions {
		for _, r := range s.Runs {
			if read := steps[r.ID]; read != nil {
				r.Steps, r.StepsDropped = read.Steps, read.StepsDropped
			}
		}
	}
	c.report = written
}

func (c *collection) show(b *bytes.Buffer, env Env, id string) error {
	var matches []*session.Run
	total := 0
	for _, s := range c.report.Sessions {
		for _, r := range s.Runs {
			total++
			if id != "" && len(r.ID) >= len(id) && r.ID[:len(id)] == id {
				matches = append(matches, r)
			}
			if id == "" {
				matches = append(matches, r)
			}
		}
	}
	switch {
	case id != "" && len(matches) == 0:
		return usage(fmt.Sprintf("no run with an id that begins with %q", id), "andon show without --run lists the runs")
	case id != "" && len(matches) > 1:
		return usage(fmt.Sprintf("%d runs have an id that begins with %q", len(matches), id), "give more of the id")
	}
	o := terminalOptions(env)
	if id == "" {
		if err := report.Terminal(b, c.report, o); err != nil || total != 1 {
			return err
		}
		b.WriteByte('\n')
	}
	return report.Steps(b, matches[0], o)
}

func terminalOptions(env Env) report.TerminalOptions {
	return report.TerminalOptions{Color: isTerminal(env.Stdout) && env.Getenv("NO_COLOR") == "", Width: width(env)}
}

// width returns the columns of the terminal, as far as the environment says.
func width(env Env) int {
	var n int
	if _, err := fmt.Sscan(env.Getenv("COLUMNS"), &n); err != nil || n < 60 || n > 400 {
		return 100
	}
	return n
}
