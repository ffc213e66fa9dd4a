package otlp

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// WritePrometheus writes metrics in Prometheus' text exposition format, for a
// scrape or a textfile collector, under the names that Prometheus itself gives
// them when they come over OTLP.
func WritePrometheus(w io.Writer, list []Metric) error {
	b := bufio.NewWriter(w)
	for _, m := range list {
		name, kind := prometheusName(m), "counter"
		if m.Bounds != nil {
			kind = "histogram"
		}
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, m.Help, name, kind)
		for _, p := range m.Points {
			if m.Bounds == nil {
				fmt.Fprintf(b, "%s%s %s\n", name, labels(p.Attrs, ""), number(p.Value))
				continue
			}
			sum := uint64(0)
			for i, n := range p.Buckets {
				sum += n
				le := "+Inf"
				if i < len(m.Bounds) {
					le = strconv.FormatFloat(m.Bounds[i], 'g', -1, 64)
				}
				fmt.Fprintf(b, "%s_bucket%s %d\n", name, labels(p.Attrs, le), sum)
			}
			fmt.Fprintf(b, "%s_sum%s %s\n%s_count%s %d\n", name, labels(p.Attrs, ""), number(p.Sum), name, labels(p.Attrs, ""), p.Count)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
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
