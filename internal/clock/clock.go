// Package clock waits. It is for the packages that talk to servers and to git,
// all of which let a test put something else in its place.
package clock

import (
	"context"
	"time"
)

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
