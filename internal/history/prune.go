package history

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
)

// PrunedSchema names the version of a Dropped's JSON form.
const PrunedSchema = "andon.pruned/v1"

// Dropped is a line of PrunedFile: what a day came to that is not kept any more.
type Dropped struct {
	Schema     string           `json:"schema"`
	Day        Day              `json:"date"`
	Runs       int              `json:"runs"`
	Overrides  int              `json:"overrides"`
	Agreements int              `json:"agreements"`
	Coverage   int              `json:"coverage"`
	CostUSD    *float64         `json:"cost_usd,omitempty"` // of the runs of which it is known; absent for none
	Tokens     map[string]int64 `json:"tokens,omitempty"`   // by class, as in usage
	Bytes      int64            `json:"bytes"`              // of the files
}

// Keep says what a history is to keep as it is.
type Keep struct {
	From   Day // days before are dropped; empty drops none
	Packed Day // days before are compressed; empty compresses none
}

// Pruned says what pruning came to.
type Pruned struct {
	Dropped    []Dropped // in order of days
	Packed     int       // days that were compressed
	Summarised int       // days of which the summary was made anew
	Bad        int       // lines that are no records, dropped with their days
}

// Prune drops old days, of which it notes what they came to, compresses others,
// and brings all summaries up to date. What is dropped is added up by what totals
// returns; nil adds up nothing. Dry only says what would be done.
func Prune(ctx context.Context, s Store, k Keep, by Summariser, totals func() Totals, dry bool) (Pruned, error) {
	var out Pruned
	work := func(v View) ([]Change, error) {
		p := pruning{totals: totals, plan: plan{view: &overlay{View: v, data: map[string][]byte{}}, by: by, days: map[Day]bool{}}, sizes: map[string]int64{}}
		err := p.all(ctx, k)
		out = p.told
		return p.changes, err
	}
	if dry {
		v, err := s.View(ctx)
		if err == nil {
			_, err = work(v)
		}
		return out, err
	}
	if err := s.Update(ctx, "Prune", work); err != nil {
		return out, fmt.Errorf("pruning the history: %w", err)
	}
	return out, nil
}

// pruning is Prune at work.
type pruning struct {
	plan
	totals func() Totals
	sizes  map[string]int64 // of the files that are there
	told   Pruned
}

func (p *pruning) all(ctx context.Context, k Keep) error {
	files, _, err := p.view.Files(ctx)
	if err != nil {
		return err
	}
	days := map[Day]bool{}
	for _, f := range files {
		p.sizes[f.Name] = f.Size
		if _, d, ok := dayOf(f.Name); ok {
			days[d] = true
		}
	}
	var old []Day
	for _, d := range slices.Sorted(maps.Keys(days)) {
		switch {
		case d < k.From:
			old = append(old, d)
			continue
		case d < k.Packed:
			if err := p.pack(ctx, d); err != nil {
				return err
			}
		}
		before := len(p.changes)
		if err := p.summarise(ctx, d); err != nil {
			return err
		}
		p.told.Summarised += len(p.changes) - before
	}
	return p.drop(ctx, old)
}

// pack compresses a day.
func (p *pruning) pack(ctx context.Context, d Day) error {
	before := len(p.changes)
	for _, k := range Kinds() {
		f, err := load(ctx, p.view, k, d)
		if err != nil {
			return err
		}
		changes, err := f.changes(true)
		if err != nil {
			return err
		}
		p.put(changes)
	}
	if len(p.changes) > before {
		p.told.Packed++
	}
	return nil
}

// drop notes what days come to, and then removes their files. Who is stopped
// between the two notes it again.
func (p *pruning) drop(ctx context.Context, old []Day) error {
	if len(old) == 0 {
		return nil
	}
	for _, d := range old {
		n, err := p.weigh(ctx, d)
		if err != nil {
			return err
		}
		p.told.Dropped = append(p.told.Dropped, n)
	}
	note, err := p.note(ctx)
	if err != nil {
		return err
	}
	p.put(note)
	if err := p.carry(ctx, old); err != nil {
		return err
	}
	for _, d := range old {
		for _, k := range Kinds() {
			p.away(d.File(k))
			p.away(d.File(k) + packed)
		}
		p.away(d.SummaryFile())
	}
	return nil
}

func (p *pruning) away(name string) {
	if _, there := p.sizes[name]; there {
		p.put([]Change{{name, nil}})
	}
}

// weigh returns what a day comes to.
func (p *pruning) weigh(ctx context.Context, d Day) (Dropped, error) {
	n := Dropped{Schema: PrunedSchema, Day: d}
	count := map[Kind]*int{Runs: &n.Runs, Overrides: &n.Overrides, Agreements: &n.Agreements, Coverage: &n.Coverage}
	var doc jsonl.Doc
	for _, k := range Kinds() {
		f, err := load(ctx, p.view, k, d)
		if err != nil {
			return n, err
		}
		p.told.Bad += f.bad + f.lost
		*count[k] = len(f.entries) - f.bad
		n.Bytes += p.sizes[d.File(k)] + p.sizes[d.File(k)+packed]
		for _, e := range f.entries {
			if v, _, err := doc.Parse(e.raw); k == Runs && err == nil {
				n.add(v)
			}
		}
	}
	return n, nil
}

// add adds the cost and the tokens of a run.
func (n *Dropped) add(v jsonl.Value) {
	if usd, ok := v.Get("cost", "usd").Float(); ok && usd >= 0 {
		if n.CostUSD == nil {
			n.CostUSD = new(float64)
		}
		*n.CostUSD += usd
	}
	for _, class := range []string{"input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens"} {
		if c, ok := v.Get("usage", class).Int(); ok && c > 0 && c < 1<<50 {
			if n.Tokens == nil {
				n.Tokens = map[string]int64{}
			}
			n.Tokens[class] += c
		}
	}
}

// most returns what is known of a day that was noted before it was wholly gone.
func (n Dropped) most(o Dropped) Dropped {
	n.Runs, n.Overrides = max(n.Runs, o.Runs), max(n.Overrides, o.Overrides)
	n.Agreements, n.Coverage = max(n.Agreements, o.Agreements), max(n.Coverage, o.Coverage)
	n.Bytes = max(n.Bytes, o.Bytes)
	if n.CostUSD == nil || o.CostUSD != nil && *o.CostUSD > *n.CostUSD {
		n.CostUSD = o.CostUSD
	}
	for class, c := range o.Tokens {
		if n.Tokens == nil {
			n.Tokens = map[string]int64{}
		}
		n.Tokens[class] = max(n.Tokens[class], c)
	}
	return n
}

// note returns PrunedFile with a line for each day that is to be dropped.
func (p *pruning) note(ctx context.Context) ([]Change, error) {
	raw, err := whole(ctx, p.view, PrunedFile)
	if err != nil {
		return nil, err
	}
	notes := map[Day]Dropped{}
	var other []string // what is no note stays as it is, in front
	for line := range lines(bytes.NewReader(raw)) {
		var n Dropped
		if json.Unmarshal(line, &n) != nil || n.Schema != PrunedSchema || n.Day == "" {
			other = append(other, string(line)+"\n")
			continue
		}
		notes[n.Day] = n
	}
	for _, n := range p.told.Dropped {
		notes[n.Day] = n.most(notes[n.Day])
	}
	b := bytes.NewBufferString(strings.Join(other, ""))
	for _, d := range slices.Sorted(maps.Keys(notes)) {
		if err := json.NewEncoder(b).Encode(notes[d]); err != nil {
			return nil, fmt.Errorf("noting what was dropped: %w", err)
		}
	}
	if bytes.Equal(raw, b.Bytes()) {
		return nil, nil
	}
	return []Change{{PrunedFile, b.Bytes()}}, nil
}
