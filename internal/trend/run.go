package trend

import (
	"encoding/binary"
	"strings"

	"github.com/andon-ci/andon/internal/stat"
	"github.com/andon-ci/andon/internal/trace"
)

// run is what is kept of each run.
type run struct {
	id       id
	minute   uint16      // of the day
	cost     stat.Amount // in US dollars
	duration stat.Amount // in milliseconds
	status   uint8       // index in statuses, plus one; 0 is none of them
	decision uint8       // index in decisions, plus one; 0 is none
	flags    flag
}

// flag is something that holds for a run or does not.
type flag uint8

const (
	looped    flag = 1 << iota // failure/tool-loop
	saturated                  // failure/context-saturation
	unpriced                   // the cost is not known, or not all of it

	overridden flag = 1 << 6 // by people; not kept, but found by link
	agreed     flag = 1 << 7 // with, by people; likewise
)

// kept are the flags of a summary.
const kept = looped | saturated | unpriced

func (r run) is(f flag) bool { return r.flags&f != 0 }

// statuses and decisions are in the order in which runs refer to them: new ones
// go to the end.
func statuses() []trace.Status {
	return []trace.Status{trace.Success, trace.Failure, trace.Cancelled, trace.Timeout, trace.Incomplete}
}

func decisions() []trace.Kind {
	return []trace.Kind{trace.Approve, trace.RequestChanges, trace.Comment, trace.Merge, trace.Close,
		trace.Commit, trace.Label, trace.Triage, trace.Escalate, trace.NoOp}
}

// The statuses as runs have them.
const (
	statusNone uint8 = iota
	statusSuccess
	statusFailure
	statusCancelled
	statusTimeout
	statusIncomplete
)

// failed reports whether the run did not do its job. One that somebody called
// off neither did nor did not.
func (r run) failed() bool {
	return r.status == statusFailure || r.status == statusTimeout || r.status == statusIncomplete
}

// judged reports whether the run is one that failed or did not.
func (r run) judged() bool { return r.status == statusSuccess || r.failed() }

// wasted reports whether the run's cost bought nothing, as far as the run tells.
func (r run) wasted() bool { return r.failed() || r.is(looped) }

// id tells runs apart, and is what an override's run_id leads to: 48 bits of a
// hash of the repository and the run_id. Among a million runs it takes one for
// another with a probability of 1 in 300 for a thousand overrides.
type id [6]byte

func idOf(repository, run string) id {
	var out id
	var sum [8]byte
	binary.LittleEndian.PutUint64(sum[:], hash(strings.ToLower(repository), run))
	copy(out[:], sum[:])
	return out
}

// hash is FNV-1a of the texts and what ends them, stirred: it has to be the same
// for ever, since summaries are kept.
func hash(texts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, text := range texts {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// packedRun is the length of a run in a summary, in bytes.
const packedRun = 15

func (r run) append(b []byte) []byte {
	b = append(b, r.id[:]...)
	b = binary.LittleEndian.AppendUint16(b, r.minute)
	b = binary.LittleEndian.AppendUint16(b, uint16(r.cost))
	b = binary.LittleEndian.AppendUint16(b, uint16(r.duration))
	return append(b, r.status, r.decision, uint8(r.flags&kept))
}

func unpackRun(b []byte) run {
	return run{
		id:     id(b[:6]),
		minute: min(binary.LittleEndian.Uint16(b[6:]), 24*60-1),
		cost:   min(stat.Amount(binary.LittleEndian.Uint16(b[8:])), stat.AmountMax), duration: min(stat.Amount(binary.LittleEndian.Uint16(b[10:])), stat.AmountMax),
		status: b[12], decision: b[13], flags: flag(b[14]) & kept,
	}
}
