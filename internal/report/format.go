package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// unknownMark is shown for what was not measured, which is not 0.
const unknownMark = "–"

// number returns n with its thousands apart: "1,204".
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural returns "1 run" or "3 runs".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(int64(n)) + " " + many
}

// count returns a figure, or the mark for an unknown one.
func count(c trace.Count) string {
	n, known := c.Get()
	if !known {
		return unknownMark
	}
	return number(n)
}

// tokens returns a number of tokens in three or four digits: "950", "12.3k",
// "1.25M".
func tokens(c trace.Count) string {
	n, known := c.Get()
	switch {
	case !known:
		return unknownMark
	case n < 1000:
		return strconv.FormatInt(n, 10)
	case n < 999_950:
		return short(float64(n)/1e3, 1) + "k"
	case n < 999_995_000:
		return short(float64(n)/1e6, 2) + "M"
	}
	return short(float64(n)/1e9, 2) + "B"
}

func short(f float64, digits int) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', digits, 64), "."+strings.Repeat("0", digits))
}

// duration returns milliseconds as "350ms", "4.2s", "1m 04s", "2h 03m" or
// "3d 04h".
func duration(c trace.Count) string {
	ms, known := c.Get()
	s := (ms + 500) / 1000
	if ms > math.MaxInt64-1000 {
		s = ms / 1000
	}
	switch {
	case !known:
		return unknownMark
	case ms < 1000:
		return fmt.Sprintf("%dms", ms)
	case ms < 59_950:
		return fmt.Sprintf("%.1fs", float64(ms)/1000)
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh %02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%sd %02dh", number(s/86400), s/3600%24)
}

// usd returns an amount with 2 digits after the point, and with up to 4 where
// it is below a dollar: "$12.34", "$0.12", "$0.0266".
func usd(f float64) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "unknown"
	case f < 0:
		return "-" + usd(-f)
	case f > 0 && f < 0.00005:
		return "<$0.0001"
	case f < 0.99995:
		return "$" + strings.TrimSuffix(strings.TrimSuffix(strconv.FormatFloat(f, 'f', 4, 64), "0"), "0")
	case f < 1e15:
		whole, cents, _ := strings.Cut(strconv.FormatFloat(f, 'f', 2, 64), ".")
		n, _ := strconv.ParseInt(whole, 10, 64)
		return "$" + number(n) + "." + cents
	}
	return "$" + strconv.FormatFloat(f, 'g', 3, 64)
}

// amount returns what is known of a cost: "$0.12", "≥ $0.12" where a part of it
// is not known, or "cost unknown".
func amount(c session.Cost) string {
	switch {
	case c.USD != nil && c.Partial:
		return "≥ " + usd(*c.USD)
	case c.USD != nil:
		return usd(*c.USD)
	case c.ComputedUSD != nil && c.Partial:
		return "≥ " + usd(*c.ComputedUSD)
	}
	return "cost unknown"
}

// hitRate returns the share of the prompt that came from the cache.
func hitRate(u trace.Usage) string {
	rate, known := u.CacheHitRate()
	switch {
	case !known:
		return unknownMark
	case rate > 0 && rate < 0.005:
		return "<1%"
	case rate > 0.995 && rate < 1:
		return ">99%"
	}
	return fmt.Sprintf("%.0f%%", rate*100)
}

// withErrors returns "12", or "12 (3 ✗)" where some of them failed.
func withErrors(all, failed trace.Count) string {
	if failed.N() == 0 {
		return count(all)
	}
	return fmt.Sprintf("%s (%s ✗)", count(all), number(failed.N()))
}

// shortSHA returns the beginning of a commit or a hash.
func shortSHA(sha string) string { return sha[:min(len(sha), 12)] }
