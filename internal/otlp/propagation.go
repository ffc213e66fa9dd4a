package otlp

import (
	"encoding/hex"
	"net/url"
	"strings"
)

// SpanContext is a span of another process, as W3C's traceparent names it.
type SpanContext struct {
	Trace TraceID
	Span  SpanID
}

// ParseTraceparent reads a traceparent, as the environment variable of this
// name holds it, and reports whether it is one.
func ParseTraceparent(s string) (SpanContext, bool) {
	var c SpanContext
	part := strings.Split(strings.TrimSpace(s), "-")
	if len(part) < 4 || len(part[0]) != 2 || part[0] == "ff" || part[0] == "00" && len(part) != 4 || len(part[3]) != 2 {
		return c, false
	}
	ok := decode(c.Trace[:], part[1]) && decode(c.Span[:], part[2])
	return c, ok && c.Trace != TraceID{} && c.Span != SpanID{}
}

// decode reads lower-case hex digits of exactly the length of dst.
func decode(dst []byte, s string) bool {
	if len(s) != 2*len(dst) || strings.ToLower(s) != s {
		return false
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}

// String returns the context as a traceparent of a trace that is recorded.
func (c SpanContext) String() string {
	return "00-" + c.Trace.String() + "-" + c.Span.String() + "-01"
}

// maxBaggage is how long a value of baggage may be to be taken for a name.
const maxBaggage = 200

// ParseBaggage reads what W3C's baggage, as the environment variable of this
// name holds it, says of a session and of a change: what a caller groups by. The
// rest is not ours to send on.
func ParseBaggage(s string) (session, change string) {
	for member := range strings.SplitSeq(s, ",") {
		member, _, _ = strings.Cut(member, ";") // properties
		key, value, ok := strings.Cut(member, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || len(value) > maxBaggage || strings.ContainsFunc(value, isControl) {
			continue
		}
		switch strings.TrimSpace(key) {
		case sessionID:
			session = value
		case vcsChange:
			change = value
		}
	}
	return session, change
}
