package exporter

import (
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/andon-ci/andon/internal/otlp"
)

// resourceSpans writes a batch as protobuf.
func resourceSpans(b *otlp.Batch) *tracepb.ResourceSpans {
	scope := &tracepb.ScopeSpans{
		Scope: &commonpb.InstrumentationScope{Name: otlp.Scope, Version: b.Version},
		Spans: make([]*tracepb.Span, len(b.Spans)),
	}
	for i, s := range b.Spans {
		scope.Spans[i] = span(s)
	}
	return &tracepb.ResourceSpans{Resource: &resourcepb.Resource{Attributes: attributes(b.Resource)}, ScopeSpans: []*tracepb.ScopeSpans{scope}}
}

func span(s *otlp.Span) *tracepb.Span {
	p := &tracepb.Span{
		TraceId: s.Trace[:], SpanId: s.ID[:], Flags: s.Flags(), Name: s.Name, Kind: tracepb.Span_SpanKind(s.Kind),
		StartTimeUnixNano: otlp.Nanos(s.Start), EndTimeUnixNano: otlp.Nanos(s.End), Attributes: attributes(s.Attrs),
	}
	if s.Parent != (otlp.SpanID{}) {
		p.ParentSpanId = s.Parent[:]
	}
	for _, l := range s.Links {
		p.Links = append(p.Links, &tracepb.Span_Link{TraceId: l.Trace[:], SpanId: l.Span[:], Attributes: attributes(l.Attrs())})
	}
	if s.Failed {
		p.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.Message}
	}
	return p
}

func attributes(list []otlp.Attr) []*commonpb.KeyValue {
	out := make([]*commonpb.KeyValue, len(list))
	for i, a := range list {
		out[i] = &commonpb.KeyValue{Key: a.Key, Value: value(a.Value)}
	}
	return out
}

func value(v any) *commonpb.AnyValue {
	switch v := v.(type) {
	case string:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}
	case bool:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: v}}
	case int64:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: v}}
	case float64:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: v}}
	case []string:
		array := &commonpb.ArrayValue{Values: make([]*commonpb.AnyValue, len(v))}
		for i, s := range v {
			array.Values[i] = value(s)
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: array}}
	}
	return &commonpb.AnyValue{}
}
