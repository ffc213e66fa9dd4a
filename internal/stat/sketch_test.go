package stat

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestSketch(t *testing.T) {
	var s Sketch
	if _, ok := s.Quantile(0.5); ok || s.Count() != 0 {
		t.Error("the sketch of nothing has a median")
	}
	for _, x := range []float64{-1, math.NaN(), math.Inf(1)} {
		if s.Add(x) {
			t.Errorf("%v is counted", x)
		}
	}
	for _, x := range []float64{0, 1e-12, 1, 10, 10, 100, 1e15} {
		if !s.Add(x) {
			t.Errorf("%v is not counted", x)
		}
	}
	for q, want := range map[float64]float64{0: 0, 0.16: 0, 0.34: 1, 0.5: 10, 0.7: 10, 0.84: 100, 1: sketchMax} {
		if got, ok := s.Quantile(q); !ok || math.Abs(got-want) > want*(sketchError+1e-12) {
			t.Errorf("quantile %v = %v, %v, want %v", q, got, ok, want)
		}
	}
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		if _, ok := s.Quantile(q); ok {
			t.Errorf("there is a quantile %v", q)
		}
	}
}

func TestSketchJSON(t *testing.T) {
	var s Sketch
	for _, x := range []float64{0, 0, 100, 100, 101, 1e-9, 0.5, 1} {
		s.Add(x)
	}
	const want = `{"zero":2,"buckets":[-1036,1,1002,1,34,1,231,3]}`
	got, err := json.Marshal(s)
	if err != nil || string(got) != want {
		t.Errorf("the sketch is %s, %v, want %s", got, err, want)
	}
	var read Sketch
	if err := json.Unmarshal(got, &read); err != nil || !reflect.DeepEqual(read, s) {
		t.Errorf("%s reads as %+v, %v", got, read, err)
	}
	if got, err := json.Marshal(Sketch{}); err != nil || string(got) != `{}` {
		t.Errorf("the sketch of nothing is %s, %v", got, err)
	}
}

func TestSketchRefuses(t *testing.T) {
	for _, data := range []string{
		`{"zero":-1}`, `{"zero":1099511627777}`, `{"zero":1.5}`, `[]`, `{"buckets":[1]}`,
		`{"buckets":[1,0]}`, `{"buckets":[1,-1]}`, `{"buckets":[1,1099511627777]}`,
		`{"buckets":[-1037,1]}`, `{"buckets":[1383,1]}`, `{"buckets":[1382,1,1,1]}`,
		`{"buckets":[1,1,0,1]}`, `{"buckets":[1,1,-1,1]}`, `{"buckets":[1,1,9223372036854775807,1]}`,
		`{"buckets":[-9223372036854775808,1]}`, `{"buckets":[` + strings.Repeat("1,1,", 5000) + `1,1]}`,
	} {
		var s Sketch
		if err := json.Unmarshal([]byte(data), &s); err == nil {
			t.Errorf("%.60s reads as %+v", data, s)
		}
	}
}

// The counts of hostile sketches merge without overflow.
func TestSketchSaturates(t *testing.T) {
	var full, sum Sketch
	if err := json.Unmarshal([]byte(`{"zero":1099511627776,"buckets":[5,1099511627776]}`), &full); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		sum.Merge(full)
	}
	if !reflect.DeepEqual(sum, full) {
		t.Errorf("the sum is %+v", sum)
	}
}

// FuzzSketchValues checks that a quantile is within the error of the sample's, and
// that the sketches of parts merge into that of the whole, in any order.
func FuzzSketchValues(f *testing.F) {
	f.Add(uint64(1), uint16(0), 0.5, 0.35)
	f.Add(uint64(2), uint16(40), 0.5, 0.35)
	f.Add(uint64(3), uint16(3000), 0.99, 3.0)
	f.Add(uint64(4), uint16(200), 1.0, 100.0)
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, q, spread float64) {
		r := seeded(seed)
		var parts [3]Sketch
		var whole Sketch
		var xs []float64
		for range n % 4096 {
			x := math.Exp(r.NormFloat64() * spread)
			if r.IntN(10) == 0 {
				x = 0
			}
			if whole.Add(x) {
				parts[r.IntN(3)].Add(x)
				xs = append(xs, x)
			}
		}
		for _, order := range [][3]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}} {
			var merged Sketch
			for _, i := range order {
				merged.Merge(parts[i])
			}
			if got, want := encode(t, merged), encode(t, whole); got != want {
				t.Fatalf("the parts merge into %s, the whole is %s", got, want)
			}
		}
		if int(whole.Count()) != len(xs) {
			t.Fatalf("%d of %d values", whole.Count(), len(xs))
		}
		if got, ok := whole.Quantile(q); ok {
			withinError(t, got, sorted(xs)[int(q*float64(len(xs)-1))])
		}
	})
}

func encode(t *testing.T, s Sketch) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func withinError(t *testing.T, got, want float64) {
	t.Helper()
	switch {
	case want < sketchMin:
		want = 0
	case want > sketchMax:
		want = sketchMax
	}
	if math.Abs(got-want) > want*(sketchError+1e-12) {
		t.Fatalf("the quantile is %v, want %v", got, want)
	}
}

// FuzzSketchJSON checks that whatever is read is bounded, can be asked and merged,
// and is written as it was read.
func FuzzSketchJSON(f *testing.F) {
	f.Add([]byte(`{"zero":2,"buckets":[230,5,1,2]}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"buckets":[-1036,1,2418,1]}`))
	f.Add([]byte(`{"buckets":[1382,1,1,1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Sketch
		if json.Unmarshal(data, &s) != nil {
			return
		}
		if len(s.buckets) > 1382+1036+1 || s.Count() < 0 || s.Count() > 1<<53 {
			t.Fatalf("%d buckets, count %d", len(s.buckets), s.Count())
		}
		last := 0.0
		for _, q := range []float64{0, 0.5, 0.9, 1} {
			got, ok := s.Quantile(q)
			if ok && !(got >= last && got <= sketchMax*(1+sketchError)) {
				t.Fatalf("quantile %v is %v", q, got)
			}
			last = got
		}
		var read Sketch
		if err := json.Unmarshal([]byte(encode(t, s)), &read); err != nil || encode(t, read) != encode(t, s) {
			t.Fatalf("%s reads as %s: %v", encode(t, s), encode(t, read), err)
		}
		read.Merge(s)
	})
}

func BenchmarkSketchMerge(b *testing.B) {
	r := seeded(8)
	days := make([]Sketch, 100)
	for d := range days {
		for range 40 {
			days[d].Add(math.Exp(0.35*r.NormFloat64() + 3))
		}
	}
	var sum Sketch
	for i := 0; b.Loop(); i++ {
		sum.Merge(days[i%len(days)])
	}
}
