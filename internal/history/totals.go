package history

import (
	"context"
	"encoding/json"
	"fmt"
)

// TotalsSchema names the version of TotalsFile's JSON form.
const TotalsSchema = "andon.totals/v1"

// Totals adds up the lines of days that are dropped.
type Totals interface {
	// Merge adds what MarshalJSON has written of days before.
	Merge(raw []byte) error
	Add(k Kind, line []byte)

	json.Marshaler
}

// Carried is TotalsFile: what all days came to that were dropped. So totals of a
// history go on where its days end. Days up to Through are in it; what is left of
// them, or comes late, is not counted again.
type Carried struct {
	Schema  string          `json:"schema"`
	Through Day             `json:"through"`
	Totals  json.RawMessage `json:"totals"`
}

// ReadCarried returns what was carried over of dropped days; the zero Carried for nothing.
func ReadCarried(ctx context.Context, v View) (Carried, error) {
	var c Carried
	raw, err := whole(ctx, v, TotalsFile)
	if err != nil || len(raw) == 0 {
		return c, err
	}
	if json.Unmarshal(raw, &c) != nil || c.Schema != TotalsSchema || DayOf(c.Through.Time()) != c.Through {
		return Carried{}, fmt.Errorf("reading %s: it is not the JSON of totals", TotalsFile)
	}
	return c, nil
}

// carry adds days to what is carried over, before their files are removed.
func (p *pruning) carry(ctx context.Context, old []Day) error {
	last := old[len(old)-1]
	c, err := ReadCarried(ctx, p.view)
	if err != nil || p.totals == nil || last <= c.Through {
		return err
	}
	to := p.totals()
	if c.Totals != nil {
		if err := to.Merge(c.Totals); err != nil {
			return fmt.Errorf("reading %s: %w", TotalsFile, err)
		}
	}
	for _, d := range old {
		if err := p.addUp(ctx, d, c.Through, to); err != nil {
			return err
		}
	}
	totals, err := to.MarshalJSON()
	if err != nil {
		return fmt.Errorf("writing %s: %w", TotalsFile, err)
	}
	raw, err := json.Marshal(Carried{TotalsSchema, last, totals})
	if err != nil {
		return fmt.Errorf("writing %s: %w", TotalsFile, err)
	}
	p.put([]Change{{TotalsFile, append(raw, '\n')}})
	return nil
}

// addUp adds the lines of a day, unless they have been.
func (p *pruning) addUp(ctx context.Context, d, through Day, to Totals) error {
	if d <= through {
		return nil
	}
	for _, kind := range Kinds() {
		f, err := load(ctx, p.view, kind, d)
		if err != nil {
			return err
		}
		for _, e := range f.entries {
			to.Add(kind, e.raw)
		}
	}
	return nil
}
