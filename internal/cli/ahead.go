package cli

import (
	"runtime"

	"github.com/andon-ci/andon/internal/secret"
)

// The bounds of what is read before what came first is dealt with.
const (
	maxWorkers = 8
	batchSize  = 256 << 10
	longText   = 4 << 20 // a stanza that is not copied: all before it is dealt with first
)

// ahead scans for credentials on all processors while more is read. What is
// found is dealt with in order and by whoever reads, so that no result depends on
// how many processors there are.
type ahead struct {
	from    *secret.Scanner      // whose forks scan
	idle    chan *secret.Scanner // those that have nothing to do
	batch   *batch               // that is being filled; nil for none
	waiting []*batch             // those that are scanned, in order
	spare   []*batch             // whose memory can be used again
}

// batch is what is scanned at once, and what is to be done then.
type batch struct {
	stanzas []stanza
	found   [][]secret.Match
	text    []byte // of the stanzas
	deal    func(st stanza, found []secret.Match)
	then    []func()
	done    chan struct{}
}

// start makes forks of a scanner, as many as there are processors.
func (a *ahead) start(s *secret.Scanner) {
	if a.from == s {
		return
	}
	a.drain()
	n := min(runtime.GOMAXPROCS(0), maxWorkers)
	a.from, a.idle = s, make(chan *secret.Scanner, n)
	for range n {
		a.idle <- s.Fork()
	}
}

// alone reports whether one processor would do all the work: then it is done at
// once, and nothing is copied.
func (a *ahead) alone() bool { return cap(a.idle) < 2 }

// add adds a copy of a stanza to what is to be scanned.
func (a *ahead) add(st stanza, deal func(stanza, []secret.Match)) {
	if a.batch == nil {
		a.batch = &batch{}
		if n := len(a.spare); n > 0 {
			a.batch, a.spare = a.spare[n-1], a.spare[:n-1]
		}
		a.batch.deal, a.batch.done = deal, make(chan struct{})
	}
	b := a.batch
	from := len(b.text)
	b.text = append(b.text, st.Raw...)
	if b.stanzas = append(b.stanzas, st.copy(b.text[from:])); len(b.text) >= batchSize {
		a.put()
	}
}

// put lets the batch be scanned, and deals with the first of those that wait,
// where they are many.
func (a *ahead) put() {
	b := a.batch
	if b == nil {
		return
	}
	a.batch = nil
	a.waiting = append(a.waiting, b)
	go b.scan(a.idle)
	if len(a.waiting) > 2*cap(a.idle) {
		a.next()
	}
}

func (b *batch) scan(idle chan *secret.Scanner) {
	s := <-idle
	for _, st := range b.stanzas {
		b.found = append(b.found, s.Scan(st.Raw))
	}
	idle <- s
	close(b.done)
}

// after does something when all that was added is dealt with.
func (a *ahead) after(then func()) {
	a.put()
	if n := len(a.waiting); n > 0 {
		a.waiting[n-1].then = append(a.waiting[n-1].then, then)
		return
	}
	then()
}

// next waits for the first batch and deals with it.
func (a *ahead) next() {
	b := a.waiting[0]
	a.waiting = a.waiting[1:]
	<-b.done
	for i, st := range b.stanzas {
		b.deal(st, b.found[i])
	}
	for _, then := range b.then {
		then()
	}
	b.stanzas, b.found, b.text, b.then = b.stanzas[:0], b.found[:0], b.text[:0], b.then[:0]
	a.spare = append(a.spare, b)
}

// drain deals with all that was added.
func (a *ahead) drain() {
	a.put()
	for len(a.waiting) > 0 {
		a.next()
	}
}

// drop waits for what was begun, and deals with none of it.
func (a *ahead) drop() {
	for _, b := range a.waiting {
		<-b.done
	}
	a.batch, a.waiting = nil, nil
}
