package exporter

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

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

// Metrics sends metrics in one request.
func (x *Exporter) Metrics(ctx context.Context, m *Metrics) error {
	if x.failed != nil || x.end.Metrics == "" || len(m.List) == 0 {
		return x.failed
	}
	compression := otlpmetrichttp.GzipCompression
	if x.end.Plain {
		compression = otlpmetrichttp.NoCompression
	}
	client, err := otlpmetrichttp.New(ctx,
		otlpmetrichttp.WithEndpointURL(x.end.Metrics), otlpmetrichttp.WithHeaders(nil), otlpmetrichttp.WithCompression(compression),
		otlpmetrichttp.WithTimeout(x.retry.patience), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}), otlpmetrichttp.WithHTTPClient(x.retry.client()),
	)
	if err != nil {
		return x.did(ctx, "metrics", x.end.Metrics, func(context.Context) error { return err })
	}
	return x.did(ctx, "metrics", x.end.Metrics, func(ctx context.Context) error { return client.Export(ctx, m.data()) })
}

func (m *Metrics) data() *metricdata.ResourceMetrics {
	scope := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: otlp.Scope, Version: m.Version}}
	for _, x := range m.List {
		scope.Metrics = append(scope.Metrics, metricdata.Metrics{Name: x.Name, Unit: x.Unit, Description: x.Help, Data: m.points(x)})
	}
	set := set(m.Resource)
	return &metricdata.ResourceMetrics{Resource: resource.NewSchemaless(set.ToSlice()...), ScopeMetrics: []metricdata.ScopeMetrics{scope}}
}

func (m *Metrics) points(x otlp.Metric) metricdata.Aggregation {
	temporality := metricdata.CumulativeTemporality
	if m.Delta {
		temporality = metricdata.DeltaTemporality
	}
	if x.Bounds == nil {
		sum := metricdata.Sum[float64]{Temporality: temporality, IsMonotonic: true}
		for _, p := range x.Points {
			sum.DataPoints = append(sum.DataPoints, metricdata.DataPoint[float64]{Attributes: set(p.Attrs), StartTime: m.From, Time: m.To, Value: p.Value})
		}
		return sum
	}
	h := metricdata.Histogram[float64]{Temporality: temporality}
	for _, p := range x.Points {
		h.DataPoints = append(h.DataPoints, metricdata.HistogramDataPoint[float64]{
			Attributes: set(p.Attrs), StartTime: m.From, Time: m.To, Count: p.Count, Sum: p.Sum, Bounds: x.Bounds, BucketCounts: p.Buckets,
		})
	}
	return h
}

func set(list []otlp.Attr) attribute.Set {
	out := make([]attribute.KeyValue, 0, len(list))
	for _, a := range list {
		switch v := a.Value.(type) {
		case string:
			out = append(out, attribute.String(a.Key, v))
		case bool:
			out = append(out, attribute.Bool(a.Key, v))
		case int64:
			out = append(out, attribute.Int64(a.Key, v))
		case float64:
			out = append(out, attribute.Float64(a.Key, v))
		case []string:
			out = append(out, attribute.StringSlice(a.Key, v))
		}
	}
	return attribute.NewSet(out...)
}
