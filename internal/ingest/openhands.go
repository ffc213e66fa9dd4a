package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of OpenHands: the events of its first event stream, those of the
// Agent SDK, the state that the SDK keeps beside them, and the results of a
// benchmark, of which each line is a run. They share the ids of responses and
// of tool calls.
const (
	openHandsSpace  = "openhands"
	openHandsEvents = "openhands/events"
	openHandsSDK    = "openhands/sdk-events"
	openHandsState  = "openhands/state"
	openHandsOutput = "openhands/output"
)

func openHandsFormats() []format {
	return []format{
		{openHandsSDK, openHandsSpace, isOpenHandsSDK, newOpenHands},
		{openHandsEvents, openHandsSpace, isOpenHandsEvents, newOpenHands},
		{openHandsState, openHandsSpace, isOpenHandsState, newOpenHands},
		{openHandsOutput, openHandsSpace, isOpenHandsOutput, newOpenHands},
	}
}

// isOpenHandsSource reports whether an event is from one of OpenHands' sources.
func isOpenHandsSource(v jsonl.Value) bool {
	return v.Is("agent") || v.Is("user") || v.Is("environment") || v.Is("hook")
}

func isOpenHandsSDK(v jsonl.Value, _ jsonl.Chunk) bool {
	kind := v.Get("kind")
	known := kind.StringLen() < 80 && strings.HasSuffix(kind.String(), "Event") || kind.Is("UserRejectObservation") || kind.Is("Condensation")
	return known && v.Get("id").Kind() == jsonl.String && v.Get("timestamp").Kind() == jsonl.String && isOpenHandsSource(v.Get("source"))
}

// isOpenHandsEvents recognises an event by its action or observation: other
// logs have a source and an action too.
func isOpenHandsEvents(v jsonl.Value, _ jsonl.Chunk) bool {
	if !isOpenHandsSource(v.Get("source")) {
		return false
	}
	if action := v.Get("action").String(); byModel(action) || byOpenHands(action) {
		return v.Get("args").Kind() == jsonl.Object || v.Get("message").Kind() == jsonl.String && v.Get("id").Kind() == jsonl.Number
	}
	if o := v.Get("observation").String(); byModel(o) || byOpenHands(o) {
		return v.Get("extras").Kind() == jsonl.Object || v.Get("content").Kind() == jsonl.String
	}
	return false
}

func isOpenHandsState(v jsonl.Value, _ jsonl.Chunk) bool {
	return firstOf(v.Get("stats"), "usage_to_metrics", "service_to_metrics").Kind() == jsonl.Object && v.Get("agent").Kind() == jsonl.Object
}

func isOpenHandsOutput(v jsonl.Value, c jsonl.Chunk) bool {
	history := v.Get("history")
	if history.Kind() != jsonl.Array || v.Get("metadata").Kind() != jsonl.Object {
		return false
	}
	first := firstEvent(history)
	return !first.Exists() && v.Get("instance_id").Kind() == jsonl.String && v.Get("test_result").Exists() ||
		isOpenHandsSDK(first, c) || isOpenHandsEvents(first, c)
}

// firstEvent returns the first event of a history, which in the oldest files is
// a list of pairs of an action and an observation.
func firstEvent(history jsonl.Value) jsonl.Value {
	for e := range history.Elements() {
		if e.Kind() != jsonl.Array {
			return e
		}
		for action := range e.Elements() {
			return action
		}
	}
	return jsonl.Value{}
}

// openHands reads all of them.
type openHands struct {
	s     *sink
	apart bool // the conversation is spread over files
	named bool // and has its name from their folder
	openHandsRun
}

// openHandsRun is what is known of the run that is being read.
type openHandsRun struct {
	started bool
	last    time.Time
	line    int
	message string           // the agent's last, unless it went on after it
	asked   map[int64]string // tool calls by the event that asked for them
	events  int64            // of those without an id
	metrics map[string]*trace.Totals
	counted int // the line of the latest of them
	end     *trace.End
}

func newOpenHands(s *sink) reader {
	r := &openHands{s: s}
	r.reset()
	id, fallback := conversationOf(s.o.Name)
	r.apart, r.named = id+fallback != "", id != ""
	s.run, s.fallback = id, firstNonEmpty(fallback, s.fallback)
	return r
}

func (r *openHands) reset() {
	r.openHandsRun = openHandsRun{line: r.line, asked: map[int64]string{}, metrics: map[string]*trace.Totals{}}
}

// openHandsFile matches the files that one conversation is spread over: an
// event each, pages of them, and the state.
var openHandsFile = regexp.MustCompile(`^(?:(.*?)([^/]*)/)?(?:events/(?:event-\d{5,}-[0-9a-fA-F-]{8,}|\d+)\.json|event_cache/\d+-\d+\.json|base_state\.json)$`)

// conversationOf returns the id of the conversation whose folder a file is in,
// or a made up one where the folder is not named by an id. This is the one place
// where a name counts: an event in a file of its own does not say whose it is.
func conversationOf(file string) (id, fallback string) {
	m := openHandsFile.FindStringSubmatch(strings.ReplaceAll(file, `\`, "/"))
	if m == nil {
		return "", ""
	}
	if id := uuidOf(m[2]); id != "" {
		return id, ""
	}
	sum := sha256.Sum256([]byte(m[1] + m[2]))
	return "", hex.EncodeToString(sum[:8])
}

// uuidOf returns a UUID as the SDK writes it into its state: folders have it
// without dashes.
func uuidOf(s string) string {
	s = strings.ToLower(strings.ReplaceAll(s, "-", ""))
	if len(s) != 32 || strings.Trim(s, "0123456789abcdef") != "" {
		return ""
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (r *openHands) value(v jsonl.Value, line int) {
	if v.Get("history").Kind() == jsonl.Array {
		r.finish() // the run of the line before
		r.line = line
		r.reset()
		r.output(v)
		return
	}
	r.line = line
	switch {
	case v.Get("stats").Kind() == jsonl.Object && v.Get("agent").Exists():
		r.state(v)
	default:
		r.event(v)
	}
}

func (r *openHands) event(v jsonl.Value) {
	r.line = r.s.here(v)
	t := openHandsTime(v.Get("timestamp"))
	if !t.IsZero() {
		r.last = t
	}
	if kind := v.Get("kind").String(); kind != "" {
		r.sdk(kind, v, t)
		return
	}
	r.begin(t)
	switch {
	case v.Get("action").StringLen() > 0:
		r.action(v, t)
	case v.Get("observation").StringLen() > 0:
		r.observation(v, t)
	default:
		r.s.drift("")
	}
}

func (r *openHands) begin(t time.Time) {
	if !r.started {
		r.started = true
		r.s.add(r.line, t, &trace.Start{Runtime: trace.Runtime{Name: "openhands"}})
	}
}

// openHandsTime reads a time that has no zone: it is that of the container,
// which is UTC unless somebody changed it.
func openHandsTime(v jsonl.Value) time.Time {
	if t := v.Time(); !t.IsZero() || v.StringLen() == 0 || v.StringLen() > 40 {
		return t
	}
	t, err := time.Parse("2006-01-02T15:04:05", v.String())
	if err != nil {
		return time.Time{}
	}
	return t
}

// output reads one line of a benchmark's results. An instance may be tried
// several times: its runs are told apart by how they begin.
func (r *openHands) output(v jsonl.Value) {
	sum := sha256.Sum256(firstEvent(v.Get("history")).Raw())
	instance := firstNonEmpty(v.Get("instance_id").String(), scalar(v.Get("question_id")), "run")
	r.s.run = fmt.Sprintf("%s@%x", clip(instance, 200), sum[:4])
	for e := range v.Get("history").Elements() {
		if e.Kind() == jsonl.Array { // pairs of an action and an observation, in the oldest
			for half := range e.Elements() {
				r.event(half)
			}
			continue
		}
		r.event(e)
	}
	r.begin(r.last)
	meta := v.Get("metadata")
	r.s.add(r.s.here(meta), r.last, &trace.Start{
		Agent: trace.Agent{Name: meta.Get("agent_class").String()},
		Model: modelName(firstNonEmpty(meta.Get("llm_config", "model").String(), meta.Get("llm", "model").String(), meta.Get("model_name").String())),
	})
	r.measure("", v.Get("metrics"))
	if msg := v.Get("error").String(); msg != "" && r.end == nil { // else it is the benchmark's own
		r.end = openHandsFailure("", msg)
	}
}

// modelName returns a model's name without the route to it, such as
// litellm_proxy/anthropic/.
func modelName(s string) string {
	return s[strings.LastIndexByte(s, '/')+1:]
}

// measure reads what OpenHands measures of one of its models so far: totals,
// and each response where it lists them.
func (r *openHands) measure(name string, m jsonl.Value) {
	if m.Kind() != jsonl.Object {
		return
	}
	total := m.Get("accumulated_token_usage")
	model := modelName(firstNonEmpty(m.Get("model_name").String(), total.Get("model").String()))
	t := &trace.Totals{Usage: openHandsUsage(total)}
	if model != "" && model != "default" {
		t.ByModel = map[string]trace.Usage{model: t.Usage}
	}
	if usd := money(m.Get("accumulated_cost")); usd != nil && *usd > 0 {
		t.CostUSD = usd // 0 where its library knows no price
	}
	for u := range m.Get("token_usages").Elements() {
		if id := u.Get("response_id").String(); id != "" {
			r.s.add(r.s.here(u), time.Time{}, &trace.Call{ID: id, Model: modelName(u.Get("model").String()), Usage: openHandsUsage(u)})
		}
	}
	old := r.metrics[name]
	if old == nil && len(r.metrics) >= maxOpen || old != nil && old.Usage.Total().N() > t.Usage.Total().N() {
		return
	}
	r.metrics[name], r.counted = t, r.s.here(m)
}

// openHandsUsage reads tokens as LiteLLM counts them: the input includes what
// was cached. Agents that OpenHands only drives count it apart, which shows
// where more is cached than there is input.
func openHandsUsage(v jsonl.Value) trace.Usage {
	u := trace.Usage{
		Input:        count(v.Get("prompt_tokens")),
		CacheRead:    count(v.Get("cache_read_tokens")).Or(count(v.Get("cache_read_input_tokens"))).Or(count(v.Get("prompt_tokens_details", "cached_tokens"))),
		CacheWrite5m: count(v.Get("cache_write_tokens")).Or(count(v.Get("cache_creation_input_tokens"))),
		Output:       count(v.Get("completion_tokens")),
		Reasoning:    count(v.Get("reasoning_tokens")).Or(count(v.Get("completion_tokens_details", "reasoning_tokens"))),
	}
	if cached := u.CacheRead.Add(u.CacheWrite5m); cached.N() <= u.Input.N() {
		u.Input = minus(u.Input, cached)
	}
	return u
}

func (r *openHands) close() { r.finish() }

// finish says what the run amounts to.
func (r *openHands) finish() {
	if len(r.metrics) > 0 {
		r.s.add(r.counted, r.last, r.total())
	}
	if d := decisionInText(r.message); d != nil {
		r.s.add(r.line, r.last, d)
	}
	if r.end != nil {
		r.s.add(r.line, r.last, r.end)
	}
}

// total adds up the run's models. The cost is known where all of them have one.
func (r *openHands) total() *trace.Totals {
	t := &trace.Totals{ByModel: map[string]trace.Usage{}}
	usd, known := 0.0, true
	for _, name := range slices.Sorted(maps.Keys(r.metrics)) {
		m := r.metrics[name]
		t.Usage = t.Usage.Add(m.Usage)
		for model, u := range m.ByModel {
			if u.Total().N() > 0 {
				t.ByModel[model] = t.ByModel[model].Add(u)
			}
		}
		switch {
		case m.CostUSD != nil:
			usd += *m.CostUSD
		case m.Usage.Total().N() > 0:
			known = false
		}
	}
	if known && usd > 0 {
		t.CostUSD = &usd
	}
	return t
}
