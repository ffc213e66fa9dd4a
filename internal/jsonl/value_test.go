package jsonl

import "testing"

func TestValueLine(t *testing.T) {
	var d Doc
	for range 2 { // nothing of the first text is left in the second
		v, _, err := d.Parse([]byte("{\n \"a\": [\n  1,\n  2\n ],\n \"b\": {\"c\": 3}\n}"))
		if err != nil {
			t.Fatal(err)
		}
		a, c := v.Get("a"), v.Get("b", "c")
		if c.Line() != 5 || a.Line() != 1 || v.Line() != 0 || c.Line() != 5 || v.Get("none").Line() != 0 {
			t.Errorf("lines %d, %d, %d", v.Line(), a.Line(), c.Line())
		}
		for e := range a.Elements() {
			if n, _ := e.Int(); e.Line() != int(n)+1 {
				t.Errorf("%d is on line %d", n, e.Line())
			}
		}
	}
}
