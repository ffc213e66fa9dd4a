package validate

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// TestDateTime holds that what is surely a time is one for Go as well, and that
// the times that programs write are.
func TestDateTime(t *testing.T) {
	sure := []string{
		"2026-11-20T10:00:00Z", "2026-11-20T10:00:00.1Z", "2026-11-20T10:00:00.123456789Z", "2026-11-20T23:59:59+05:30",
		"2024-02-29T00:00:00-23:59", "2000-02-29T00:00:00Z", "2026-12-31T00:00:00.000+00:00",
	}
	for _, s := range sure {
		if _, err := time.Parse(time.RFC3339, s); err != nil || !isDateTime([]byte(s)) {
			t.Errorf("%s is no time", s)
		}
	}
	for _, s := range []string{
		"", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20 10:00:00Z", "2026-11-20T10:00Z", "2026-13-20T10:00:00Z", "2026-00-20T10:00:00Z", "2026-11-00T10:00:00Z",
		"2026-11-31T10:00:00Z", "2026-02-29T10:00:00Z", "1900-02-29T10:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z", "2026-11-20T10:00:61Z", "2026-11-20T10:00:00.Z",
		"2026-11-20T10:00:00,5Z", "2026-11-20T10:00:00+24:00", "2026-11-20T10:00:00+00:60", "2026-11-20T10:00:00+0000", "2026-11-20T10:00:00ZZ", "+026-11-20T10:00:00Z",
	} {
		if isDateTime([]byte(s)) {
			t.Errorf("%s is a time", s)
		}
	}
}

// TestOrder holds the comparison of texts to the comparison of times.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	zones := []*time.Location{time.UTC, time.UTC, time.FixedZone("", 3600), time.FixedZone("", -1800)}
	layouts := []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.000Z07:00", time.RFC3339Nano}
	at := func() time.Time {
		s := time.Unix(1795000000+r.Int64N(3), r.Int64N(3)*500e6).In(zones[r.IntN(len(zones))]).Format(layouts[r.IntN(len(layouts))])
		parsed, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	v := validator(t)
	for range 2_000 {
		start, end := at(), at()
		layout := layouts[r.IntN(len(layouts))]
		line := fmt.Sprintf(`{"type":"tool.call","span_id":"00f067aa0ba902b7","start":%q,"end":%q,"tool":"t"}`, start.Format(time.RFC3339Nano), end.Format(layout))
		written, err := time.Parse(time.RFC3339, end.Format(layout))
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Line(parse(t, line), trace.Pos{}); (len(got) > 0) != written.Before(start) {
			t.Fatalf("%+v: %s", got, line)
		}
	}
}
