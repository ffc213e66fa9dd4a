package override

import (
	"slices"
	"strconv"
	"strings"
)

// span is the lines from..to of a file, without to.
type span struct{ from, to int }

// territory is lines of files, kept up to date as commits move them. The spans
// of a file are in order and apart.
type territory map[string][]span

// landed returns the lines that a merge brought.
func landed(files []File) territory {
	t := territory{}
	for _, f := range files {
		for _, h := range f.Hunks {
			if h.Added > 0 && h.New > 0 {
				t[f.Path] = append(t[f.Path], span{h.New, h.New + h.Added})
			}
		}
		slices.SortFunc(t[f.Path], func(a, b span) int { return a.from - b.from })
	}
	return t
}

func (t territory) count() int {
	n := 0
	for _, spans := range t {
		for _, s := range spans {
			n += s.to - s.from
		}
	}
	return n
}

// apply follows the lines through a commit, and returns how many of them it
// removed or replaced.
func (t territory) apply(files []File) int {
	gone := 0
	moved := territory{}
	for _, f := range files {
		from := f.Path
		if f.Previous != "" {
			from = f.Previous
		}
		spans, found := t[from]
		if !found {
			continue
		}
		left, n := follow(spans, f.Hunks)
		gone += n
		delete(t, from)
		moved[f.Path] = left
	}
	for path, spans := range moved {
		if len(spans) > 0 {
			t[path] = spans
		}
	}
	return gone
}

// follow returns where the lines of spans are after hunks, and how many are
// gone. Both go through in order, so that it takes linear time.
func follow(spans []span, hunks []Hunk) (left []span, gone int) {
	shift, i := 0, 0
	for _, s := range spans {
		for i < len(hunks) && hunks[i].end() <= s.from {
			shift += hunks[i].Added - hunks[i].Removed
			i++
		}
		at, by := s.from, shift
		for j := i; j < len(hunks) && hunks[j].start() < s.to; j++ {
			h := hunks[j]
			if h.start() > at {
				left = append(left, span{at + by, h.start() + by})
			}
			gone += max(0, min(h.end(), s.to)-max(h.start(), at))
			at, by = max(at, h.end()), by+h.Added-h.Removed
			if h.end() <= s.to {
				i, shift = j+1, by
			}
		}
		if at < s.to {
			left = append(left, span{at + by, s.to + by})
		}
	}
	return left, gone
}

// start is the first old line that a hunk removes, or that its insertion pushes
// down.
func (h Hunk) start() int {
	if h.Removed == 0 {
		return h.Old + 1
	}
	return h.Old
}

func (h Hunk) end() int { return h.start() + h.Removed }

// ParsePatch returns the hunks of a unified diff of one file, as the API gives
// it in "patch": without its header and with any context. What cannot be read
// ends it.
func ParsePatch(patch string) []Hunk {
	var out []Hunk
	var open *Hunk
	before, after := 0, 0
	flush := func() {
		if open == nil {
			return
		}
		if open.Removed == 0 {
			open.Old--
		}
		if open.Added == 0 {
			open.New--
		}
		out, open = append(out, *open), nil
	}
	for line := range strings.Lines(patch) {
		switch line[0] {
		case '@':
			flush()
			var ok bool
			if before, after, ok = hunkHeader(line); !ok {
				return out
			}
		case '-', '+':
			if open == nil {
				open = &Hunk{Old: before, New: after}
			}
			if line[0] == '-' {
				open.Removed, before = open.Removed+1, before+1
			} else {
				open.Added, after = open.Added+1, after+1
			}
		case '\\':
		default:
			flush()
			before, after = before+1, after+1
		}
	}
	flush()
	return out
}

// hunkHeader returns the numbers of the next old and the next new line.
func hunkHeader(line string) (before, after int, ok bool) {
	f := strings.Fields(line)
	if len(f) < 3 || f[0] != "@@" {
		return 0, 0, false
	}
	first := func(s, sign string) (int, bool) {
		s, found := strings.CutPrefix(s, sign)
		s, count, counted := strings.Cut(s, ",")
		n, err := strconv.Atoi(s)
		if counted && count == "0" {
			n++ // the line before, where there is nothing
		}
		return n, found && err == nil && n >= 0
	}
	b, ok1 := first(f[1], "-")
	a, ok2 := first(f[2], "+")
	return b, a, ok1 && ok2
}
