package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// opening is how many values of a file name its run where the file does not.
// The first alone would not do: in CI, every run of an agent begins with the
// same prompt.
const opening = 16

// nameless names the run of a file that does not, by what the file begins with.
// Until that was read, it holds back the records.
type nameless struct {
	s     *sink
	emit  func(trace.Record)
	held  []trace.Record
	begin hash.Hash
	seen  int
}

func newNameless(s *sink) *nameless {
	n := &nameless{s: s, emit: s.o.Emit, begin: sha256.New()}
	s.o.Emit = func(r trace.Record) { n.held = append(n.held, r) }
	return n
}

// saw takes note of a value, before its facts are added.
func (n *nameless) saw(v jsonl.Value) {
	if n.seen > opening {
		return
	}
	if n.seen++; n.seen > opening {
		n.name()
		return
	}
	n.begin.Write(v.Raw())
}

// close names the run of a file that was shorter.
func (n *nameless) close() {
	if n.seen <= opening {
		n.name()
	}
}

func (n *nameless) name() {
	n.s.fallback = hex.EncodeToString(n.begin.Sum(nil)[:8])
	for _, r := range n.held {
		if r.Unnamed {
			r.RunID = n.s.fallback
		}
		n.emit(r)
	}
	n.held, n.s.o.Emit = nil, n.emit
}
