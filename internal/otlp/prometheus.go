package otlp

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WritePrometheus writes metrics in Prometheus' text exposition format, for a
// scrape or a textfile collector, under the names that Prometheus itself gives
// them when they come over OTLP.
func WritePrometheus(w io.Writer, list []Metric) error {
	b := bufio.NewWriter(w)
	for _, m := range list {
		name := prometheusName(m)
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, m.Help, name, m.kind())
		m.samples(b, name, "")
	}
	return flushed(b)
}

// OpenMetrics writes metrics with times, in the format that `promtool tsdb
// create-blocks-from openmetrics` reads. It goes by time: the lines of a metric
// are not together, as they would be in a scrape.
type OpenMetrics struct {
	w      *bufio.Writer
	labels []Attr          // of every line
	told   map[string]bool // names whose kind was told
}

// NewOpenMetrics returns a writer to w that gives every line more labels.
func NewOpenMetrics(w io.Writer, labels []Attr) *OpenMetrics {
	return &OpenMetrics{bufio.NewWriter(w), labels, map[string]bool{}}
}

// Write writes what metrics were at a moment. Moments come in their order.
func (o *OpenMetrics) Write(list []Metric, at time.Time) {
	for _, m := range list {
		name := prometheusName(m)
		if !o.told[name] {
			o.told[name] = true
			fmt.Fprintf(o.w, "# TYPE %s %s\n", strings.TrimSuffix(name, "_total"), m.kind())
		}
		for i := range m.Points {
			m.Points[i].Attrs = append(slices.Clip(m.Points[i].Attrs), o.labels...)
		}
		m.samples(o.w, name, fmt.Sprintf(" %d", at.Unix()))
	}
}

// Close writes the end. Its error is that of any write.
func (o *OpenMetrics) Close() error {
	fmt.Fprintln(o.w, "# EOF")
	return flushed(o.w)
}

func flushed(b *bufio.Writer) error {
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

func (m Metric) kind() string {
	if m.Bounds == nil {
		return "counter"
	}
	return "histogram"
}

// samples writes the lines of a metric, each with the same end.
func (m Metric) samples(b *bufio.Writer, name, end string) {
	for _, p := range m.Points {
		if m.Bounds == nil {
			fmt.Fprintf(b, "%s%s %s%s\n", name, labels(p.Attrs, ""), number(p.Value), end)
			continue
		}
		sum := uint64(0)
		for i, n := range p.Buckets {
			sum += n
			le := "+Inf"
			if i < len(m.Bounds) {
				le = strconv.FormatFloat(m.Bounds[i], 'g', -1, 64)
			}
			fmt.Fprintf(b, "%s_bucket%s %d%s\n", name, labels(p.Attrs, le), sum, end)
		}
		fmt.Fprintf(b, "%s_sum%s %s%s\n%s_count%s %d%s\n", name, labels(p.Attrs, ""), number(p.Sum), end, name, labels(p.Attrs, ""), p.Count, end)
	}
}

var outsideLabel = regexp.MustCompile(`[^a-zA-Z0-9_]+`)

// prometheusName is a metric's name with its unit and, for a counter, _total. A
// unit in braces is a note, and no part of the name.
func prometheusName(m Metric) string {
	name := outsideLabel.ReplaceAllString(m.Name, "_")
	switch {
	case m.Unit == "s":
		name += "_seconds"
	case !strings.HasPrefix(m.Unit, "{"):
		name += "_" + m.Unit
	}
	if m.Bounds == nil {
		name += "_total"
	}
	return name
}

func labels(list []Attr, le string) string {
	var out []string
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	for _, a := range list {
		out = append(out, fmt.Sprintf(`%s="%s"`, outsideLabel.ReplaceAllString(a.Key, "_"), escape.Replace(strings.ToValidUTF8(fmt.Sprint(a.Value), "\uFFFD"))))
	}
	if le != "" {
		out = append(out, `le="`+le+`"`)
	}
	if len(out) == 0 {
		return ""
	}
	return "{" + strings.Join(out, ",") + "}"
}
