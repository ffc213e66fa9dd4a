package exporter

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/otlp"
)

// Endpoint is where to send to, and how.
type Endpoint struct {
	Traces  string // URL; empty sends none
	Metrics string // URL; empty sends none
	Page    string // URL of the page of a trace, with {trace} in it; empty for none
	Headers http.Header
	JSON    bool          // OTLP as JSON in place of protobuf
	Plain   bool          // not compressed
	Timeout time.Duration // of one attempt; 0 is 10 seconds
	TLS     *tls.Config   // nil is the system's
}

// Host names the endpoint to people: neither the path nor what is before an @,
// which may hold a key.
func (e *Endpoint) Host() string {
	for _, raw := range []string{e.Traces, e.Metrics} {
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			return u.Host
		}
	}
	return "(none)"
}

// Link returns the page of a trace, empty where none is known.
func (e *Endpoint) Link(trace otlp.TraceID) string {
	return strings.ReplaceAll(e.Page, placeholder, trace.String())
}

// placeholder stands for the trace in the URL of its page.
const placeholder = "{trace}"

// Endpoints returns the endpoints that were asked for, each "URL", followed by
// the variable that holds its headers and by the URL of the page of a trace, where
// it has these, or else the one that OpenTelemetry's environment variables name. The variables for headers are
// those of the endpoint in the environment, or of the only one that was asked
// for: a key for one backend is not sent to another.
func Endpoints(asked []string, env Environment) ([]Endpoint, error) {
	own, err := env.endpoint(len(asked) > 0)
	if err != nil || strings.EqualFold(env.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, err
	}
	if len(asked) == 0 {
		if own.Traces == "" && own.Metrics == "" {
			return nil, nil
		}
		own.unkey()
		return []Endpoint{own}, nil
	}
	var out []Endpoint
	for _, a := range asked {
		e := own
		base, variable, page, err := parts(a)
		if err != nil {
			return nil, err
		}
		if e.Traces, e.Metrics, err = signals(base); err != nil {
			return nil, err
		}
		e.Page = page
		switch {
		case variable != "":
			if e.Headers, err = headers(env.Getenv(variable)); err != nil {
				return nil, fmt.Errorf("reading %s: %w", variable, err)
			}
		case len(asked) > 1 && e.Traces != own.Traces:
			e.Headers = nil
		}
		e.unkey()
		out = append(out, e)
	}
	return out, nil
}

// unkey moves a password from the URLs to the headers, where it is known for
// what it is.
func (e *Endpoint) unkey() {
	for _, raw := range []*string{&e.Traces, &e.Metrics} {
		u, err := url.Parse(*raw)
		if err != nil || u.User == nil {
			continue
		}
		e.Headers = e.Headers.Clone() // others may have the same
		if e.Headers == nil {
			e.Headers = http.Header{}
		}
		if password, _ := u.User.Password(); e.Headers.Get("Authorization") == "" {
			e.Headers.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
		}
		u.User = nil
		*raw = u.String()
	}
}

// parts takes an endpoint apart.
func parts(s string) (base, variable, page string, err error) {
	words := strings.Fields(s)
	if n := len(words); n > 1 && strings.Contains(words[n-1], "://") {
		page, words = words[n-1], words[:n-1]
	}
	if len(words) == 0 || len(words) > 2 {
		return "", "", "", errors.New("an endpoint is a URL, and after a space each the name of a variable with its headers and the URL of a trace's page")
	}
	if page != "" && !isPage(page) {
		return "", "", "", errors.New("the URL of a trace's page is as in https://host/traces/{trace}")
	}
	if len(words) == 2 {
		variable = words[1]
	}
	return words[0], variable, page, nil
}

// isPage reports whether a URL leads to the page of a trace, and can be shown:
// there is no password in it, and nothing that ends a link.
func isPage(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil &&
		strings.Contains(s, placeholder) && !strings.ContainsAny(s, "<>()[]`\"'\\|")
}

// signals returns the URLs of the two signals at a base URL. One that names a
// signal already is of the base that is before it.
func signals(base string) (traces, metrics string, err error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", "", errors.New("an endpoint is a URL as in https://host/path") // not what was given: it may hold a key
	}
	at := strings.TrimSuffix(u.Path, "/")
	at = strings.TrimSuffix(strings.TrimSuffix(at, "/v1/traces"), "/v1/metrics")
	u.RawPath = ""
	u.Path = at + "/v1/traces"
	traces = u.String()
	u.Path = at + "/v1/metrics"
	return traces, u.String(), nil
}

// Environment is OpenTelemetry's environment variables, see
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
type Environment struct {
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error) // of certificates
}

// get returns a variable for traces, else the one for all signals.
func (v Environment) get(name, otherwise string) string {
	for _, n := range []string{"OTEL_EXPORTER_OTLP_TRACES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
		if s := v.Getenv(n); s != "" {
			return s
		}
	}
	return otherwise
}

// endpoint returns what the variables say. Where an endpoint was asked for they
// may be those of another program, and gRPC is for that one.
func (v Environment) endpoint(asked bool) (Endpoint, error) {
	e := Endpoint{Traces: v.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), Metrics: v.Getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")}
	if base := v.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); base != "" {
		u, err := url.Parse(base)
		if err != nil {
			return e, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is no URL")
		}
		path := strings.TrimSuffix(u.Path, "/")
		for _, s := range []struct {
			dst  *string
			name string
		}{{&e.Traces, "/v1/traces"}, {&e.Metrics, "/v1/metrics"}} {
			if *s.dst == "" {
				u.Path = path + s.name
				*s.dst = u.String()
			}
		}
	}
	for _, raw := range []string{e.Traces, e.Metrics} {
		if u, err := url.Parse(raw); raw != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return e, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is a URL as in https://host/path")
		}
	}
	return e, v.complete(&e, asked)
}

// complete fills in how to send.
func (v Environment) complete(e *Endpoint, asked bool) (err error) {
	switch protocol := v.get("PROTOCOL", "http/protobuf"); {
	case protocol == "http/protobuf", protocol == "grpc" && asked:
	case protocol == "http/json":
		e.JSON = true
	default:
		return fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; http/protobuf and http/json can be sent", protocol)
	}
	e.Plain = v.get("COMPRESSION", "gzip") == "none"
	if ms, err := strconv.Atoi(v.get("TIMEOUT", "10000")); err == nil && ms > 0 {
		e.Timeout = time.Duration(ms) * time.Millisecond
	}
	if e.Headers, err = headers(v.get("HEADERS", "")); err != nil {
		return fmt.Errorf("reading OTEL_EXPORTER_OTLP_HEADERS: %w", err)
	}
	e.TLS, err = v.tls()
	return err
}

// tls returns what the variables for certificates say, nil where they say
// nothing.
func (v Environment) tls() (*tls.Config, error) {
	roots, cert, key := v.get("CERTIFICATE", ""), v.get("CLIENT_CERTIFICATE", ""), v.get("CLIENT_KEY", "")
	if roots == "" && cert == "" {
		return nil, nil
	}
	c := &tls.Config{}
	if roots != "" {
		pem, err := v.ReadFile(roots)
		if err != nil {
			return nil, fmt.Errorf("reading OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("OTEL_EXPORTER_OTLP_CERTIFICATE holds no certificate in PEM")
		}
	}
	if cert == "" {
		return c, nil
	}
	certPEM, err := v.ReadFile(cert)
	keyPEM, keyErr := v.ReadFile(key)
	if err := errors.Join(err, keyErr); err != nil {
		return nil, fmt.Errorf("reading the client's certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, errors.New("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _CLIENT_KEY are no pair in PEM")
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// headers reads "name=value,name=value" with percent-encoded values. What is
// wrong is never quoted.
func headers(s string) (http.Header, error) {
	h := http.Header{}
	for i, pair := range strings.Split(s, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || !isToken(name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, fmt.Errorf("header %d is not name=value, with the value percent-encoded", i+1)
		}
		h.Add(name, value)
	}
	return h, nil
}

func isToken(s string) bool {
	return s != "" && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return c <= ' ' || c >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0
	})
}
