package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// call emits a tool call with what its arguments tell. Arguments that are JSON
// within a string, as OpenAI's are, are read too.
func (s *sink) call(line int, at time.Time, t *trace.Tool, args jsonl.Value) {
	t.ArgsSize, t.Args = size(args), digest(args)
	s.add(line, at, t)
	if s.subagent == "" {
		s.await(t.ID, s.decisionInCall(t.Name, args))
	}
}

// result emits the result of a tool call, and the decision that the call has
// carried out.
func (s *sink) result(line int, at time.Time, t *trace.Tool, output jsonl.Value) {
	t.Done = true
	t.ResultSize, t.Result = size(output), digest(output)
	s.add(line, at, t)
	s.settle(line, at, t.ID, t.Failed)
}

// decisionInCall returns the decision that a tool call carries out if it
// succeeds: a shell command's, or a GitHub MCP tool's.
func (s *sink) decisionInCall(name string, args jsonl.Value) *trace.Decision {
	raw := args.Raw()
	if args.Kind() == jsonl.String {
		if !bytes.Contains(raw, []byte("gh")) && !bytes.Contains(raw, []byte("git")) && !bytes.Contains(raw, []byte("body")) {
			return nil // most calls, at little cost
		}
		v, _, err := s.nested.Parse([]byte(args.String()))
		if err != nil {
			return decisionInCommand(args.String())
		}
		args = v
	}
	if cmd := command(args); cmd != "" {
		return decisionInCommand(cmd)
	}
	return decisionInTool(name, args)
}

// command returns the command of a shell tool's arguments, under the name that
// each agent has for it.
func command(args jsonl.Value) string {
	for _, key := range []string{"command", "cmd", "CommandLine"} {
		v := args.Get(key)
		if s := v.String(); s != "" {
			return s
		}
		var words []byte
		for w := range v.Elements() {
			words = append(append(words, ' '), w.String()...)
		}
		if len(words) > 0 {
			return string(words[1:])
		}
	}
	return ""
}

// digest tells two values apart by their length and both of their ends: enough
// to see that an agent got the same answer again, at no cost for large ones.
func digest(v jsonl.Value) uint64 {
	raw := v.Raw()
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
