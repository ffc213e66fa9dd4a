package override

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"
)

// Source yields the histories of the changes that something happened to within a
// span, the latest first. An error beside a history says that it is not whole, as
// its Missing does; one without a history, that a change could not be read. One
// that may pass is an *Unread.
type Source interface {
	Histories(ctx context.Context, s Span) iter.Seq2[*History, error]
}

// Span is the changes to which something happened last between two moments, both
// of them included.
type Span struct {
	Since time.Time
	Until time.Time // zero for no end
}

// String returns the span as ParseSpan reads it: an interval of ISO 8601, in
// which an end that is open is empty.
func (s Span) String() string {
	out := s.Since.UTC().Format(time.RFC3339) + "/"
	if !s.Until.IsZero() {
		out += s.Until.UTC().Format(time.RFC3339)
	}
	return out
}

// ParseSpan reads what String has written.
func ParseSpan(text string) (Span, error) {
	since, until, ok := strings.Cut(text, "/")
	if !ok {
		return Span{}, errors.New("not an interval")
	}
	var s Span
	var err error
	if s.Since, err = time.Parse(time.RFC3339, since); err == nil && until != "" {
		s.Until, err = time.Parse(time.RFC3339, until)
	}
	return s, err
}

// Unread is the error of a source that could not read a change now, or not all
// of it.
type Unread struct {
	Rest Span // from this change on
	Err  error
}

func (u *Unread) Error() string { return u.Err.Error() }

func (u *Unread) Unwrap() error { return u.Err }
