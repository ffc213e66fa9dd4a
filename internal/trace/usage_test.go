package trace

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

func TestCount(t *testing.T) {
	var unknown Count
	if n, ok := unknown.Get(); n != 0 || ok || unknown.Known() || !unknown.IsZero() || unknown.String() != "unknown" {
		t.Errorf("the zero Count is %v", unknown)
	}
	zero := Measured(0)
	if n, ok := zero.Get(); n != 0 || !ok || !zero.Known() || zero.IsZero() || zero.String() != "0" {
		t.Errorf("a measured 0 is %v", zero)
	}
	if c := Measured(-1); c != unknown {
		t.Errorf("a negative figure is %v", c)
	}
	if c := Measured(math.MaxInt64); c.N() != math.MaxInt64 || c.String() != "9223372036854775807" {
		t.Errorf("the largest figure is %v", c)
	}
}

func TestCountCombine(t *testing.T) {
	var unknown Count
	a, b, most := Measured(2), Measured(5), Measured(math.MaxInt64)
	tests := []struct {
		name            string
		c, d            Count
		add, larger, or Count
	}{
		{"both", a, b, Measured(7), b, a},
		{"larger first", b, a, Measured(7), b, b},
		{"neither", unknown, unknown, unknown, unknown, unknown},
		{"only the first", a, unknown, a, a, a},
		{"only the second", unknown, b, b, b, b},
		{"zero is measured", Measured(0), unknown, Measured(0), Measured(0), Measured(0)},
		{"zero and more", Measured(0), b, b, b, Measured(0)},
		{"overflow", most, a, most, most, most},
		{"overflow of two", most, most, most, most, most},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.c.Add(tt.d); got != tt.add {
				t.Errorf("Add: %v, want %v", got, tt.add)
			}
			if got := tt.c.Max(tt.d); got != tt.larger {
				t.Errorf("Max: %v, want %v", got, tt.larger)
			}
			if got := tt.c.Or(tt.d); got != tt.or {
				t.Errorf("Or: %v, want %v", got, tt.or)
			}
		})
	}
}

func TestCountJSON(t *testing.T) {
	for _, c := range []Count{{}, Measured(0), Measured(1 << 60), Measured(math.MaxInt64)} {
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var got Count
		if err := json.Unmarshal(b, &got); err != nil || got != c {
			t.Errorf("%v became %s became %v (%v)", c, b, got, err)
		}
	}
	got := Measured(5)
	if err := json.Unmarshal([]byte("-3"), &got); err != nil || got.Known() {
		t.Errorf("-3 is read as %v, %v", got, err)
	}
	for _, bad := range []string{`"5"`, `1.5`, `1e30`, `{}`, `[]`, `true`} {
		got := Measured(5)
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is read as %v", bad, got)
		}
	}
}

func TestUsageJSON(t *testing.T) {
	tests := []struct {
		usage Usage
		want  string
	}{
		{Usage{}, `{}`},
		{Usage{Input: Measured(0), Output: Measured(7)}, `{"input_tokens":0,"output_tokens":7}`},
		{Usage{Measured(1), Measured(2), Measured(3), Measured(4), Measured(5), Measured(6)},
			`{"input_tokens":1,"cache_read_tokens":2,"cache_write_5m_tokens":3,"cache_write_1h_tokens":4,"output_tokens":5,"reasoning_tokens":6}`},
	}
	for _, tt := range tests {
		b, err := json.Marshal(tt.usage)
		if err != nil || string(b) != tt.want {
			t.Errorf("%s, want %s (%v)", b, tt.want, err)
		}
		var back Usage
		if err := json.Unmarshal(b, &back); err != nil || back != tt.usage {
			t.Errorf("%s is read as %v (%v)", b, back, err)
		}
	}
}

func TestUsageSums(t *testing.T) {
	all := Usage{Measured(1), Measured(20), Measured(300), Measured(4000), Measured(50000), Measured(600)}
	if got := all.Prompt(); got != Measured(4321) {
		t.Errorf("prompt %v, want 4321", got)
	}
	if got := all.Total(); got != Measured(54321) {
		t.Errorf("total %v, want 54321", got)
	}
	if got := (Usage{Reasoning: Measured(5)}).Total(); got.Known() {
		t.Errorf("total %v without a class of its own", got)
	}
	if got := (Usage{Output: Measured(0)}).Total(); got != Measured(0) {
		t.Errorf("total %v, want 0", got)
	}
	if got := (Usage{Input: Measured(math.MaxInt64), Output: Measured(9)}).Total(); got != Measured(math.MaxInt64) {
		t.Errorf("total %v after an overflow", got)
	}
}

// Each class must be combined with itself, and none be left out.
func TestUsageCombine(t *testing.T) {
	var u, v Usage
	fields := reflect.ValueOf(&u).Elem().NumField()
	for i := range fields {
		reflect.ValueOf(&u).Elem().Field(i).Set(reflect.ValueOf(Measured(int64(1 << i))))
		reflect.ValueOf(&v).Elem().Field(i).Set(reflect.ValueOf(Measured(int64(100 << i))))
	}
	sum, larger := reflect.ValueOf(u.Add(v)), reflect.ValueOf(u.Max(v))
	for i := range fields {
		name := sum.Type().Field(i).Name
		if got := sum.Field(i).Interface(); got != Measured(101<<i) {
			t.Errorf("Add: %s is %v, want %d", name, got, 101<<i)
		}
		if got := larger.Field(i).Interface(); got != Measured(100<<i) {
			t.Errorf("Max: %s is %v, want %d", name, got, 100<<i)
		}
	}
}

func TestCacheHitRate(t *testing.T) {
	tests := []struct {
		name  string
		usage Usage
		want  float64
		ok    bool
	}{
		{"three quarters", Usage{Input: Measured(10), CacheRead: Measured(75), CacheWrite5m: Measured(10), CacheWrite1h: Measured(5), Output: Measured(900)}, 0.75, true},
		{"nothing read", Usage{Input: Measured(10), CacheRead: Measured(0)}, 0, true},
		{"not measured", Usage{Input: Measured(10)}, 0, false},
		{"no prompt", Usage{CacheRead: Measured(0)}, 0, false},
		{"nothing", Usage{}, 0, false},
	}
	for _, tt := range tests {
		if got, ok := tt.usage.CacheHitRate(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %v, %v, want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}
