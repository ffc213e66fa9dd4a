package exporter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/otlp"
)

func TestEndpoints(t *testing.T) {
	for _, tc := range []struct {
		name  string
		asked []string
		env   map[string]string
		want  string // traces, metrics and headers of each
		err   string
	}{
		{name: "none", want: ""},
		{name: "base", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318/otel/"}, want: "http://h:4318/otel/v1/traces http://h:4318/otel/v1/metrics map[]"},
		{name: "of a signal, verbatim", env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h/x"}, want: "http://h/x  map[]"},
		{name: "asked for", asked: []string{"https://a/v1/traces"}, env: map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "k=v"}, want: "https://a/v1/traces https://a/v1/metrics map[K:[v]]"},
		{name: "several do not share a key", asked: []string{"https://a", "https://b HB"}, env: map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "k=v", "HB": "x=y"},
			want: "https://a/v1/traces https://a/v1/metrics map[]\nhttps://b/v1/traces https://b/v1/metrics map[X:[y]]"},
		{name: "the environment's among several", asked: []string{"https://a", "https://b"}, env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://a", "OTEL_EXPORTER_OTLP_HEADERS": "k=v"},
			want: "https://a/v1/traces https://a/v1/metrics map[K:[v]]\nhttps://b/v1/traces https://b/v1/metrics map[]"},
		{name: "the page of a trace", asked: []string{"https://a HA https://a/p/{trace}?q=1"}, env: map[string]string{"HA": "x=y"}, want: "https://a/v1/traces https://a/v1/metrics map[X:[y]] https://a/p/07000000000000000000000000000000?q=1"},
		{name: "the page of a trace alone", asked: []string{"https://a http://b/{trace}"}, want: "https://a/v1/traces https://a/v1/metrics map[] http://b/07000000000000000000000000000000"},
		{name: "a page without a trace", asked: []string{"https://a https://b/"}, err: "the URL of a trace's page is as in https://host/traces/{trace}"},
		{name: "a page with a password", asked: []string{"https://a https://mona:s3cret@b/{trace}"}, err: "the URL of a trace's page is as in https://host/traces/{trace}"},
		{name: "a page that ends a link", asked: []string{"https://a https://b/{trace})[x](y"}, err: "the URL of a trace's page is as in https://host/traces/{trace}"},
		{name: "disabled", asked: []string{"https://a"}, env: map[string]string{"OTEL_SDK_DISABLED": "true"}, want: ""},
		{name: "no URL", asked: []string{"s3cret"}, err: "an endpoint is a URL as in https://host/path"},
		{name: "gRPC is another program's", asked: []string{"https://a"}, env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, want: "https://a/v1/traces https://a/v1/metrics map[]"},
		{name: "a header with a control character", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "a=s3cret%1B"},
			err: "reading OTEL_EXPORTER_OTLP_HEADERS: header 1 is not name=value, with the value percent-encoded"},
		{name: "a header's name that breaks a line", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "a\r\nb=s3cret"},
			err: "reading OTEL_EXPORTER_OTLP_HEADERS: header 1 is not name=value, with the value percent-encoded"},
		{name: "a key in a URL that is none", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://mona:s3cret@h:port"}, err: "OTEL_EXPORTER_OTLP_ENDPOINT is no URL"},
		{name: "gRPC", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, err: `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; http/protobuf and http/json can be sent`},
		{name: "headers with a colon", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization: Bearer s3cret"},
			err: "reading OTEL_EXPORTER_OTLP_HEADERS: header 1 is not name=value, with the value percent-encoded"},
		{name: "headers that break a line", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "a=b%0D%0AX: y"},
			err: "reading OTEL_EXPORTER_OTLP_HEADERS: header 1 is not name=value, with the value percent-encoded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ends, err := Endpoints(tc.asked, Environment{Getenv: func(k string) string { return tc.env[k] }})
			if err != nil && err.Error() != tc.err || err == nil && tc.err != "" {
				t.Fatalf("got %v, want %s", err, tc.err)
			}
			var got []string
			for _, e := range ends {
				got = append(got, strings.TrimSpace(fmt.Sprint(e.Traces, " ", e.Metrics, " ", map[string][]string(e.Headers), " ", e.Link(otlp.TraceID{7}))))
			}
			if s := strings.Join(got, "\n"); s != tc.want {
				t.Errorf("got\n%s\nwant\n%s", s, tc.want)
			}
		})
	}
}
