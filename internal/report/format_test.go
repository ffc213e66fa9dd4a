package report

import (
	"math"
	"testing"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

func TestNumber(t *testing.T) {
	for v, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1_234_567: "1,234,567", -5: "-5", -1000: "-1,000", -999_999: "-999,999",
		math.MaxInt64: "9,223,372,036,854,775,807",
	} {
		if got := number(v); got != want {
			t.Errorf("%d: %q, want %q", v, got, want)
		}
	}
}

func TestTokens(t *testing.T) {
	for v, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1k", 12_345: "12.3k", 999_949: "999.9k", 999_950: "1M", 1_254_000: "1.25M",
		999_994_999: "999.99M", 999_995_000: "1B", 12_340_000_000: "12.34B", -1: "–",
	} {
		if got := tokens(trace.Measured(v)); got != want {
			t.Errorf("%d: %q, want %q", v, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for v, want := range map[int64]string{
		-1: "–", 0: "0ms", 350: "350ms", 999: "999ms", 1000: "1.0s", 59_949: "59.9s", 59_950: "1m 00s", 64_000: "1m 04s",
		3_599_499: "59m 59s", 3_599_500: "1h 00m", 7_380_000: "2h 03m", 86_400_000: "1d 00h", 273_600_000: "3d 04h",
		math.MaxInt64: "106,751,991,167d 07h",
	} {
		if got := duration(trace.Measured(v)); got != want {
			t.Errorf("%d: %q, want %q", v, got, want)
		}
	}
}

func TestUSD(t *testing.T) {
	for v, want := range map[float64]string{
		0: "$0.00", 0.00001: "<$0.0001", 0.0001: "$0.0001", 0.0266: "$0.0266", 0.12: "$0.12", 0.1203: "$0.1203", 0.99994: "$0.9999",
		0.99996: "$1.00", 12.345: "$12.35", 1234.5: "$1,234.50", -0.5: "-$0.50", 1e300: "$1e+300", math.Inf(1): "unknown",
	} {
		if got := usd(v); got != want {
			t.Errorf("%g: %q, want %q", v, got, want)
		}
	}
	if usd(math.NaN()) != "unknown" {
		t.Error("NaN is an amount")
	}
}

func TestAmount(t *testing.T) {
	for want, c := range map[string]session.Cost{
		"cost unknown": {},
		"$0.12":        {USD: money(0.12), Source: session.Reported},
		"≥ $0.12":      {USD: money(0.12), Partial: true},
		"≥ $0.05":      {ComputedUSD: money(0.05), Partial: true, UnpricedModels: []string{"m"}},
	} {
		if got := amount(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHitRate(t *testing.T) {
	for want, u := range map[string]trace.Usage{
		"–": {Input: n(5)}, "0%": {Input: n(5), CacheRead: n(0)}, "50%": {Input: n(5), CacheRead: n(5)},
		"<1%": {Input: n(1000), CacheRead: n(1)}, ">99%": {Input: n(1), CacheRead: n(1000)}, "100%": {CacheRead: n(3)},
	} {
		if got := hitRate(u); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
