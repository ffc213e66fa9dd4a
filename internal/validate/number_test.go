package validate

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

// odd are numbers that float64, int64 or exact fractions go wrong on.
func oddNumbers() []string {
	zeros, nines := strings.Repeat("0", 500), strings.Repeat("9", 500)
	return []string{
		"0", "-0", "0.0", "-0.0", "1", "1.0", "1e0", "1e2", "1E+2", "100e-2", "1.5", "1.5e1", "-1", "-1e-400",
		"1e-400", "1.00000000000000000001", "0.99999999999999999999", "9007199254740991.9999999", "9007199254740993",
		"9223372036854775807", "9223372036854775808", "99999999999999999999", "1e400", "1.5e400", "1e-401", "123e-2", "0e999999999",
		zeros[:1] + "." + zeros + "1e501", "1" + zeros, "1" + zeros + ".0", "1" + zeros + ".5", "1" + zeros + "e-500", "1" + zeros + "1e-500",
		"0." + nines, "1." + zeros + "1", nines, "-" + nines + "." + nines, "0." + zeros + "1",
	}
}

// TestTameNumber holds that what a schema can ask of a number has the same
// answer for the number that takes its place.
func TestTameNumber(t *testing.T) {
	for _, n := range oddNumbers() {
		was, _ := new(big.Rat).SetString(n)
		tamed := string(tameNumber(json.Number(n)))
		is, ok := new(big.Rat).SetString(tamed)
		if !ok || len(tamed) > maxDigits+10 {
			t.Errorf("%.40s: replaced by %q", n, tamed)
			continue
		}
		if was.IsInt() != is.IsInt() || was.Sign() != is.Sign() {
			t.Errorf("%.40s: another sign or wholeness in %.40s", n, tamed)
		}
		for _, bound := range []string{"-1", "1", "1.5", "9007199254740991", "9223372036854775808"} {
			b, _ := new(big.Rat).SetString(bound)
			if was.Cmp(b) != is.Cmp(b) {
				t.Errorf("%.40s: on another side of %s than %.40s", n, bound, tamed)
			}
		}
	}
}

// TestHugeNumbers holds that no number in a line stops the program or keeps it
// busy. With the library's exact fractions the first of these would panic.
func TestHugeNumbers(t *testing.T) {
	v := validator(t)
	for _, n := range []string{"1e100000000", "1e-100000000", "1e1000000", "1e99999999999999999999999", "1e-99999999999999999999999", strings.Repeat("9", 1_000_000)} {
		line := fmt.Sprintf(`{"type":"tool.call","span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:00Z","tool":"t","exit_code":%s,"other":%[1]s}`, n)
		got := v.Line(parse(t, line), trace.Pos{File: "a", Line: 1})
		if whole := !strings.Contains(n, "e-"); whole != (len(got) == 0) {
			t.Errorf("%.40s: %+v", n, got)
		}
	}
}

// TestPlanNumbers holds the plan to the library on each number in a place of
// each kind.
func TestPlanNumbers(t *testing.T) {
	v := validator(t)
	for _, n := range oddNumbers() {
		for _, form := range []string{
			`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"success","turns":%s}`,
			`{"type":"run.end","time":"2026-11-20T10:00:00Z","status":"success","cost_usd":%s}`,
			`{"type":"decision","time":"2026-11-20T10:00:00Z","decision":{"kind":"approve","confidence":%s}}`,
			`{"type":"score","time":"2026-11-20T10:00:00Z","name":"n","value":%s}`,
		} {
			line := fmt.Sprintf(form, n)
			if plan, library := sure(t, v, []byte(line)); plan && !library {
				t.Errorf("the plan accepts what the library rejects: %.200s", line)
			}
		}
	}
}
