package history

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
)

// Batch is what is written into a history at once: the records, and then how
// far the forge has been read for them.
type Batch struct {
	Lines     []Line
	Cancelled []string      // ids of overrides that were taken back
	Advance   func(*Cursor) // moves the cursor as it is when the batch is written; nil leaves it
}

// Outcome says what became of the lines of a batch.
type Outcome struct {
	Added     map[Kind]int
	Replaced  map[Kind]int // by one that says more
	Known     map[Kind]int // were there
	Withdrawn int          // overrides that were taken back
	Bad       int          // lines of the days' files that are no records; they stay
	Lost      int          // lines over MaxLine, which do not
}

// Write adds a batch to a history, and brings up to date the summaries of its
// days; a nil Summariser keeps none. Written twice, it changes nothing.
func Write(ctx context.Context, s Store, b *Batch, by Summariser) (Outcome, error) {
	var out Outcome
	err := s.Update(ctx, b.message(), func(v View) ([]Change, error) {
		p := plan{view: &overlay{View: v, data: map[string][]byte{}}, by: by, days: map[Day]bool{}}
		err := p.batch(ctx, b)
		out = p.out
		return p.changes, err
	})
	if err != nil {
		return out, fmt.Errorf("writing the history: %w", err)
	}
	return out, nil
}

func (b *Batch) message() string {
	n := map[Kind]int{}
	for _, l := range b.Lines {
		n[l.kind]++
	}
	switch {
	case len(b.Lines) == 0:
		return "Move the cursor"
	case n[Runs] == len(b.Lines):
		return fmt.Sprintf("Add %s", counted(n[Runs], "run"))
	}
	return fmt.Sprintf("Add %s, %s", counted(n[Runs], "run"), counted(len(b.Lines)-n[Runs], "other record"))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// plan is the changes to a history as it is.
type plan struct {
	view    *overlay
	by      Summariser
	changes []Change
	days    map[Day]bool // of which a summary is due
	out     Outcome
}

func (p *plan) batch(ctx context.Context, b *Batch) error {
	p.out = Outcome{Added: map[Kind]int{}, Replaced: map[Kind]int{}, Known: map[Kind]int{}}
	files := map[string][]Line{}
	for _, l := range b.Lines {
		files[l.day.File(l.kind)] = append(files[l.day.File(l.kind)], l)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := p.add(ctx, files[name]); err != nil {
			return err
		}
	}
	if err := p.withdraw(ctx, b.Cancelled); err != nil {
		return err
	}
	for _, d := range slices.Sorted(maps.Keys(p.days)) {
		if err := p.summarise(ctx, d); err != nil {
			return err
		}
	}
	return p.advance(ctx, b.Advance)
}

// add adds lines of one day and kind.
func (p *plan) add(ctx context.Context, ls []Line) error {
	f, err := load(ctx, p.view, ls[0].kind, ls[0].day)
	if err != nil {
		return err
	}
	p.out.Bad += f.bad
	for _, l := range ls {
		switch f.add(l.entry) {
		case added:
			p.out.Added[l.kind]++
		case replaced:
			p.out.Replaced[l.kind]++
		default:
			p.out.Known[l.kind]++
		}
	}
	return p.write(f)
}

func (p *plan) write(f *file) error {
	changes, err := f.changes(false)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		p.out.Lost += f.lost
	}
	p.put(changes)
	p.days[f.day] = true
	return nil
}

func (p *plan) put(changes []Change) {
	p.view.put(changes)
	p.changes = append(p.changes, changes...)
}

// withdraw removes overrides wherever they are: an id does not say of which day
// it is.
func (p *plan) withdraw(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	days, _, err := Days(ctx, p.view)
	if err != nil {
		return err
	}
	for _, d := range days {
		f, err := load(ctx, p.view, Overrides, d)
		if err != nil {
			return err
		}
		found := 0
		for _, id := range ids {
			if f.remove(id) {
				found++
			}
		}
		if found == 0 {
			continue
		}
		p.out.Withdrawn += found
		if err := p.write(f); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) summarise(ctx context.Context, d Day) error {
	if p.by == nil {
		return nil
	}
	s, _, fresh, err := Summarise(ctx, p.view, d, p.by)
	if fresh || err != nil {
		return err
	}
	c, err := s.change()
	if err != nil {
		return err
	}
	p.put([]Change{c})
	return nil
}

// advance moves the cursor, which is written last.
func (p *plan) advance(ctx context.Context, move func(*Cursor)) error {
	if move == nil {
		return nil
	}
	c, err := ReadCursor(ctx, p.view)
	if err != nil {
		return err
	}
	move(c)
	data, err := marshalled(c)
	if err != nil {
		return fmt.Errorf("writing %s: %w", CursorFile, err)
	}
	if old, err := whole(ctx, p.view, CursorFile); err == nil && bytes.Equal(old, data) {
		return nil
	}
	p.put([]Change{{CursorFile, data}})
	return nil
}
