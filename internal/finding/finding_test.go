package finding

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

func at(file string, line int, pointer string) trace.Pos {
	return trace.Pos{File: file, Line: line, Pointer: pointer}
}

// TestSort sorts findings from many orders to one.
func TestSort(t *testing.T) {
	want := []Finding{
		{Rule: "z"},
		{Rule: "a", Pos: at("a", 0, "")},
		{Rule: "a", Pos: at("a", 2, "")},
		{Rule: "a", Pos: at("a", 2, "/x")},
		{Rule: "b", Message: "m", Pos: at("a", 2, "/x")},
		{Rule: "b", Message: "n", Pos: at("a", 2, "/x")},
		{Rule: "a", Pos: at("a", 10, "")}, // a number, not a text
		{Rule: "a", Pos: at("b", 1, "")},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		got := append([]Finding(nil), want...)
		random.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		Sort(got)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	}
}

// Findings that are equal in what is sorted by keep their order.
func TestSortIsStable(t *testing.T) {
	fs := []Finding{{Rule: "r", Fingerprint: "2"}, {Rule: "r", Fingerprint: "1"}, {Rule: "q"}, {Rule: "r", Fingerprint: "3"}}
	Sort(fs)
	got := ""
	for _, f := range fs {
		got += f.Rule + f.Fingerprint
	}
	if got != "qr2r1r3" {
		t.Errorf("got %s", got)
	}
	Sort(nil)
}

func TestRank(t *testing.T) {
	for s, want := range map[Severity]int{Info: 1, Warning: 2, Error: 3, "": 0, "fatal": 0, "ERROR": 0} {
		if got := s.Rank(); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestPlace(t *testing.T) {
	for want, pos := range map[string]trace.Pos{"": {}, "a.jsonl": at("a.jsonl", 0, ""), "a.jsonl:7": at("a.jsonl", 7, "/x")} {
		if got := (Finding{Pos: pos}).Place(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The place stands beside the other members, and what is unknown is left out.
func TestJSON(t *testing.T) {
	f := Finding{
		Rule: "secret/aws", Severity: Error, Message: "m", Pos: at("a.jsonl", 12, "/x/0"),
		Evidence: []Evidence{{File: "a.jsonl", Line: 9}}, Subject: &Subject{Agent: "review"},
	}
	const want = `{"rule":"secret/aws","severity":"error","message":"m","file":"a.jsonl","line":12,"pointer":"/x/0",` +
		`"evidence":[{"file":"a.jsonl","line":9}],"subject":{"agent":"review"}}`
	got, err := json.Marshal(f)
	if err != nil || string(got) != want {
		t.Errorf("got %s\nwant %s (%v)", got, want, err)
	}
	got, err = json.Marshal(Finding{Rule: "r", Severity: Info, Message: "m"})
	if err != nil || string(got) != `{"rule":"r","severity":"info","message":"m"}` {
		t.Errorf("got %s (%v)", got, err)
	}
}
