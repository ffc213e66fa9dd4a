package ingest

import (
	"bytes"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
)

// heldSpan is a copy of a span that names no conversation. Its run is told by
// the topmost span around it, which is written after it.
type heldSpan struct {
	span, resource []byte
	line           int
}

// maxHeld bounds the bytes of spans that are held.
const maxHeld = 64 << 20

// hold keeps a span for the file's end.
func (o *otlpSpans) hold(s otlpSpan, line int) bool {
	if s.fallback != "" || o.bytes > maxHeld {
		return false
	}
	h := heldSpan{span: bytes.Clone(s.v.Raw()), resource: bytes.Clone(s.from.Raw()), line: line}
	o.bytes += len(h.span) + len(h.resource)
	o.held = append(o.held, h)
	return true
}

// release reads the spans that were held, each under the run that its place in
// the trace gives it. A trace may go through several processes and runs: one
// that was begun elsewhere is told apart by the span that is topmost here.
func (o *otlpSpans) release() {
	var resource jsonl.Doc
	for _, h := range o.held {
		v, _, err := o.reread.Parse(h.span)
		if err != nil {
			continue
		}
		from, _, _ := resource.Parse(h.resource)
		s := newSpan(v, from)
		top, whole := o.top(spanID(v.Get("spanId")))
		s.fallback = traceID(s)
		if !whole {
			s.fallback += "-" + top
		}
		o.add(s, h.line)
	}
	o.held = nil
}

// top returns the topmost span around a span, and whether it begins the trace.
func (o *otlpSpans) top(span string) (top string, whole bool) {
	for range maxDepth {
		parent, known := o.parents[span]
		if !known {
			return span, false
		}
		if parent == "" {
			return span, !o.remote[span]
		}
		span = parent
	}
	return span, false
}

// missing returns the span of this process around a span that the file lacks,
// empty for none.
func (o *otlpSpans) missing(span string) string {
	for range maxDepth {
		parent, known := o.parents[span]
		if !known {
			return span
		}
		if parent == "" {
			return ""
		}
		span = parent
	}
	return ""
}

// maxDepth bounds how deep spans are nested, and ends a loop of parents.
const maxDepth = 100

func traceID(s otlpSpan) string { return strings.ToLower(s.v.Get("traceId").String()) }

// enclosing returns the nearest agent around a span.
func (o *otlpSpans) enclosing(span string, agents map[string]int) (int, bool) {
	for range maxDepth {
		parent := o.parents[span]
		if parent == "" {
			return 0, false
		}
		if i, ok := agents[parent]; ok {
			return i, true
		}
		span = parent
	}
	return 0, false
}
