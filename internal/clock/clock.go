// Package clock tells the time and waits. It is for the packages that talk to
// servers and to git, all of which let a test put something else in its place.
package clock

import (
	"context"
	"math/rand/v2"
	"time"
)

// Clock is the time as somebody who waits for a server sees it. What is nil is
// the real one.
type Clock struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	Limit func(context.Context, time.Duration) (context.Context, context.CancelFunc) // as context.WithTimeout
	Rand  func() float64                                                             // from 0 up to 1, for jitter
}

// Complete returns the clock with the real one for what is nil.
func (c Clock) Complete() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = Sleep
	}
	if c.Limit == nil {
		c.Limit = context.WithTimeout
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	return c
}

// Sleep waits for a duration, or until the context ends, of which it returns the
// error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
