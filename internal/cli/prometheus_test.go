package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// howPrometheus says how to run the tests that take a real Prometheus.
const howPrometheus = "; it takes Prometheus: scripts/prometheus.sh DIR go test -count=1 -run Prometheus ./internal/cli"

// prometheuses returns the folders of ANDON_PROMETHEUS, each with the programs of
// a version: prometheus, and promtool if not that of the first.
func prometheuses(t *testing.T) []string {
	t.Helper()
	dirs := filepath.SplitList(os.Getenv("ANDON_PROMETHEUS"))
	if len(dirs) == 0 {
		t.Skip("ANDON_PROMETHEUS is not set" + howPrometheus)
	}
	return dirs
}

// promtool runs the tool.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(prometheuses(t)[0], "promtool"), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// prometheus is a running one.
type prometheus struct {
	url  string
	otlp bool // it takes OTLP
}

// startPrometheus starts the program of a folder on the loopback, on data and
// with a configuration, and ends it with the test.
func startPrometheus(t *testing.T, dir, data, config string) *prometheus {
	t.Helper()
	program := filepath.Join(dir, "prometheus")
	help, _ := exec.Command(program, "--help").CombinedOutput()
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &prometheus{otlp: strings.Contains(string(help), "web.enable-otlp-receiver")}
	address := freeAddress(t)
	p.url = "http://" + address
	args := []string{"--config.file=" + file, "--storage.tsdb.path=" + data, "--storage.tsdb.retention.time=100y", "--web.listen-address=" + address, "--log.level=warn"}
	if p.otlp {
		args = append(args, "--web.enable-otlp-receiver")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, args...)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Logf("%s said\n%s", program, log.String())
		}
	})
	p.until(t, "it is ready", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", program, err, log.String())
		default:
		}
		r, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// until asks again and again, for at most a minute.
func (p *prometheus) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}

// answer is one series of an answer.
type answer struct {
	labels map[string]string
	values map[int64]float64 // by Unix time
}

// last returns the value of an answer that has one moment.
func (a answer) last() float64 {
	for _, v := range a.values {
		return v
	}
	return math.NaN()
}

// query asks at one moment.
func (p *prometheus) query(t *testing.T, expr string, at time.Time) []answer {
	t.Helper()
	return p.ask(t, "query", url.Values{"query": {expr}, "time": {strconv.FormatInt(at.Unix(), 10)}})
}

// course asks at moments a step apart.
func (p *prometheus) course(t *testing.T, expr string, from, to time.Time, step time.Duration) []answer {
	t.Helper()
	return p.ask(t, "query_range", url.Values{
		"query": {expr}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)}, "step": {fmt.Sprint(step.Seconds())},
	})
}

func (p *prometheus) ask(t *testing.T, what string, form url.Values) []answer {
	t.Helper()
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  *[2]any
			Values [][2]any
		}
	}
	p.get(t, what, form, &data)
	var out []answer
	for _, r := range data.Result {
		a := answer{labels: r.Metric, values: map[int64]float64{}}
		if r.Value != nil {
			r.Values = append(r.Values, *r.Value)
		}
		for _, pair := range r.Values {
			at, _ := pair[0].(float64)
			text, _ := pair[1].(string)
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatalf("%v: %v", form, err)
			}
			if !math.IsNaN(v) {
				a.values[int64(at)] = v
			}
		}
		if len(a.values) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// get asks the interface, and reads the data of what it answers.
func (p *prometheus) get(t *testing.T, what string, form url.Values, data any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/"+what+"?"+form.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s %v: %s %v\n%s", what, form, r.Status, err, raw)
	}
	if err := json.Unmarshal(raw, &struct{ Data any }{data}); err != nil {
		t.Fatalf("%s %v: %v\n%s", what, form, err, raw)
	}
}
