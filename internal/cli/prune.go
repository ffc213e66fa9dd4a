package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/history"
)

// pruneFlags are what prune was asked for.
type pruneFlags struct {
	historyFlags
	keep   string
	pack   string
	format string
	dry    bool
}

func pruneCommand() command {
	return command{
		name: "prune", args: "--history DIR|BRANCH --keep DAYS [flags]",
		summary: "drop old days of a history, and note what they came to",
		help: `examples:
  andon prune --history ./factory --keep 400d --dry-run
  andon prune --history ./factory --keep 400d --pack 30d

What is dropped is noted in the history's pruned.jsonl: a line a day with how
many runs, overrides and agreements there were, their cost and tokens; and
totals.json has what ` + "`andon metrics`" + ` needs, so that its totals go on. --pack
compresses days that are over: zstd makes them about a fifth as large, and every
command reads them all the same. In a git repository it gains little, since git
compresses by itself. Summaries that are missing, or were made of other files,
are made anew.

` + historyHelp,
		start: func(fs *flag.FlagSet) runner {
			f := &pruneFlags{}
			f.historyFlags.define(fs)
			fs.StringVar(&f.keep, "keep", "", "how many `DAYS` to keep, today with them: 400d")
			fs.StringVar(&f.pack, "pack", "", "compress what is older than so many `DAYS`: 30d")
			fs.BoolVar(&f.dry, "dry-run", false, "say what would be done, and change nothing")
			fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text or json")
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

func (f *pruneFlags) run(ctx context.Context, env Env, args []string) error {
	keep, err := f.kept(env, args)
	if err != nil {
		return err
	}
	store, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	out, err := history.Prune(ctx, store, keep, summariser(), newDroppedTotals, f.dry)
	if err != nil {
		return failure(err, "writing to "+f.history, unwritten(err))
	}
	return f.print(env, out)
}

// kept says what the history is to keep.
func (f *pruneFlags) kept(env Env, args []string) (history.Keep, error) {
	var k history.Keep
	if len(args) > 0 {
		return k, usage(fmt.Sprintf("prune: %q is not expected", args[0]), "name the history with --history")
	}
	if f.keep == "" && f.pack == "" {
		return k, usage("prune: nothing to do", "--keep 400d drops what is older; --pack 30d compresses it")
	}
	if err := oneOf("--format", f.format, "text", "json"); err != nil {
		return k, err
	}
	for flag, to := range map[string]*history.Day{"--keep": &k.From, "--pack": &k.Packed} {
		given := f.keep
		if flag == "--pack" {
			given = f.pack
		}
		if given == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(given, "d"))
		if err != nil || n < 1 || n > 36500 {
			return k, usage(fmt.Sprintf("%s %q is no number of days", flag, given), flag+" takes days, as in 400d")
		}
		*to = history.DayOf(env.Now().AddDate(0, 0, 1-n))
	}
	return k, nil
}

// pruned is what prune prints as JSON.
type pruned struct {
	Schema   string            `json:"schema"`
	DryRun   bool              `json:"dry_run"`
	Dropped  []history.Dropped `json:"dropped"`
	Packed   int               `json:"packed"`    // days that were compressed
	SummedUp int               `json:"summed_up"` // days of which the summary was made anew
	BadLines int               `json:"bad_lines"` // no records, dropped with their days
}

func (f *pruneFlags) print(env Env, p history.Pruned) error {
	var b bytes.Buffer
	if f.format == "json" {
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		out := pruned{Schema: "andon.prune/v1", DryRun: f.dry, Dropped: append([]history.Dropped{}, p.Dropped...), Packed: p.Packed, SummedUp: p.Summarised, BadLines: p.Bad}
		if err := e.Encode(out); err != nil {
			return printed(0, err)
		}
		return printed(env.Stdout.Write(b.Bytes()))
	}
	var t history.Dropped
	for _, d := range p.Dropped {
		t.Runs, t.Overrides, t.Agreements, t.Bytes = t.Runs+d.Runs, t.Overrides+d.Overrides, t.Agreements+d.Agreements, t.Bytes+d.Bytes
	}
	verb := "dropped"
	if f.dry {
		verb = "would drop"
	}
	fmt.Fprintf(&b, "%s %d days", verb, len(p.Dropped))
	if n := len(p.Dropped); n > 0 {
		fmt.Fprintf(&b, ", %s to %s: %d runs, %d overrides, %d agreements, %d KiB", p.Dropped[0].Day, p.Dropped[n-1].Day, t.Runs, t.Overrides, t.Agreements, t.Bytes>>10)
	}
	if f.pack != "" {
		verb = "compressed"
		if f.dry {
			verb = "would compress"
		}
		fmt.Fprintf(&b, "\n%s %d days", verb, p.Packed)
	}
	if p.Summarised > 0 && !f.dry {
		fmt.Fprintf(&b, "\nsummed up %d days anew", p.Summarised)
	}
	b.WriteByte('\n')
	return printed(env.Stdout.Write(b.Bytes()))
}
