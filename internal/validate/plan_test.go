package validate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// sure reports whether the plan accepts a record, and whether the library does.
func sure(t testing.TB, v *Validator, raw []byte) (plan, library bool) {
	var d jsonl.Doc
	val, used, err := d.Parse(raw)
	if err != nil || used != len(raw) {
		return false, false
	}
	name := val.Get("type").String()
	p := v.plans[name]
	if p == nil {
		return false, false
	}
	return p.accepts(val), len(v.ask("trace", "#/$defs/"+name, raw, name, trace.Pos{})) == 0
}

// TestPlanAgainstLibrary changes valid records at random, and holds that the
// plan accepts none that the library rejects.
func TestPlanAgainstLibrary(t *testing.T) {
	v := validator(t)
	r := rand.New(rand.NewPCG(1, 2))
	lines := examples(t, "valid")
	accepted, rejected := 0, 0
	for range 40_000 {
		raw := mutate(r, lines[r.IntN(len(lines))])
		if r.IntN(2) == 0 {
			raw = garble(r, raw)
		}
		plan, library := sure(t, v, raw)
		if plan && !library {
			t.Fatalf("the plan accepts what the library rejects: %s", raw)
		}
		if library {
			accepted++
		} else {
			rejected++
		}
	}
	if accepted < 1000 || rejected < 1000 {
		t.Errorf("the changes are not to the point: %d valid, %d invalid", accepted, rejected)
	}
}

// mutate replaces, adds or removes a value somewhere in a record.
func mutate(r *rand.Rand, line string) []byte {
	var v any
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	odd := []any{nil, true, "", "x", "2026-11-20T10:00:00Z", "2026-11-20T10:00:60Z", "2026-02-30T10:00:00Z", "2026-11-20t10:00:00z", "2026-11-20T10:00:00,5Z", "2026-11-20T10:00:00+25:00",
		json.Number("1"), json.Number("-1"), json.Number("1.0"), json.Number("1e2"), json.Number("1.5"), json.Number("99999999999999999999"), json.Number("-0"),
		[]any{}, []any{"x", json.Number("1")}, map[string]any{}, map[string]any{"name": ""}, "00f067aa0ba902b7", "00F067AA0BA902B7", "approve", "succes", strings.Repeat("é", 300)}
	var change func(v any) any
	change = func(v any) any {
		m, ok := v.(map[string]any)
		if !ok || len(m) == 0 {
			return odd[r.IntN(len(odd))]
		}
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		k := keys[r.IntN(len(keys))]
		switch r.IntN(5) {
		case 0:
			delete(m, k)
		case 1, 2:
			m[k] = odd[r.IntN(len(odd))]
		default:
			m[k] = change(m[k])
		}
		return m
	}
	out, err := json.Marshal(change(v))
	if err != nil {
		panic(err)
	}
	return out
}

// garble changes a record's text where decoding and encoding it would not: how
// numbers, keys and times are written, and members that stand twice.
func garble(r *rand.Rand, raw []byte) []byte {
	members := regexp.MustCompile(`"(\w+)": ?("[^"\\]*"|-?[0-9.]+)`).FindAllSubmatchIndex(raw, -1)
	if len(members) == 0 {
		return raw
	}
	m := members[r.IntN(len(members))]
	key, value := string(raw[m[2]:m[3]]), string(raw[m[4]:m[5]])
	odd := oddNumbers()
	times := []string{"2026-11-20T1:00:00.0Z", "2026-11-20T10:00:00+24:00", "2026-11-20T10:00:00-01:60", "2026-11-20T24:00:00Z", "2016-12-31T23:59:60Z",
		"2026-11-20T10:00:00.Z", "2026-11-20T10:00:00.123456789012Z", "2026-02-29T10:00:00Z", "0000-01-01T00:00:00Z", "2026-11-20 10:00:00Z", "2026-11-20T10:00:00+00:00"}
	put := func(with string) []byte {
		return slices.Concat(raw[:m[0]], []byte(with), raw[m[1]:])
	}
	switch r.IntN(6) {
	case 0:
		return put(fmt.Sprintf(`"%s":%s`, key, odd[r.IntN(len(odd))]))
	case 1:
		return put(fmt.Sprintf(`"%s":"%s"`, key, times[r.IntN(len(times))]))
	case 2: // a key with an escape in it
		return put(fmt.Sprintf(`"\u%04x%s":%s`, key[0], key[1:], value))
	case 3: // a member that a later one replaces
		return put(fmt.Sprintf(`"%s":%s,"%[1]s":1`, key, value))
	case 4:
		return put(fmt.Sprintf(`"%s":1,"%[1]s":%s`, key, value))
	default: // a value with an escape, a zero or a broken character in it
		i := m[4] + r.IntN(m[5]-m[4])
		return slices.Concat(raw[:i], []byte([]string{`\u00e9`, "0", "\xff", `\ud800`, `\n`, "é"}[r.IntN(6)]), raw[i:])
	}
}

func FuzzPlanAgainstLibrary(f *testing.F) {
	v := validator(f)
	for _, name := range []string{"valid", "invalid"} {
		for _, line := range examples(f, name) {
			f.Add([]byte(line))
		}
	}
	for _, n := range oddNumbers() {
		f.Add([]byte(`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"success","turns":` + n + `}`))
	}
	f.Add([]byte(`{"\u0074ype":"log","time":"2026-11-20T10:00:00Z","message":"m","message":1}`))
	for _, at := range []string{"2026-11-20T1:00:00.0Z", "2026-11-20T10:00:00+24:00", "2026-11-20T10:00:00-01:60"} {
		f.Add([]byte(`{"type":"log","time":"` + at + `","message":"m"}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if plan, library := sure(t, v, raw); plan && !library {
			t.Errorf("the plan accepts what the library rejects: %s", raw)
		}
	})
}
