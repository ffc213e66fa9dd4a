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

// part is a file, or a piece of one, that is read from memory.
type part struct {
	name string
	raw  []byte
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

// runs reduces files to runs. See, if any, sees each record.
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
		if _, err := g.chunks(t.Context(), bytes.NewReader(p.raw), &source{name: p.name}); err != nil {
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
			"input": r.Usage.Input, "cache read": r.Usage.CacheRead, "cache write 5m": r.Usage.CacheWrite5m,
			"cache write 1h": r.Usage.CacheWrite1h, "output": r.Usage.Output, "reasoning": r.Usage.Reasoning,
			"calls": r.LLMCalls, "call errors": r.LLMErrors, "tool calls": r.ToolCalls, "tool errors": r.ToolErrors,
			"turns": r.Turns, "denials": r.PermissionDenials, "sub-agents": r.Subagents,
		} {
			sum[name] += float64(c.N())
		}
		for name, usd := range map[string]*float64{"reported": r.Cost.ReportedUSD, "computed": r.Cost.ComputedUSD} {
			if usd != nil {
				sum[name] += *usd
			}
		}
		for name, s := range r.Tools {
			sum["tool "+name] += float64(s.Calls)
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

// raised names the totals that are larger than they may be.
func raised(got, limit map[string]float64) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if got[name] > limit[name]*(1+1e-9) {
			out = append(out, fmt.Sprintf("%s %v > %v", name, got[name], limit[name]))
		}
	}
	return out
}

func statuses(runs []*session.Run) string {
	var out []string
	for _, r := range runs {
		out = append(out, string(r.Status))
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// filesUnder reads the files of a folder, in order, but for the golden ones.
func filesUnder(t *testing.T, root string) []part {
	t.Helper()
	var out []part
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".golden") || strings.HasSuffix(path, ".md") {
			return err
		}
		raw, err := os.ReadFile(path)
		out = append(out, part{path, raw})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const fixtures = "../../testdata/transcripts"

// cuts returns where to cut a file: everywhere if it is small, else at a sample
// of places and round the line ends.
func cuts(raw []byte, small, sample int) []int {
	if len(raw) <= small {
		out := make([]int, len(raw))
		for i := range out {
			out[i] = i
		}
		return out
	}
	at := map[int]bool{}
	for i := range sample {
		at[i*len(raw)/sample] = true
	}
	lines := bytes.Count(raw, []byte("\n"))
	every := max(1, 3*lines/sample)
	n := 0
	for i, b := range raw {
		if b != '\n' {
			continue
		}
		if n++; n%every == 0 {
			for _, j := range []int{i - 1, i, i + 1} {
				at[min(max(j, 0), len(raw)-1)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(at))
}

func TestCut(t *testing.T) {
	x := newReduction(t)
	for _, p := range filesUnder(t, fixtures) {
		t.Run(strings.TrimPrefix(p.name, fixtures+"/"), func(t *testing.T) { x.cut(t, p, cuts(p.raw, 3000, 300)) })
	}
}

func TestCutRecorded(t *testing.T) {
	x := newReduction(t)
	for _, row := range truths(t) {
		for _, p := range filesUnder(t, filepath.Join(transcripts, row["transcript"])) {
			t.Run(strings.TrimPrefix(p.name, transcripts+"/"), func(t *testing.T) {
				x.cut(t, p, cuts(p.raw, 0, min(100, 1+5_000_000/(1+len(p.raw)))))
			})
		}
	}
}

// cut reads the beginnings of a file.
func (x *reduction) cut(t *testing.T, whole part, at []int) {
	end := 0 // the first line that tells how a run ended
	full := x.runs(t, func(r trace.Record) {
		if _, ok := r.Fact.(*trace.End); ok && r.Subagent == "" && r.Pos.Line > 0 && (end == 0 || r.Pos.Line < end) {
			end = r.Pos.Line
		}
	}, whole)
	limit := amounts(full)
	bad := map[string]int{}
	line := 1
	last := 0
	for _, n := range at {
		line += bytes.Count(whole.raw[last:n], []byte("\n"))
		last = n
		got := x.runs(t, nil, part{whole.name, whole.raw[:n]})
		for _, s := range raised(amounts(got), limit) {
			name, _, _ := strings.Cut(s, " >")
			name = strings.TrimRight(name, "0123456789. ")
			if bad[name]++; bad[name] == 1 {
				t.Errorf("cut at %d (line %d): %s", n, line, s)
			}
		}
		for _, r := range got {
			if r.Status != trace.Incomplete && (end == 0 || line < end) && line > 0 {
				if bad["status"]++; bad["status"] == 1 {
					t.Errorf("cut at %d (line %d): %s, though the end is at line %d; whole: %s", n, line, r.Status, end, statuses(full))
				}
			}
		}
	}
}

// units returns the files of a recording by where they are from: the stream of
// each invocation, the session files, each signal of the telemetry.
func units(t *testing.T, scenario string) map[string][]part {
	t.Helper()
	root := filepath.Join(transcripts, scenario)
	out := map[string][]part{}
	for _, p := range filesUnder(t, root) {
		rel, _ := filepath.Rel(root, p.name)
		name, _, _ := strings.Cut(rel, string(filepath.Separator))
		if strings.HasPrefix(name, "stdout") {
			name = "stdout"
		}
		if strings.HasPrefix(name, "export-") {
			name = "export"
		}
		out[name] = append(out[name], p)
	}
	return out
}

func TestTogether(t *testing.T) {
	x := newReduction(t)
	for _, row := range truths(t) {
		t.Run(row["transcript"], func(t *testing.T) {
			us := units(t, row["transcript"])
			alone := map[string][]*session.Run{}
			for name, parts := range us {
				if runs := x.runs(t, nil, parts...); len(runs) > 0 {
					alone[name] = runs
				}
			}
			names := slices.Sorted(maps.Keys(alone))
			for i, a := range names {
				for _, b := range names[i+1:] {
					both := x.runs(t, nil, append(slices.Clone(us[a]), us[b]...)...)
					ta, tb, tab := amounts(alone[a]), amounts(alone[b]), amounts(both)
					for _, name := range slices.Sorted(maps.Keys(tab)) {
						if want := max(ta[name], tb[name]); tab[name] != want {
							t.Errorf("%s + %s: %s %v and %v, together %v", a, b, name, ta[name], tb[name], tab[name])
						}
					}
					if len(both) == 1 {
						t.Logf("%s %s: status %s %s -> %s; decision %v %v -> %v", a, b, statuses(alone[a]), statuses(alone[b]), statuses(both), decisions(alone[a]), decisions(alone[b]), decisions(both))
					}
				}
			}
		})
	}
}

func decisions(runs []*session.Run) string {
	var out []string
	for _, r := range runs {
		if r.Decision != nil {
			out = append(out, string(r.Decision.Kind))
		}
	}
	return strings.Join(out, ",")
}

// figuresOf returns the runs as JSON, without where things stand in files.
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

func TestTwice(t *testing.T) {
	x := newReduction(t)
	files := filesUnder(t, fixtures)
	for _, row := range truths(t) {
		files = append(files, filesUnder(t, filepath.Join(transcripts, row["transcript"]))...)
	}
	for _, p := range files {
		t.Run(strings.TrimPrefix(strings.TrimPrefix(p.name, fixtures+"/"), transcripts+"/"), func(t *testing.T) {
			once := figuresOf(t, x.runs(t, nil, p))
			if once == "null" {
				return
			}
			twice := figuresOf(t, x.runs(t, nil, p, part{p.name + ".copy", p.raw}))
			if once != twice {
				t.Errorf("twice:\n%s\n%s", once, twice)
			}
			lines := bytes.SplitAfter(p.raw, []byte("\n"))
			half := bytes.Join(lines[:len(lines)/2], nil)
			for _, n := range []int{len(p.raw) / 2, len(half), len(p.raw) - 2} {
				h := part{p.name + ".half", p.raw[:n]}
				if got := figuresOf(t, x.runs(t, nil, h, p)); once != got {
					t.Errorf("half %d before:\n%s\n%s", n, once, got)
				}
				if got := figuresOf(t, x.runs(t, nil, p, h)); once != got {
					t.Errorf("half %d after:\n%s\n%s", n, once, got)
				}
			}
		})
	}
}
