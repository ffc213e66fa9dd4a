package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// call emits a tool call with what its arguments tell: what it runs, what it
// changes, and what it decides if it succeeds.
func (s *sink) call(line int, at time.Time, t *trace.Tool, args jsonl.Value) {
	decision := s.describe(t, args)
	s.add(line, at, t)
	if s.subagent == "" {
		s.await(t.ID, decision)
	}
}

// describe fills in what the arguments of a tool call tell, and returns the
// decision that the call carries out if it succeeds.
func (s *sink) describe(t *trace.Tool, args jsonl.Value) *trace.Decision {
	t.ArgsSize, t.Args = size(args), digest(args)
	args = s.unpacked(args)
	cmd := command(args)
	if args.Kind() == jsonl.String {
		cmd = args.String() // a command or a patch by itself
	}
	if patch := patchIn(cmd, args); patch != "" {
		t.Changes = patchChanges(patch)
		return nil
	}
	if cmd != "" {
		in := scriptIn(cmd, 0)
		t.Programs, t.Judged, t.Changes = programs(in.commands), programs(in.judged), changesByCommands(in.commands)
		t.Unread = in.unread
		s.intend(t, in.commands)
		return decisionInCommands(in.commands)
	}
	t.Changes = changesByTool(t.Name, args)
	s.intend(t, nil)
	return decisionInTool(t.Name, args)
}

// unpacked returns the object within a string: OpenAI's protocol has arguments
// as JSON in a string.
func (s *sink) unpacked(args jsonl.Value) jsonl.Value {
	if args.Kind() != jsonl.String || !bytes.HasPrefix(args.Raw(), []byte(`"{`)) {
		return args
	}
	if v, _, err := s.nested.Parse([]byte(args.String())); err == nil {
		return v
	}
	return args
}

// result emits the result of a tool call, and the decision that the call has
// carried out.
func (s *sink) result(line int, at time.Time, t *trace.Tool, output jsonl.Value) {
	s.outcome(t, output)
	s.add(line, at, t)
	s.settle(line, at, t.ID, t.Failed)
}

// outcome fills in what the output of a tool call tells. Whether the call failed
// is known by then.
func (s *sink) outcome(t *trace.Tool, output jsonl.Value) {
	t.Done = true
	t.ResultSize = size(output)
	if t.Result == 0 {
		t.Result = answer(output.Raw())
	}
	s.identify(t, output)
}

// command returns the command of a shell tool's arguments, under the name that
// each agent has for it.
func command(args jsonl.Value) string {
	for _, key := range []string{"command", "cmd", "CommandLine"} {
		v := args.Get(key)
		if s := v.String(); s != "" && !args.Get("path").Exists() { // an editor's "command" is what it does to a path
			return s
		}
		var words []string
		for w := range v.Elements() {
			words = append(words, w.String())
		}
		if s := joined(words); s != "" {
			return s
		}
	}
	return ""
}

// joined returns the command line of an argument vector. What a shell is asked
// to run is the command.
func joined(words []string) string {
	if len(words) == 3 && shellFlag.MatchString(words[1]) {
		return words[2]
	}
	var b []byte
	for i, w := range words {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, w...)
	}
	return string(b)
}

// answer tells two results apart, but not by their numbers: a test that fails
// again fails in another time, at another address.
func answer(raw []byte) uint64 {
	const end = 512
	if len(raw) == 0 {
		return 0
	}
	var buf [2 * end]byte
	b := withoutNumbers(buf[:0], raw[:min(len(raw), end)])
	b = withoutNumbers(b, raw[max(len(raw)-end, min(len(raw), end)):])
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:]) | 1 // 0 is unknown
}

// withoutNumbers appends text in which each run of digits is one zero.
func withoutNumbers(dst, text []byte) []byte {
	for _, c := range text {
		if '0' <= c && c <= '9' {
			if n := len(dst); n > 0 && dst[n-1] == '0' {
				continue
			}
			c = '0'
		}
		dst = append(dst, c)
	}
	return dst
}

// digest tells two values apart by their length and both of their ends: enough
// to see that an agent got the same answer again, at no cost for large ones.
func digest(v jsonl.Value) uint64 { return digestOf(v.Raw()) }

func digestOf(raw []byte) uint64 {
	if len(raw) == 0 {
		return 0
	}
	const end = 2 << 10
	var buf [8 + 2*end]byte
	b := binary.BigEndian.AppendUint64(buf[:0], uint64(len(raw)))
	b = append(b, raw[:min(len(raw), end)]...)
	b = append(b, raw[max(len(raw)-end, min(len(raw), end)):]...)
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:]) | 1 // 0 is unknown
}
