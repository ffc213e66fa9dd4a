package trend

import (
	"slices"

	"github.com/andon-ci/andon/internal/jsonl"
)

// textKey is a text of one pattern, from an agent's runs in a repository.
type textKey struct {
	fork                          bool
	repository, agent, kind, text name
}

// recurrence is how often it came.
type recurrence struct {
	count    int64
	wasted   float64
	subjects []int64 // distinct numbers, ascending
	example  string  // run_id of the first
	workflow string  // of the same run
}

// maxSubjects is how many subjects of one text on one day are told apart.
const maxSubjects = 100

// addError counts why a run failed.
func (d *Day) addError(r *rollup) {
	if !r.run.failed() || !r.errorValue.Exists() {
		return
	}
	kind := pattern(r.errorValue.Get("type").String())
	text := pattern(r.errorValue.Get("message").String())
	d.recur(d.errors, textKey{r.fork, r.key.repository, r.key.agent, d.names.add(kind), d.names.add(text)}, r)
}

// addJudgement counts what a decision said.
func (d *Day) addJudgement(r *rollup) {
	summary := r.decision.Get("summary")
	if r.run.decision == 0 || summary.StringLen() == 0 {
		return
	}
	kind := decisions()[r.run.decision-1]
	d.recur(d.judgements, textKey{r.fork, r.key.repository, r.key.agent, d.names.add(string(kind)), d.names.add(pattern(summary.String()))}, r)
}

func (d *Day) recur(all map[textKey]*recurrence, k textKey, r *rollup) {
	c := all[k]
	if c == nil {
		c = &recurrence{example: short(r.runID.String()), workflow: text(r.workflow)}
		all[k] = c
	}
	c.count++
	c.wasted += r.counts.wasted
	if at, found := slices.BinarySearch(c.subjects, r.number); r.number > 0 && !found && len(c.subjects) < maxSubjects {
		c.subjects = slices.Insert(c.subjects, at, r.number)
	}
}

// text returns what may stand as a number or as a string.
func text(v jsonl.Value) string {
	if v.Kind() == jsonl.Number && len(v.Raw()) <= maxText {
		return string(v.Raw())
	}
	return short(v.String())
}

// addTools counts the calls of each tool.
func (d *Day) addTools(r *rollup) {
	for tool, use := range r.tools.Fields() {
		k := toolKey{r.fork, r.key.repository, r.key.agent, d.name(tool)}
		t := d.tools[k]
		if t == nil {
			t = &toolUse{}
			d.tools[k] = t
		}
		errors := t.add(use)
		if errors > 0 && r.run.wasted() {
			t.failed++
			t.wasted += r.counts.wasted
		}
		if errors > t.most {
			t.most, t.workflow, t.file = errors, text(r.workflow), ""
			if t.workflow == "" {
				t.file = short(r.file.String())
			}
		}
	}
}

// add counts the calls of a run, and returns how many of them failed.
func (t *toolUse) add(use jsonl.Value) (errors int64) {
	t.runs++
	for key, value := range use.Fields() {
		switch string(key.Raw()) {
		case `"calls"`:
			t.calls += count(value)
		case `"errors"`:
			errors = count(value)
		case `"duration_ms"`:
			t.time += count(value)
		}
	}
	t.errors += errors
	return errors
}
