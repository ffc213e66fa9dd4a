package trend

import (
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
)

// act is an override or an agreement, as far as a report needs it.
type act struct {
	ID         string `json:"id,omitempty"`
	Repository string `json:"repository,omitempty"`
	Agent      string `json:"agent,omitempty"`
	RunID      string `json:"run_id,omitempty"`
	Kind       string `json:"kind,omitempty"`   // of the subject
	Number     int64  `json:"number,omitempty"` // of the subject
	Decision   string `json:"decision,omitempty"`
	Signal     string `json:"signal"`
	Strength   string `json:"strength,omitempty"`
	Time       int64  `json:"time,omitempty"`    // Unix seconds
	Decided    int64  `json:"decided,omitempty"` // Unix seconds
	URL        string `json:"url,omitempty"`
}

// merged reports whether the act was to merge.
func (a act) merged() bool { return strings.HasPrefix(a.Signal, "merged_") }

// AddOverride counts an override. A later one of the same id takes the place of
// the earlier. An error means that the line was counted as invalid.
func (d *Day) AddOverride(line []byte) error { return d.addAct(&d.overrides, line) }

// AddAgreement is AddOverride for an agreement.
func (d *Day) AddAgreement(line []byte) error { return d.addAct(&d.agreements, line) }

func (d *Day) addAct(to *[]act, line []byte) error {
	v, err := d.parse(line)
	if err != nil {
		return err
	}
	a := d.readAct(v)
	if a.Signal == "" && a.RunID == "" && a.Agent == "" {
		return d.refuse(errAct)
	}
	known := d.builder.acts[to]
	if known == nil {
		known = map[string]int{}
		d.builder.acts[to] = known
	}
	if i, ok := known[a.ID]; ok && a.ID != "" {
		(*to)[i] = a
		d.rest++
		return nil
	}
	known[a.ID] = len(*to)
	*to = append(*to, a)
	return nil
}

func (d *Day) readAct(v jsonl.Value) act {
	same := func(v jsonl.Value) string { return d.names.get(d.name(v)) } // of which there are few
	a := act{
		ID:         short(v.Get("id").String()),
		Repository: same(v.Get("repository")),
		Agent:      same(v.Get("agent", "name")),
		RunID:      short(v.Get("run_id").String()),
		Kind:       same(v.Get("subject", "kind")),
		Decision:   same(v.Get("decision", "kind")),
		Signal:     same(v.Get("signal")),
		Strength:   same(v.Get("strength")),
	}
	a.Number, _ = v.Get("subject", "number").Int()
	if t := v.Get("time").Time(); !t.IsZero() {
		a.Time = t.Unix()
	}
	if t := v.Get("decision", "time").Time(); !t.IsZero() {
		a.Decided = t.Unix()
	}
	for e := range v.Get("evidence").Elements() {
		if url := e.Get("url").String(); len(url) <= 300 && a.URL == "" {
			a.URL = url
		}
	}
	return a
}

// AddCoverage counts a line that says why there is no run of a workflow run.
func (d *Day) AddCoverage(line []byte) error {
	v, err := d.parse(line)
	if err != nil {
		return err
	}
	d.rest++
	traces, _ := v.Get("traces").Int()
	switch v.Get("state").String() {
	case "missing", "empty", "expired", "unread":
		d.gaps.Missing++
	case "invalid":
		d.gaps.Invalid++
	case "misdated":
		d.gaps.Misdated += min(max(traces, 1), maxCount)
	case "suppressed", "withheld":
		d.gaps.Suppressed += min(max(traces, 1), maxCount)
	}
	return nil
}
