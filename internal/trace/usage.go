package trace

import (
	"encoding/json"
	"strconv"
)

// Count is a measured figure that is never negative, such as a number of
// tokens or of milliseconds. Its zero value means "not measured", which is not
// the same as zero: the first is absent from every output, the second is 0.
type Count struct {
	n  int64
	ok bool
}

// Measured returns the Count n. A negative n is no measurement.
func Measured(n int64) Count {
	if n < 0 {
		return Count{}
	}
	return Count{n: n, ok: true}
}

// Get returns the figure and whether it was measured.
func (c Count) Get() (int64, bool) { return c.n, c.ok }

// N returns the figure, or 0 where it was not measured. It is for comparing
// and for adding up; what is shown to people must go through Get.
func (c Count) N() int64 { return c.n }

// Known reports whether the figure was measured.
func (c Count) Known() bool { return c.ok }

// IsZero reports whether the figure was not measured; encoding/json asks it
// for omitzero.
func (c Count) IsZero() bool { return !c.ok }

// Add returns the sum of what was measured of c and d, and stays at
// math.MaxInt64 where the sum would be larger.
func (c Count) Add(d Count) Count {
	switch {
	case !c.ok:
		return d
	case !d.ok:
		return c
	}
	sum := c.n + d.n
	if sum < 0 {
		sum = 1<<63 - 1
	}
	return Count{n: sum, ok: true}
}

// Max returns the larger of what was measured of c and d.
func (c Count) Max(d Count) Count {
	if d.ok && (!c.ok || d.n > c.n) {
		return d
	}
	return c
}

// Or returns c, or d where c was not measured.
func (c Count) Or(d Count) Count {
	if c.ok {
		return c
	}
	return d
}

// String returns the figure in decimal, or "unknown".
func (c Count) String() string {
	if !c.ok {
		return "unknown"
	}
	return strconv.FormatInt(c.n, 10)
}

// MarshalJSON writes the figure, or null where it was not measured.
func (c Count) MarshalJSON() ([]byte, error) {
	if !c.ok {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, c.n, 10), nil
}

// UnmarshalJSON reads a figure; null is one that was not measured.
func (c *Count) UnmarshalJSON(b []byte) error {
	var n *int64
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*c = Count{}
	if n != nil {
		*c = Measured(*n)
	}
	return nil
}

// Usage is what one or more model calls consumed, in tokens. The classes are
// disjoint, so that their sum is what was processed, but for Reasoning, which
// is part of Output. Formats that count cached tokens inside the input (OpenAI,
// Gemini, OpenTelemetry) are converted by their readers.
type Usage struct {
	Input        Count `json:"input_tokens,omitzero"` // neither read from nor written to a cache
	CacheRead    Count `json:"cache_read_tokens,omitzero"`
	CacheWrite5m Count `json:"cache_write_5m_tokens,omitzero"` // also writes whose lifetime the source does not say
	CacheWrite1h Count `json:"cache_write_1h_tokens,omitzero"`
	Output       Count `json:"output_tokens,omitzero"`
	Reasoning    Count `json:"reasoning_tokens,omitzero"` // part of Output
}

// Add returns the sum of u and v, class by class.
func (u Usage) Add(v Usage) Usage { return u.combine(v, Count.Add) }

// Max returns the larger of u and v, class by class. It merges two records of
// one model call, of which the earlier was written before the call had ended.
func (u Usage) Max(v Usage) Usage { return u.combine(v, Count.Max) }

func (u Usage) combine(v Usage, f func(Count, Count) Count) Usage {
	return Usage{
		Input:        f(u.Input, v.Input),
		CacheRead:    f(u.CacheRead, v.CacheRead),
		CacheWrite5m: f(u.CacheWrite5m, v.CacheWrite5m),
		CacheWrite1h: f(u.CacheWrite1h, v.CacheWrite1h),
		Output:       f(u.Output, v.Output),
		Reasoning:    f(u.Reasoning, v.Reasoning),
	}
}

// Total returns the tokens of all classes together, Reasoning not counted
// twice. It is unknown where no class was measured.
func (u Usage) Total() Count {
	return u.Prompt().Add(u.Output)
}

// Prompt returns the tokens sent to the model, cached or not.
func (u Usage) Prompt() Count {
	return u.Input.Add(u.CacheRead).Add(u.CacheWrite5m).Add(u.CacheWrite1h)
}

// CacheHitRate returns the share of the prompt that was read from the cache,
// 0 to 1, and whether it is known.
func (u Usage) CacheHitRate() (float64, bool) {
	prompt := u.Prompt()
	if !u.CacheRead.ok || prompt.n == 0 {
		return 0, false
	}
	return float64(u.CacheRead.n) / float64(prompt.n), true
}
