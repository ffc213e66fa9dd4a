package otlp

import (
	"iter"
	"reflect"
)

// The most that one request carries. Collectors and the backends behind them
// refuse requests of more than 4 MiB.
const (
	MaxSpans = 512
	MaxBytes = 4 << 20
)

// Batches puts the spans of units together into requests, cleaned, in their
// order. No more spans are in memory than those of one request.
func Batches(list []Unit, version string, scrub func(string) string) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		p := packer{version: version, yield: yield}
		for _, u := range list {
			for s := range Clean(u.Spans, scrub) {
				if !p.add(u, s) {
					return
				}
			}
		}
		p.flush()
	}
}

// packer fills one request after the other.
type packer struct {
	version string
	yield   func(*Batch) bool
	batch   *Batch
	bytes   int
}

// add returns false where no more is wanted.
func (p *packer) add(u Unit, s *Span) bool {
	n := s.size()
	if b := p.batch; b != nil && (len(b.Spans) == MaxSpans || p.bytes+n > MaxBytes || !reflect.DeepEqual(b.Resource, u.Resource)) {
		if !p.flush() {
			return false
		}
	}
	if p.batch == nil {
		p.batch, p.bytes = &Batch{Resource: u.Resource, Version: p.version}, sizeOf(u.Resource)+200
	}
	p.batch.Spans = append(p.batch.Spans, s)
	p.bytes += n
	if k := p.batch.Keys; len(k) == 0 || k[len(k)-1] != u.Key {
		p.batch.Keys = append(k, u.Key)
	}
	return true
}

func (p *packer) flush() bool {
	b := p.batch
	p.batch = nil
	return b == nil || p.yield(b)
}

// size returns at least as many bytes as the span takes as protobuf.
func (s *Span) size() int {
	const fixed = 160 // ids, times, kind, flags, status and link, each with its tag
	return fixed + len(s.Name) + len(s.Message) + sizeOf(s.Attrs)
}

func sizeOf(list []Attr) int {
	const frame = 20 // tags and lengths of an attribute and of its value
	n := 0
	for _, a := range list {
		n += frame + len(a.Key)
		switch v := a.Value.(type) {
		case string:
			n += len(v)
		case []string:
			for _, e := range v {
				n += frame + len(e)
			}
		default:
			n += 10
		}
	}
	return n
}
