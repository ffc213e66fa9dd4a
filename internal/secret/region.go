package secret

// region is a piece of the raw bytes round spots that may hide something.
type region struct {
	from, to int
	last     int  // the last of the spots
	broken   bool // whether one of them is the break of a line
	joined   bool // whether its lines are joined just now
	more     int  // how much further on a credential may reach
}

// maxRegion bounds the memory for a region. A longer one is searched in parts.
const maxRegion = 1 << 20

// overlap is how much of one part is searched again with the next. A token of
// 200 characters takes so many bytes where every character is escaped, four
// levels down, with \u.
const overlap = 256 << 10

// regions are those of a text, of which the last may yet grow.
type regions struct {
	region
	raw     []byte
	covered int // up to where spots have been seen to
	next    int // and up to where they have been looked for
}

// searchOdd searches once more, with their escapes undone, those pieces of the
// raw bytes in which a keyword may be written otherwise than it is. A spot may
// begin with those of 64 bytes that are marked.
func (s *Scanner) searchOdd(r *regions, at int, marks uint64) {
	reach := s.spots.reach
	r.next = s.spots.within(r.raw, at, marks, r.next, func(at int, broken bool) {
		if r.last < 0 || at-reach > r.to || r.to-r.from > maxRegion {
			goesOn := r.last >= 0 && at-reach <= r.to
			if s.flush(r); at < r.covered && !broken && !goesOn {
				return
			}
			from := at - reach
			if goesOn {
				from = at - overlap // it goes on, and what was cut is written in so many bytes at most
			}
			r.region = region{from: escapeStart(r.raw, max(0, from))}
		}
		r.last, r.to, r.broken = at, min(len(r.raw), at+reach), r.broken || broken
	})
}

// flush searches the region that has grown.
func (s *Scanner) flush(r *regions) {
	if r.last >= 0 {
		r.covered = s.searchRegion(r.raw, &r.region)
		r.last = -1
	}
}

// searchRegion searches every level of a region. It returns up to where spots
// have been seen to.
func (s *Scanner) searchRegion(raw []byte, r *region) (covered int) {
	mark := len(s.found)
	s.searchLevels(raw, r)
	if r.more > r.to && r.to < len(raw) {
		s.found = s.found[:mark]
		r.to = min(len(raw), r.more)
		r.last = max(r.last, r.to-s.spots.reach) // the spots up to there are not looked at again
		s.searchLevels(raw, r)
	}
	return r.to - s.spots.reach
}

func (s *Scanner) searchLevels(raw []byte, r *region) {
	w, next := &s.layer[0], &s.layer[1]
	w.set(raw[r.from:r.to], r.from)
	for level, more := 0, true; more && level < maxLevels; level++ {
		if level > 0 {
			s.search(w, r)
			more = s.survey(w, r)
		}
		if w.strip(&s.bare) {
			s.search(&s.bare, r)
		}
		if r.broken && w.join(&s.bare, len(w.text)) {
			r.joined = true
			s.search(&s.bare, r)
			r.joined = false
		}
		more = more && w.undo(next)
		w, next = next, w
	}
}

// survey reports whether another level of escapes may hide something, and notes
// whether a line ends within a keyword.
func (s *Scanner) survey(w *window, r *region) (more bool) {
	next := 0
	s.sieve.each(w.text, nil, func(at int, marks uint64) {
		next = s.spots.within(w.text, at, marks, next, func(at int, broken bool) {
			more = more || w.text[at] == '\\'
			r.broken = r.broken || broken
		})
	})
	return more
}

// need notes that a credential may reach so many bytes beyond a keyword.
func (r *region) need(w *window, at, n int) {
	if r != nil && at+n > len(w.text) {
		r.more = max(r.more, w.start(at)+2*n)
	}
}

// admits reports whether a keyword is looked for in what became of a region:
// one behind the last spot stands there for all to see, and where lines were
// joined, only those whose credentials are of an exact format count.
func (r *region) admits(w *window, k *word, at int) bool {
	if k.rule != nil {
		at = max(0, at-k.rule.Back) // what stands before it may be hidden
	}
	return r == nil || w.start(at) <= r.last && (!r.joined || k.whole())
}
