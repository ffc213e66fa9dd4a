package override

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// records are runs, by what a decision may have in common with them.
type records struct {
	runs []Run
	by   map[string][]int // indices
}

func newRecords(runs []Run) *records {
	x := &records{runs: runs, by: map[string][]int{}}
	for i, r := range runs {
		for _, key := range r.keys() {
			if key != "" {
				x.by[key] = append(x.by[key], i)
			}
		}
	}
	return x
}

func (r Run) keys() []string {
	out := append([]string{headKey(r.HeadSHA)}, r.Nodes...)
	for _, sha := range r.Commits {
		out = append(out, commitKey(sha))
	}
	for _, id := range r.Reviews {
		out = append(out, reviewKey(id))
	}
	for _, id := range r.Comments {
		out = append(out, commentKey(id))
	}
	for _, n := range r.Pulls {
		out = append(out, pullKey(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d Decision) keys(pull int) []string {
	out := []string{commitKey(d.Commit), reviewKey(cmp.Or(d.ReviewID, d.within)), d.node, commentKey(d.CommentID), pullKey(int64(pull))}
	for _, sha := range d.heads {
		out = append(out, headKey(sha))
	}
	return out
}

func reviewKey(id int64) string   { return "review " + strconv.FormatInt(id, 10) }
func commentKey(id int64) string  { return "comment " + strconv.FormatInt(id, 10) }
func pullKey(n int64) string      { return "pull " + strconv.FormatInt(n, 10) }
func commitKey(sha string) string { return shaKey("commit ", sha) }
func headKey(sha string) string   { return shaKey("head ", sha) }

// shortest is how many digits of a commit's SHA name it, at the least.
const shortest = 7

func shaKey(of, sha string) string {
	if len(sha) < shortest {
		return ""
	}
	return of + strings.ToLower(sha[:shortest])
}

// sameSHA compares commits, of which one may be cut short.
func sameSHA(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= shortest && strings.EqualFold(a, b[:len(a)])
}

// near returns the runs that have anything in common with a decision, in order
// and as indices.
func (c *change) near(d Decision) []int {
	var out []int
	if len(c.o.records.runs) == 0 {
		return out
	}
	for _, key := range d.keys(c.h.Subject.Number) {
		out = append(out, c.o.records.by[key]...)
	}
	if d.headless() {
		out = append(out, c.local()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// headless reports whether nobody says at which head a decision was made, as of
// a label and of a comment on the change.
func (d Decision) headless() bool { return len(d.heads) == 0 && (d.Label != "" || d.CommentID != 0) }

// local returns the runs at any head that the change has had, in order and as
// indices.
func (c *change) local() []int {
	if c.ran == nil {
		c.ran = slices.Clone(c.o.records.by[headKey(c.h.Head.SHA)])
		for _, m := range c.h.Commits {
			c.ran = append(c.ran, c.o.records.by[headKey(m.SHA)]...)
		}
		slices.Sort(c.ran)
		c.ran = append([]int{}, slices.Compact(c.ran)...)
	}
	return c.ran
}
