// Package price tells what a model call cost, from a dated table of list prices
// that is part of the program. It is for whoever has token counts and a model
// name but no price from the source.
//
// The one design decision is that there is no default. A model that is not in
// the table, or that has no price for a class of tokens that a call used, is
// unknown, and stays so in every sum: a guess would be the one figure of a
// report that nobody can check.
package price

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

//go:embed table.json
var embedded []byte

// Rates are the list prices of one model up to one size of prompt, in USD per
// million tokens. A nil price is one that the table does not have.
type Rates struct {
	Input        *float64 `json:"input,omitempty"`
	Output       *float64 `json:"output,omitempty"`
	CacheRead    *float64 `json:"cache_read,omitempty"`
	CacheWrite5m *float64 `json:"cache_write_5m,omitempty"`
	CacheWrite1h *float64 `json:"cache_write_1h,omitempty"`
	Reasoning    *float64 `json:"reasoning,omitempty"` // only where it is not that of Output
}

// Tier is what a call costs whose whole prompt, cached or not, is of more than
// Above tokens. It replaces every rate of the call, not only those of the
// tokens beyond.
type Tier struct {
	Above int64 `json:"above"`
	Rates
}

// Price is what the table says of one model.
type Price struct {
	Rates
	Tiers  []Tier `json:"tiers,omitempty"`  // by rising Above
	Window int64  `json:"window,omitempty"` // tokens that a prompt may have; 0 unknown
	From   string `json:"from,omitempty"`   // last source that listed the model, where the newest does not
}

// Table is a set of prices of one date. It is not changed after Parse, so that
// it may be used from several goroutines.
type Table struct {
	source, date string
	prices       map[string]Price
	lower        map[string]string // name in lower case to name
	sorted       []string          // names in lower case
}

// Default returns the table that is part of the program.
func Default() (*Table, error) { return Parse(embedded) }

// Parse reads a table in the form that internal/price/refresh writes.
func Parse(data []byte) (*Table, error) {
	var file struct {
		Source string           `json:"source"`
		Date   string           `json:"date"`
		Models map[string]Price `json:"models"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("reading the price table: %w", err)
	}
	t := &Table{source: file.Source, date: file.Date, prices: file.Models}
	t.lower = make(map[string]string, len(t.prices))
	t.sorted = make([]string, 0, len(t.prices))
	for name := range t.prices {
		low := strings.ToLower(name)
		if t.lower[low] != "" {
			return nil, fmt.Errorf("reading the price table: %q is there twice", low)
		}
		t.lower[low] = name
		t.sorted = append(t.sorted, low)
	}
	slices.Sort(t.sorted)
	return t, nil
}

// Source names the publication that the prices are from, and its version.
func (t *Table) Source() string { return t.source }

// Date returns when the prices were taken from the source, as 2006-01-02.
func (t *Table) Date() string { return t.date }

// All returns the names and prices of all models, in the order of their names.
func (t *Table) All() iter.Seq2[string, Price] {
	return func(yield func(string, Price) bool) {
		for _, name := range slices.Sorted(maps.Keys(t.prices)) {
			if !yield(name, t.prices[name]) {
				return
			}
		}
	}
}

// Window returns how many tokens a prompt of the model may have. The mark [1m]
// that Claude Code puts behind a name asks for a window of a million.
func (t *Table) Window(model string) (tokens int64, ok bool) {
	_, p, ok := t.Lookup(model)
	if !ok {
		return 0, false
	}
	if _, million := cutMark(strings.ToLower(model)); million {
		return max(p.Window, 1_000_000), true
	}
	return p.Window, p.Window > 0
}
