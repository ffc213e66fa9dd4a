package trend

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/stat"
)

// What a line of a history cannot be used for.
var (
	errLine = errors.New("not a JSON object")
	errRun  = errors.New("no rollup: neither a run_id nor an agent nor a status")
	errAct  = errors.New("no override: no signal, or no agent")
)

// rollup is what a line says about a run. Its Values are valid until the next line.
type rollup struct {
	key                              cellKey
	run                              run
	counts                           counts
	runID, job, errorValue, decision jsonl.Value
	workflow, attempt, tools, file   jsonl.Value
	created                          jsonl.Value // when the event made the workflow run
	repository, subjectKind          jsonl.Value
	fork                             bool
	number                           int64
	agent, runtime                   jsonl.Value
	start, end                       jsonl.Value
	status, models                   jsonl.Value
	usd                              float64
	priced                           bool
}

// AddRun counts a rollup. One that the day has already is not counted again. An
// error means that the line was counted as invalid.
func (d *Day) AddRun(line []byte) error {
	v, err := d.parse(line)
	if err != nil {
		return err
	}
	r := new(rollup)
	r.read(v)
	if !r.agent.Exists() && !r.runID.Exists() && !r.status.Exists() {
		return d.refuse(errRun)
	}
	if d.builder.again(r) {
		d.rest++
		return nil
	}
	d.place(r)
	c := d.cell(r.key)
	c.runs = append(c.runs, r.run)
	c.counts.add(&r.counts)
	d.builder.note(c, r)
	d.builder.await(c, r)
	d.addTools(r)
	d.addError(r)
	d.addJudgement(r)
	return nil
}

// parse returns the one object that a line is.
func (d *Day) parse(line []byte) (jsonl.Value, error) {
	if d.builder == nil {
		d.builder = newBuilder()
		d.index()
	}
	v, used, err := d.doc.Parse(line)
	if err != nil || used != len(line) || v.Kind() != jsonl.Object {
		return v, d.refuse(errLine)
	}
	return v, nil
}

// read looks at each field once: a rollup has about thirty.
func (r *rollup) read(v jsonl.Value) {
	for key, value := range v.Fields() {
		switch string(key.Raw()) {
		case `"run_id"`:
			r.runID = value
		case `"agent"`:
			r.agent = value
		case `"runtime"`:
			r.runtime = value
		case `"models"`:
			r.models = value
		case `"status"`:
			r.status = value
		case `"start"`:
			r.start = value
		case `"end"`:
			r.end = value
		case `"duration_ms"`:
			if ms, ok := value.Float(); ok {
				r.run.duration = stat.AmountOf(ms)
			}
		case `"cost"`:
			r.addCost(value)
		case `"usage"`:
			r.addUsage(value)
		case `"decision"`:
			r.decision = value
		case `"repository"`:
			r.repository = value
		case `"subject"`:
			r.subjectKind = value.Get("kind")
			r.number, _ = value.Get("number").Int()
		case `"workflow_run"`:
			r.addWorkflow(value)
		case `"tools"`:
			r.tools = value
		case `"error"`:
			r.errorValue = value
		case `"files"`:
			r.addFiles(value)
		case `"findings"`:
			r.addFindings(value)
		case `"tool_calls"`:
			r.counts.toolCalls = count(value)
		case `"tool_errors"`:
			r.counts.toolErrors = count(value)
		case `"llm_calls"`:
			r.counts.llmCalls = count(value)
		case `"llm_errors"`:
			r.counts.llmErrors = count(value)
		}
	}
}

// maxCount bounds what one line may add to a sum.
const maxCount = 1 << 40

func count(v jsonl.Value) int64 {
	n, _ := v.Int()
	return min(max(n, 0), maxCount)
}

func (r *rollup) addCost(v jsonl.Value) {
	usd, ok := v.Get("usd").Float()
	if ok && usd >= 0 && usd < maxCount {
		r.usd, r.priced = usd, true
		r.run.cost = stat.AmountOf(usd)
	}
	if !r.priced || v.Get("partial").True() || v.Get("unpriced_models").Len() > 0 {
		r.run.flags |= unpriced
	}
}

func (r *rollup) addUsage(v jsonl.Value) {
	for key, value := range v.Fields() {
		switch string(key.Raw()) {
		case `"input_tokens"`:
			r.counts.input = count(value)
		case `"cache_read_tokens"`:
			r.counts.cacheRead = count(value)
		case `"cache_write_5m_tokens"`, `"cache_write_1h_tokens"`:
			r.counts.cacheWrite += count(value)
		case `"output_tokens"`:
			r.counts.output = count(value)
		}
	}
}

func (r *rollup) addWorkflow(v jsonl.Value) {
	for key, value := range v.Fields() {
		switch string(key.Raw()) {
		case `"id"`:
			r.workflow = value
		case `"attempt"`:
			r.attempt = value
		case `"job"`:
			r.job = value
		case `"created_at"`:
			r.created = value
		case `"fork"`:
			r.fork = value.True()
		}
	}
}

func (r *rollup) addFiles(v jsonl.Value) {
	for f := range v.Elements() {
		if r.counts.traces == 0 {
			r.file = f
		}
		r.counts.traces++
	}
}

func (r *rollup) addFindings(v jsonl.Value) {
	for f := range v.Elements() {
		switch rule := f.Get("rule"); {
		case rule.Is("failure/tool-loop"):
			r.run.flags |= looped
		case rule.Is("failure/context-saturation"):
			r.run.flags |= saturated
		}
	}
}

// place works out what the fields that were looked at come to.
func (d *Day) place(r *rollup) {
	instructions := r.agent.Get("instructions")
	r.key = cellKey{
		fork:       r.fork,
		repository: d.name(r.repository),
		agent:      cmp.Or(d.name(r.agent.Get("name")), d.name(r.runtime.Get("name"))),
		model:      d.model(r.models),
		sha:        d.name(instructions.Get("sha256")),
		path:       d.name(instructions.Get("path")),
		runtime:    d.runtime(r.runtime),
		kind:       d.name(r.subjectKind),
	}
	r.run.status = numbered(r.status, statuses())
	r.run.decision = numbered(r.decision.Get("kind"), decisions())
	start, end := moment(r.start), moment(r.end)
	if start.IsZero() {
		start = end
	}
	if !start.IsZero() {
		r.run.minute = uint16(start.Hour()*60 + start.Minute())
		if ms := end.Sub(start).Milliseconds(); !r.run.duration.Known() && !end.IsZero() && ms > 0 {
			r.run.duration = stat.AmountOf(float64(ms))
		}
	}
	if r.priced {
		r.counts.cost, r.counts.priced = r.usd, 1
	} else {
		r.run.flags |= unpriced
	}
	if r.run.wasted() {
		r.counts.wasted = r.usd
	}
	r.run.id = idOf(d.names.get(r.key.repository), r.runID.String())
}

// numbered returns the place of a word among those that are known, from 1; 0 for
// another.
func numbered[T ~string](v jsonl.Value, known []T) uint8 {
	return uint8(slices.IndexFunc(known, func(k T) bool { return v.Is(string(k)) }) + 1)
}

// name numbers a text, of which it keeps no more than a name has.
func (d *Day) name(v jsonl.Value) name {
	if v.Kind() != jsonl.String {
		return 0
	}
	raw := v.Raw()
	if inner := raw[1 : len(raw)-1]; len(inner) <= maxText && bytes.IndexByte(inner, '\\') < 0 {
		if i, ok := d.names.number[string(inner)]; ok {
			return i
		}
	}
	return d.names.add(cut(v.String(), maxText))
}

// model names what models a run used, all of them.
func (d *Day) model(v jsonl.Value) name {
	if v.Kind() == jsonl.Array && v.Len() > 1 {
		var all []string
		for m := range v.Elements() {
			all = append(all, m.String())
		}
		slices.Sort(all)
		return d.names.add(cut(strings.Join(slices.Compact(all), " + "), maxText))
	}
	for m := range v.Elements() {
		return d.name(m)
	}
	return 0
}

// runtime names the program and its version.
func (d *Day) runtime(v jsonl.Value) name {
	b := &d.builder.scratch
	*b = (*b)[:0]
	*b = append(*b, v.Get("name").String()...)
	if version := v.Get("version").String(); version != "" {
		*b = append(append(*b, ' '), version...)
	}
	if len(*b) > maxText {
		return d.names.add(cut(string(*b), maxText))
	}
	return d.names.of(*b)
}

// moment returns a time in RFC 3339. That of most lines has its places where
// they always are, and is read in a tenth of the time.
func moment(v jsonl.Value) time.Time {
	raw := v.Raw()
	if len(raw) < 22 || v.Kind() != jsonl.String || raw[len(raw)-2] != 'Z' || raw[5] != '-' || raw[8] != '-' || raw[11] != 'T' || raw[14] != ':' || raw[17] != ':' {
		return v.Time()
	}
	at := func(i, n int) (x int) {
		for _, c := range raw[i : i+n] {
			if c < '0' || c > '9' {
				return -1
			}
			x = 10*x + int(c-'0')
		}
		return x
	}
	year, month, day, hour, minute, second := at(1, 4), at(6, 2), at(9, 2), at(12, 2), at(15, 2), at(18, 2)
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > 28 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return v.Time()
	}
	fraction := 0
	if digits := raw[20 : len(raw)-2]; len(digits) > 0 {
		if digits[0] != '.' || len(digits) > 10 {
			return v.Time()
		}
		scale := 1_000_000_000
		for _, c := range digits[1:] {
			if c < '0' || c > '9' {
				return v.Time()
			}
			scale /= 10
			fraction += int(c-'0') * scale
		}
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, fraction, time.UTC)
}
