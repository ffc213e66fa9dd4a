package cli

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress says on stderr how far a long piece of work has come: a line that
// is rewritten on a terminal, a line every ten seconds elsewhere, nothing at
// all for work of under a second.
type progress struct {
	w        io.Writer
	now      func() time.Time
	terminal bool
	started  time.Time
	shown    time.Time
	bytes    int64
	pending  int
}

func newProgress(env Env, quiet bool) *progress {
	if quiet || env.Now == nil {
		return nil
	}
	return &progress{w: env.Stderr, now: env.Now, terminal: isTerminal(env.Stderr), started: env.Now()}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// add counts n more bytes. The clock is asked once a megabyte.
func (p *progress) add(n int) {
	if p == nil {
		return
	}
	p.bytes += int64(n)
	if p.pending += n; p.pending < 1<<20 {
		return
	}
	p.pending = 0
	now := p.now()
	every := 10 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	if now.Sub(p.started) < time.Second || now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	end := "\n"
	if p.terminal {
		end = "\r"
	}
	fmt.Fprintf(p.w, "andon: read %d MB%s", p.bytes>>20, end)
}

// done clears the line on a terminal.
func (p *progress) done() {
	if p != nil && p.terminal && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
