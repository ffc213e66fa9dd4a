package otlp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Scheme is whose derivation of the ids of a pipeline's trace is followed, so
// that our spans are in the same trace as theirs.
type Scheme string

// The schemes. The first is the githubreceiver of OpenTelemetry's collector,
// the second Grafana's fork of it.
const (
	GitHubReceiver Scheme = "githubreceiver"
	Grafana        Scheme = "grafana"
)

// trace returns the id of the trace of an attempt of a workflow run:
// sha256(run id + attempt + "t"), with the repository before it at Grafana's
// (receiver/githubreceiver/trace_event_handling.go, newTraceID).
func (s Scheme) trace(p *Pipeline) TraceID {
	sum := s.hash(p, p.RunID+p.attempt()+"t")
	var id TraceID
	hex.Decode(id[:], []byte(sum[:32]))
	return id.orOne()
}

// pipeline returns the span of an attempt of a workflow run, the root of its
// trace (newParentSpanID).
func (s Scheme) pipeline(p *Pipeline) Link {
	sum := s.hash(p, p.RunID+p.attempt()+"s")
	var id SpanID
	hex.Decode(id[:], []byte(sum[16:32]))
	return Link{Trace: s.trace(p), Span: id}
}

// jobSpan returns the id that the scheme gives the span of a job, zero where
// what it is made of is not known (newSpanIDFromCheckRun).
func (s Scheme) jobSpan(p *Pipeline) SpanID {
	var sum string
	switch {
	case s == Grafana && p.Job != "":
		sum = s.hash(p, p.RunID+p.attempt()+p.Job)
	case s != Grafana && p.CheckRun != "":
		sum = s.hash(p, p.CheckRun+"-j")
	default:
		return SpanID{}
	}
	var id SpanID
	hex.Decode(id[:], []byte(sum[16:32]))
	return id
}

// stepSpan returns the id of the span of a step of a job. Steps of one name have
// one id.
func (s Scheme) stepSpan(p *Pipeline, step string) SpanID {
	sum := s.hash(p, p.CheckRun+"-"+step+"-s")
	if s == Grafana {
		sum = s.hash(p, p.RunID+p.attempt()+p.Job+step)
	}
	var id SpanID
	hex.Decode(id[:], []byte(sum[16:32]))
	return id
}

func (s Scheme) hash(p *Pipeline, input string) string {
	if s == Grafana {
		input = p.Repository + input
	}
	sum := sha256.Sum256([]byte(input))
	return hex.EncodeToString(sum[:])
}

// orOne returns the id, or another than the one of zeros, which is none.
func (id TraceID) orOne() TraceID {
	if id == (TraceID{}) {
		id[15] = 1
	}
	return id
}

// name is what an id is made of: the parts, each with its length, so that no
// two lists of parts look alike. It begins with the version of our derivation.
func name(parts ...string) [32]byte {
	var b strings.Builder
	b.WriteString("andon1")
	for _, p := range parts {
		fmt.Fprintf(&b, "|%d:%s", len(p), p)
	}
	return sha256.Sum256([]byte(b.String()))
}

func traceIDOf(parts ...string) TraceID {
	sum := name(parts...)
	return TraceID(sum[:16]).orOne()
}

// spanIDOf returns the id of one of our spans. Backends hold ids to be unique
// over all that they have, so that the parts begin with the repository.
func spanIDOf(parts ...string) SpanID {
	sum := name(parts...)
	id := SpanID(sum[16:24])
	if id == (SpanID{}) {
		id[7] = 1
	}
	return id
}
