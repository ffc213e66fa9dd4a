package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/price"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

// fixtures is where the transcripts lie that were written for tests.
const fixtures = "../../testdata/transcripts"

// part is a file, or a piece of one, that is read from memory.
type part struct {
	name string
	raw  []byte
}

// short is the part's name below the folders of the transcripts.
func (p part) short() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.name, fixtures+"/"), transcripts+"/")
}

// filesUnder reads the files of a folder in order of their names, but for the
// golden ones.
func filesUnder(t *testing.T, root string) []part {
	t.Helper()
	var out []part
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".golden") || strings.HasSuffix(path, ".md") {
			return err
		}
		raw, err := os.ReadFile(path)
		out = append(out, part{filepath.ToSlash(path), raw})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// recorded reads all files of all scenarios.
func recorded(t *testing.T) []part {
	t.Helper()
	var out []part
	for _, row := range truths(t) {
		out = append(out, filesUnder(t, filepath.Join(transcripts, row["transcript"]))...)
	}
	return out
}

// reduction reads files as collect does, but for the search for credentials.
type reduction struct {
	native *validate.Validator
	words  *cleaner
	prices *price.Table
}

func newReduction(t *testing.T) *reduction {
	t.Helper()
	native, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	scan, err := secret.New(secret.Options{})
	if err != nil {
		t.Fatal(err)
	}
	prices, err := price.Default()
	if err != nil {
		t.Fatal(err)
	}
	return &reduction{native, newCleaner(scan), prices}
}

// runs reduces files, in the given order, to runs. See, if any, sees each record.
func (x *reduction) runs(t *testing.T, see func(trace.Record), parts ...part) []*session.Run {
	t.Helper()
	c := session.NewCollector(x.prices)
	g := &gatherer{
		native: x.native, words: x.words, coverage: session.Coverage{UnknownTypes: map[string]int{}},
		emit: func(r trace.Record) {
			if see != nil {
				see(r)
			}
			c.Add(r)
		},
	}
	for _, p := range parts {
		if err := g.chunks(t.Context(), bytes.NewReader(p.raw), &source{name: p.name}); err != nil {
			t.Fatal(err)
		}
	}
	var out []*session.Run
	for _, r := range c.Runs() {
		out = append(out, r.Run)
	}
	return out
}

// amounts adds up the figures of runs.
func amounts(runs []*session.Run) map[string]float64 {
	sum := map[string]float64{"runs": float64(len(runs))}
	for _, r := range runs {
		for name, c := range map[string]trace.Count{
			"tokens": r.Usage.Total(), "input": r.Usage.Input, "cache read": r.Usage.CacheRead,
			"cache write": r.Usage.CacheWrite5m.Add(r.Usage.CacheWrite1h), "cache write 5m": r.Usage.CacheWrite5m,
			"cache write 1h": r.Usage.CacheWrite1h, "output": r.Usage.Output, "reasoning": r.Usage.Reasoning,
			"calls": r.LLMCalls, "call errors": r.LLMErrors, "tool calls": r.ToolCalls, "tool errors": r.ToolErrors,
			"turns": r.Turns, "denials": r.PermissionDenials, "sub-agents": r.Subagents,
		} {
			sum[name] += float64(c.N())
		}
		for name, usd := range map[string]*float64{"reported cost": r.Cost.ReportedUSD, "computed cost": r.Cost.ComputedUSD} {
			if usd != nil {
				sum[name] += *usd
			}
		}
		if c := r.Changes; c != nil {
			for name, n := range map[string]int{
				"commits": c.Commits, "pushes": c.Pushes, "pull requests": c.PullRequests, "reviews": c.Reviews, "comments": c.Comments,
				"merges": c.Merges, "files": c.FilesEdited,
			} {
				sum[name] += float64(n)
			}
			sum["lines added"] += float64(c.LinesAdded.N())
			sum["lines removed"] += float64(c.LinesRemoved.N())
		}
	}
	return sum
}

// more tells which amounts are larger than others, but for the rounding of sums.
func more(got, limit map[string]float64) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if got[name] > limit[name]*(1+1e-9) {
			out = append(out, fmt.Sprintf("%s %v > %v", name, got[name], limit[name]))
		}
	}
	return out
}

// outcomes returns how the runs ended and what they decided.
func outcomes(runs []*session.Run) string {
	var out []string
	for _, r := range runs {
		s := string(r.Status)
		if r.Decision != nil {
			s += " " + string(r.Decision.Kind)
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// figuresOf returns all figures of runs as JSON, without where they stand.
func figuresOf(t *testing.T, runs []*session.Run) string {
	t.Helper()
	for _, r := range runs {
		r.Files, r.Findings, r.Sources = nil, nil, nil
		if r.Decision != nil {
			r.Decision.Place = nil
		}
		if r.Time != nil {
			r.Time.Longest, r.Time.Gaps = nil, nil
		}
	}
	b, err := json.Marshal(runs)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// firstDifference returns where two texts begin to differ.
func firstDifference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(i-80, 0)
	return fmt.Sprintf("…%s\nand\n…%s", a[from:min(i+80, len(a))], b[from:min(i+80, len(b))])
}
