package session

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// spanID is the identity of a step: the first 64 bits of the SHA-256 of the
// space and the id that the source gave it. Cryptographic, because ids come
// from the trace: nobody may make two calls look like one.
type spanID uint64

// A native trace may be one that a bundle holds, whose ids are these already:
// they stay, so that a step is known again in every form. Whoever chooses ids in
// a native trace can make two steps look like one anyway.
func newSpanID(space, id string) spanID {
	if space == NativeFormat && len(id) == 16 {
		if n, err := strconv.ParseUint(id, 16, 64); err == nil {
			return spanID(n)
		}
	}
	var buf [256]byte
	sum := sha256.Sum256(append(append(append(buf[:0], space...), 0), id...))
	return spanID(binary.BigEndian.Uint64(sum[:]))
}

func (id spanID) String() string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	return hex.EncodeToString(b[:])
}

// symbol stands for a string of an account; 0 is the empty one.
type symbol uint32

func (a *account) symbol(s string) symbol {
	if s == "" {
		return 0
	}
	y, known := a.symbolAt[s]
	if !known {
		y = symbol(len(a.symbols))
		a.symbols = append(a.symbols, s)
		a.symbolAt[s] = y
	}
	return y
}

// place is a trace.Pos in little space.
type place struct {
	file symbol
	line int32
}

func (a *account) place(p trace.Pos) place {
	return place{a.symbol(p.File), int32(min(p.Line, 1<<31-1))}
}
func (a *account) pos(p place) trace.Pos {
	return trace.Pos{File: a.symbols[p.file], Line: int(p.line)}
}
func (c *call) ok() bool              { return c.err == nil && !c.partial }
func before(a, b time.Time) bool      { return !a.IsZero() && (b.IsZero() || a.Before(b)) }
func after(a, b time.Time) bool       { return !a.IsZero() && (b.IsZero() || a.After(b)) }
func setString(dst *string, s string) { *dst = orString(s, *dst) }

// telemetrySpace is that of OpenTelemetry data, which is taken only where the
// agent's own files do not know a figure: it may hold calls of the CLI that
// belong to no turn.
// Its logs are a space of their own below it.
const telemetrySpace = "otlp"

// stamp is a time in nanoseconds since 1970; 0 is unknown.
type stamp int64

func stampOf(t time.Time) stamp {
	if y := t.Year(); y < 1970 || y > 2261 {
		return 0
	}
	return stamp(t.UnixNano())
}

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(s)).UTC()
}

func (s *stamp) earliest(t time.Time) {
	if n := stampOf(t); n != 0 && (*s == 0 || n < *s) {
		*s = n
	}
}

func (s *stamp) latest(t time.Time) {
	*s = max(*s, stampOf(t))
}

// classes are a trace.Usage in little space.
type classes struct {
	n     [6]int64
	known uint8 // a bit for each class that was measured
}

func compact(u trace.Usage) classes {
	var t classes
	for i, c := range [...]trace.Count{u.Input, u.CacheRead, u.CacheWrite5m, u.CacheWrite1h, u.Output, u.Reasoning} {
		if n, ok := c.Get(); ok {
			t.n[i], t.known = n, t.known|1<<i
		}
	}
	return t
}

func (t *classes) class(i int) trace.Count {
	if t.known&(1<<i) == 0 {
		return trace.Count{}
	}
	return trace.Measured(t.n[i])
}

// usage returns what a call used.
func (c *call) usage() trace.Usage {
	t := &c.used
	return trace.Usage{
		Input: t.class(0), CacheRead: t.class(1), CacheWrite5m: t.class(2), CacheWrite1h: t.class(3), Output: t.class(4), Reasoning: t.class(5),
	}
}
