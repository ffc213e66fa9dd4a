package validate

import (
	"bytes"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// isDateTime reports whether s is surely a date-time of RFC 3339, section 5.6.
// Leap seconds and lower-case letters, which are rare, are left to the library.
func isDateTime(s []byte) bool {
	const shape = "dddd-dd-ddTdd:dd:dd"
	if len(s) <= len(shape) || !isShaped(s[:len(shape)], shape) {
		return false
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return false
	}
	if number(s[11:13]) > 23 || number(s[14:16]) > 59 || number(s[17:19]) > 59 {
		return false
	}
	s = s[len(shape):]
	if s[0] == '.' {
		n := 1
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		if n == 1 {
			return false
		}
		s = s[n:]
	}
	return isZone(s)
}

func isZone(s []byte) bool {
	if len(s) == 1 {
		return s[0] == 'Z'
	}
	return (isShaped(s, "+dd:dd") || isShaped(s, "-dd:dd")) && number(s[1:3]) <= 23 && number(s[4:]) <= 59
}

// isShaped reports whether s has a digit wherever shape has a d, and is like it
// elsewhere.
func isShaped(s []byte, shape string) bool {
	if len(s) != len(shape) {
		return false
	}
	for i, c := range s {
		if digit := '0' <= c && c <= '9'; shape[i] == 'd' && !digit || shape[i] != 'd' && c != shape[i] {
			return false
		}
	}
	return true
}

func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = 10*n + int(c-'0')
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// order reports a step that ends before it starts.
func order(val jsonl.Value, pos trace.Pos) []finding.Finding {
	start, end := val.Get("start"), val.Get("end")
	if inOrder(start.Raw(), end.Raw()) {
		return nil
	}
	if s, e := start.Time(), end.Time(); s.IsZero() || e.IsZero() || !e.Before(s) {
		return nil
	}
	pos.Pointer = "/end"
	return []finding.Finding{{
		Rule: "trace/end-before-start", Severity: finding.Error, Pos: pos,
		Message: "the step ends before it starts", Hint: "take both times from one clock, in UTC",
	}}
}

// inOrder reports whether two valid times, in their quotes, are surely in order:
// both are in UTC, so that their text sorts as they do, but for fractions of
// two lengths.
func inOrder(start, end []byte) bool {
	const second = len(`"2026-11-20T10:00:00`)
	if !isUTC(start) || !isUTC(end) {
		return false
	}
	if c := bytes.Compare(start[:second], end[:second]); c != 0 {
		return c < 0
	}
	return len(start) == len(end) && bytes.Compare(start, end) <= 0
}

func isUTC(quoted []byte) bool {
	return len(quoted) >= len(`"2026-11-20T10:00:00Z"`) && quoted[len(quoted)-2] == 'Z'
}
