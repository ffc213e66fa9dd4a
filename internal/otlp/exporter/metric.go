package exporter

import (
	"cmp"
	"context"
	"fmt"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/andon-ci/andon/internal/otlp"
)

// Metrics are metrics as one request carries them.
type Metrics struct {
	Resource []otlp.Attr
	Version  string
	List     []otlp.Metric
	From, To time.Time // what the points are about; To is also when they are said
	Delta    bool      // of this alone, and not of all since From
}

// Metrics sends metrics, in requests of at most otlp.MaxBytes
// each. A metric that is over it by itself has a request of its own.
func (x *Exporter) Metrics(ctx context.Context, m *Metrics) error {
	if x.failed != nil || x.end.Metrics == "" || len(m.List) == 0 {
		return x.failed
	}
	encode := proto.Marshal
	if x.end.JSON {
		encode = protojson.MarshalOptions{UseEnumNumbers: true}.Marshal
	}
	raw, err := encode(m.data())
	if err != nil {
		return fmt.Errorf("%s: metrics: encoding a request: %w", x.Host(), err)
	}
	if half := len(m.List) / 2; len(raw) > otlp.MaxBytes && half > 0 {
		first, second := *m, *m
		first.List, second.List = m.List[:half], m.List[half:]
		return cmp.Or(x.Metrics(ctx, &first), x.Metrics(ctx, &second))
	}
	return x.post(ctx, "metrics", x.end.Metrics, raw)
}

func (m *Metrics) data() *metricspb.MetricsData {
	scope := &metricspb.ScopeMetrics{Scope: &commonpb.InstrumentationScope{Name: otlp.Scope, Version: m.Version}}
	for _, x := range m.List {
		p := &metricspb.Metric{Name: x.Name, Unit: x.Unit, Description: x.Help}
		if x.Bounds == nil {
			p.Data = &metricspb.Metric_Sum{Sum: m.sum(x)}
		} else {
			p.Data = &metricspb.Metric_Histogram{Histogram: m.histogram(x)}
		}
		scope.Metrics = append(scope.Metrics, p)
	}
	return &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: &resourcepb.Resource{Attributes: attributes(m.Resource)}, ScopeMetrics: []*metricspb.ScopeMetrics{scope},
	}}}
}

func (m *Metrics) temporality() metricspb.AggregationTemporality {
	if m.Delta {
		return metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
	}
	return metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
}

func (m *Metrics) sum(x otlp.Metric) *metricspb.Sum {
	s := &metricspb.Sum{AggregationTemporality: m.temporality(), IsMonotonic: true}
	for _, p := range x.Points {
		s.DataPoints = append(s.DataPoints, &metricspb.NumberDataPoint{
			Attributes: attributes(p.Attrs), StartTimeUnixNano: otlp.Nanos(m.From), TimeUnixNano: otlp.Nanos(m.To),
			Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: p.Value},
		})
	}
	return s
}

func (m *Metrics) histogram(x otlp.Metric) *metricspb.Histogram {
	h := &metricspb.Histogram{AggregationTemporality: m.temporality()}
	for _, p := range x.Points {
		h.DataPoints = append(h.DataPoints, &metricspb.HistogramDataPoint{
			Attributes: attributes(p.Attrs), StartTimeUnixNano: otlp.Nanos(m.From), TimeUnixNano: otlp.Nanos(m.To),
			Count: p.Count, Sum: &p.Sum, ExplicitBounds: x.Bounds, BucketCounts: p.Buckets,
		})
	}
	return h
}
