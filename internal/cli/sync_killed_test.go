package cli

import (
	"context"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

var errKilled = errors.New("killed")

// syncInto runs a sync of a forge into a store.
func syncInto(t *testing.T, f *fake.Forge, s history.Store) error {
	t.Helper()
	flags := &syncFlags{}
	fs := flag.NewFlagSet("sync", flag.ContinueOnError)
	flags.define(fs)
	if err := fs.Parse([]string{"--history", "./history", "--cache", "none"}); err != nil {
		t.Fatal(err)
	}
	return flags.into(t.Context(), asking(f, nil, io.Discard, io.Discard), s, &settings{}, nil)
}

// TestSyncKilled kills a sync before every step that it takes in the history.
// The next one gives the history that an undisturbed one gives, to the byte.
func TestSyncKilled(t *testing.T) {
	f := mended(t, 3)
	f.Limit = 1 << 30
	undisturbed := &history.Dir{Path: t.TempDir()}
	var steps []string
	undisturbed.Before = func(step string) error { steps = append(steps, step); return nil }
	if err := syncInto(t, f, undisturbed); err != nil {
		t.Fatal(err)
	}
	want := historytest.Dump(t, undisturbed)
	for n, step := range steps {
		dir := &history.Dir{Path: t.TempDir()}
		left := n
		dir.Before = func(string) error {
			if left--; left < 0 {
				return errKilled
			}
			return nil
		}
		if err := syncInto(t, f, dir); err == nil || !strings.Contains(err.Error(), errKilled.Error()) {
			t.Fatalf("before %q: %v", step, err)
		}
		dir.Before = nil
		if err := syncInto(t, f, dir); err != nil {
			t.Fatalf("after %q: %v", step, err)
		}
		historytest.Same(t, historytest.Dump(t, dir), want)
		if t.Failed() {
			t.Fatalf("killed before %q", step)
		}
	}
	if all := strings.Join(steps, "\n"); len(steps) < 20 || !strings.HasSuffix(all, "rename cursor.json") {
		t.Errorf("the cursor is not written last: %s", all)
	}
}

// interrupted is a store that fails once.
type interrupted struct {
	history.Store
	failed bool
}

func (i *interrupted) Update(ctx context.Context, message string, plan func(history.View) ([]history.Change, error)) error {
	if !i.failed {
		i.failed = true
		return errKilled
	}
	return i.Store.Update(ctx, message, plan)
}

// TestSyncUnwritable says what to do where the history cannot be written, and
// writes nothing after what is missing.
func TestSyncUnwritable(t *testing.T) {
	dir := &history.Dir{Path: t.TempDir()}
	err := syncInto(t, mended(t, 2), &interrupted{Store: dir})
	if got := historytest.Dump(t, dir); len(got) > 0 {
		t.Errorf("%v", got)
	}
	var e *exitError
	if !errors.As(err, &e) || e.code != exitFailure || !strings.Contains(e.hint, "run it again") {
		t.Errorf("%v", err)
	}
}
