package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
)

// TestLeakDrill plants one credential of every rule wherever a trace, its name
// or the event can hold one, runs every command on it, and looks for them in
// every byte that comes out. With the race detector, it is one of some rules.
func TestLeakDrill(t *testing.T) {
	d := newDrill(t)
	d.plant()
	d.collects()
	d.scans()
	d.reads()
	d.emits()
	d.events()
	d.refused()
	d.others()
	t.Logf("%d credentials, %d commands, %d MB written", len(d.plants), d.commands, d.written>>20)
}

// drill is a folder of traces with credentials, and what they are.
type drill struct {
	t        *testing.T
	examples []ruleExample
	plants   []plant
	traces   string // the folder
	outs     string // folder for what is written
	event    string
	probes   map[[probeHead]byte][]probe
	commands int
	written  int64
}

func newDrill(t *testing.T) *drill {
	dir := t.TempDir()
	d := &drill{
		t: t, examples: ruleExamples(t), probes: map[[probeHead]byte][]probe{},
		traces: filepath.Join(dir, "traces"), outs: filepath.Join(dir, "out"),
	}
	for _, at := range []string{d.traces, d.outs} {
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// plant writes the traces and the event.
func (d *drill) plant() {
	d.formats()
	for i, texts := range shares(d.texts("malformed line", finding.Error)) {
		d.put(i, "malformed/malformed.jsonl", d.malformed(texts))
	}
	for i, texts := range shares(d.texts("streamed message", finding.Error)) {
		d.put(i, "streamed/streamed.jsonl", streamed(texts))
	}
	for i, text := range d.texts("name in a trace", finding.Error) {
		d.put(i, fmt.Sprintf("names/%03d.jsonl", i), nameful(text))
	}
	for i, text := range d.texts("file name", finding.Error) {
		if text = strings.ReplaceAll(text, `"`, ""); fileSafe.MatchString(text) {
			d.put(i, fmt.Sprintf("%03d %s/%s.jsonl", i, text, text), []byte(strings.ReplaceAll(good, "good", fmt.Sprint("named", i))))
		}
	}
	d.put(0, "guess/guess.jsonl", nameful(strings.Join(d.texts("guess", finding.Warning), "\n")))
	for i, texts := range shares(d.texts("log", finding.Error)) {
		d.put(i, "text/build.log", []byte(strings.Join(texts, "\nand then\n")+"\n"))
		d.put(i, "clean/clean.jsonl", []byte(good))
	}
	d.event = write(d.t, filepath.Dir(d.traces), "event.json", d.payload())
}

// fileSafe is what every file system takes as a name.
var fileSafe = regexp.MustCompile(`^[A-Za-z0-9 _.=+@~-]{1,180}$`)

// numbered is the folder of a credential in a name.
var numbered = regexp.MustCompile(`^[0-9]+ `)

// parts is how many parts the folder has, so that not every mode reads it all.
const parts = 9

// part is the folder of one part.
func (d *drill) part(i int) string { return filepath.Join(d.traces, strconv.Itoa(i%parts)) }

// shares deals texts out to the parts.
func shares(texts []string) [][]string {
	out := make([][]string, parts)
	for i, text := range texts {
		out[i%parts] = append(out[i%parts], text)
	}
	return out
}

func (d *drill) put(part int, name string, content []byte) {
	path := filepath.Join(d.part(part), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// formats plants every credential in every format's transcripts.
func (d *drill) formats() {
	texts := d.texts("transcript", finding.Error)
	folders, err := os.ReadDir(examples)
	if err != nil {
		d.t.Fatal(err)
	}
	for part, folder := range folders {
		files, err := filepath.Glob(filepath.Join(examples, folder.Name(), "*.json*"))
		if err != nil {
			d.t.Fatal(err)
		}
		files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, ".golden") })
		places, contents := map[string]int{}, map[string][]byte{}
		total := 0
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				d.t.Fatal(err)
			}
			places[f], contents[f] = len(prose(raw)), raw
			total += places[f]
		}
		if total == 0 {
			d.t.Errorf("%s holds no text to plant a credential in", folder.Name())
			continue
		}
		share := map[int][]string{}
		for i, text := range texts {
			share[i%total] = append(share[i%total], text)
		}
		n := 0
		for _, f := range files {
			d.put(part, folder.Name()+"/"+filepath.Base(f), withTexts(contents[f], func(i int) []string { return share[n+i] }))
			n += places[f]
		}
	}
}

// malformed returns lines that are no JSON, in several ways.
func (d *drill) malformed(texts []string) []byte {
	var b bytes.Buffer
	b.WriteString(good)
	for i, text := range texts {
		quoted, _ := json.Marshal(text)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, `{"type":"log","message":%s,,}`, quoted)
		case 1:
			fmt.Fprintf(&b, "garbage %s garbage", strings.ReplaceAll(text, "\n", " "))
		case 2:
			fmt.Fprintf(&b, `{"type":"log","time":12,"level":%s,"message":["\x`, quoted)
		case 3:
			fmt.Fprintf(&b, "{\"type\":\"log\",\"message\":\"\xff\xfe %s", quoted[1:])
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// nameful returns a native trace with a text in every place that a report says.
func nameful(text string) []byte {
	quoted, _ := json.Marshal(text)
	q := string(quoted[1:len(quoted)-1]) + "." // which ends a key that has no end of its own
	return []byte(strings.ReplaceAll(`{"type":"run.start","run_id":"KEY","time":"2026-11-20T10:00:00Z","agent":{"name":"KEY","instructions":{"path":"KEY"}},"runtime":{"name":"KEY","version":"KEY"},"model":"KEY","context":{"repository":"KEY","branch":"KEY"}}
{"type":"llm.call","span_id":"00f067aa0ba902b6","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:01Z","model":"KEY","usage":{"input_tokens":10,"output_tokens":5},"finish_reason":"KEY","error":{"type":"KEY","message":"KEY"}}
{"type":"tool.call","span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:01Z","tool":"KEY","failed":true,"error":{"type":"KEY","message":"denied: KEY"}}
{"type":"KEY","KEY":"KEY","run_id":["KEY"]}
{"type":"score","time":"KEY","name":"KEY","value":1,"label":"KEY","judge":"KEY"}
{"type":"log","time":"2026-11-20T10:00:01Z","severity":"KEY","message":"KEY"}
{"type":"decision","time":"2026-11-20T10:00:02Z","decision":{"kind":"KEY","summary":"the key is KEY","composed_from":["KEY"]}}
{"type":"run.end","time":"2026-11-20T10:00:03Z","status":"failure","error":{"type":"KEY","message":"KEY"}}
`, "KEY", q))
}

// payload is an event that holds a credential in whatever a person can write.
func (d *drill) payload() []byte {
	texts := d.texts("event", finding.Error)
	all := strings.Join(texts, "\n")
	event := map[string]any{
		"repository": map[string]any{"full_name": "octo/" + texts[0], "default_branch": all},
		"pull_request": map[string]any{
			"number": 7, "title": all, "body": all,
			"head": map[string]any{"sha": texts[0], "ref": all, "label": all},
			"base": map[string]any{"sha": texts[0], "ref": all},
		},
		"sender": map[string]any{"login": all},
	}
	raw, err := json.Marshal(event)
	if err != nil {
		d.t.Fatal(err)
	}
	return raw
}

// run runs a command and looks at what it prints. The words of what says how
// it came about are for the failure message.
func (d *drill) run(env map[string]string, args ...string) string {
	d.commands++
	out, errs, _ := runMain(d.t, env, args...)
	what := "andon " + strings.Join(args, " ")
	d.look(what+": stdout", []byte(out))
	d.look(what+": stderr", []byte(errs))
	return out
}

// files looks at every file in a folder and at its name. Guesses may stand in
// the traces of a bundle that was asked to hold them.
func (d *drill) files(what, dir string, guesses bool) {
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		raw, err := os.ReadFile(path)
		d.lookFor(what+": name of "+rel, []byte(rel), false)
		d.lookFor(what+": "+rel, raw, guesses && strings.HasPrefix(filepath.ToSlash(rel), "traces/"))
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		d.t.Fatal(err)
	}
}

// collects runs collect in every mode, every third of them as a step of a
// workflow. Each value of a mode meets every part of the folder.
func (d *drill) collects() {
	for s, onSecret := range []string{"suppress", "redact", "fail"} {
		for c, content := range []string{"none", "redacted", "full"} {
			for f, format := range []string{"text", "markdown", "json"} {
				d.collect((c+f+s)%3*3+(f+2*s)%3, (s+c+f)%3 == 0, onSecret, content, format)
			}
		}
	}
}

func (d *drill) collect(part int, step bool, onSecret, content, format string) {
	mode := onSecret + " " + content + " " + format
	out, files := filepath.Join(d.outs, "bundle "+mode), filepath.Join(d.outs, "step "+mode)
	env := map[string]string(nil)
	if step {
		env = d.inStep(files)
	}
	args := []string{"collect", "--quiet", "--on-secret", onSecret, "--content", content, "--format", format, "--out", out}
	if format != "markdown" {
		args = append(args, "--explain")
	}
	d.run(env, append(args, d.part(part))...)
	d.files("the bundle of "+mode, out, content == "full" && onSecret != "redact")
	d.files("the step of "+mode, files, false)
}

// inStep is the environment of a step whose files are in dir.
func (d *drill) inStep(dir string) map[string]string {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	texts := d.texts("environment", finding.Error)
	next := func(n int) string { return texts[(3*d.commands+n)%len(texts)] }
	return map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
		"GITHUB_EVENT_PATH": d.event, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "octo/calc",
		"GITHUB_RUN_ID": "17", "GITHUB_JOB": "review", "GITHUB_WORKFLOW": next(0), "GITHUB_HEAD_REF": next(1), "GITHUB_REF": "refs/heads/" + next(2),
	}
}

// scans runs scan and validate in every form.
func (d *drill) scans() {
	for i, format := range []string{"text", "json", "sarif"} {
		copies := filepath.Join(d.outs, "copies "+format)
		paths := []string{d.part(i), d.part(i + 3), d.part(i + 6)}
		d.run(nil, append([]string{"scan", "--quiet", "--format", format, "--redact", copies}, paths...)...)
		d.files("scan --redact", copies, false)
		d.run(nil, append([]string{"validate", "--quiet", "--format", format}, paths...)...)
	}
}

// names returns the planted files that match a pattern.
func (d *drill) names(pattern string) []string {
	files, err := filepath.Glob(filepath.Join(d.traces, pattern))
	if err != nil {
		d.t.Fatal(err)
	}
	for i, f := range files {
		files[i], _ = filepath.Rel(d.traces, f)
		files[i] = filepath.ToSlash(files[i])
	}
	return files
}

// reads runs what shows traces, one of each format and of some names, and what
// compares them.
func (d *drill) reads() {
	seen := map[string]bool{}
	last := filepath.Join(d.part(0), "clean", "clean.jsonl")
	for i, name := range d.names("*/*/*") {
		folder := strings.Split(name, "/")[1]
		if seen[folder] || numbered.MatchString(folder) && i%40 != 0 {
			continue
		}
		seen[folder] = true
		path := filepath.Join(d.traces, filepath.FromSlash(name))
		d.run(nil, "show", path)
		d.run(nil, "diff", "--format", []string{"text", "markdown", "json"}[len(seen)%3], last, path)
		last = path
	}
	for i := range parts {
		d.run(nil, []string{"show", "diff"}[i%2], d.part(i), last)
	}
	d.run(nil, "show", filepath.Join(d.outs, "bundle suppress none text"))
	d.foreign()
}

// foreign reads a report and a bundle that another program wrote.
func (d *drill) foreign() {
	out, _, _ := runMain(d.t, nil, "collect", "--format", "json", "--quiet", filepath.Join(examples, "claude-session"), filepath.Join(examples, "andon-trace"))
	texts := d.texts("foreign report", finding.Error)
	raw := withTexts([]byte(out), func(i int) []string { return []string{texts[i%len(texts)]} })
	report := write(d.t, filepath.Dir(d.traces), "report.json", raw)
	for _, format := range []string{"text", "markdown", "json"} {
		d.run(nil, "diff", "--format", format, report, filepath.Join(d.part(0), "clean", "clean.jsonl"))
	}
	dir := filepath.Join(d.outs, "foreign")
	if _, stderr, code := runMain(d.t, nil, "collect", "--quiet", "--out", dir, filepath.Join(examples, "claude-session")); code != 0 {
		d.t.Fatal(stderr)
	}
	session, err := os.ReadFile(filepath.Join(dir, "session.json"))
	if err != nil {
		d.t.Fatal(err)
	}
	write(d.t, dir, "session.json", withTexts(session, func(i int) []string { return []string{texts[i%len(texts)]} }))
	d.run(nil, "show", dir)
	if err := os.RemoveAll(dir); err != nil {
		d.t.Fatal(err)
	}
}

// look looks for any planted credential.
func (d *drill) look(what string, raw []byte) { d.lookFor(what, raw, false) }

func (d *drill) lookFor(what string, raw []byte, guesses bool) {
	d.written += int64(len(raw))
	found := map[string]string{}
	for i := 0; i+probeHead <= len(raw); i++ {
		for _, p := range d.probes[[probeHead]byte(raw[i:i+probeHead])] {
			if !bytes.HasPrefix(raw[i:], []byte(p.text)) || guesses && p.plant.severity != finding.Error {
				continue
			}
			found[p.plant.rule+", planted as "+p.plant.place] = p.form + ": …" + strconv.Quote(string(raw[max(0, i-60):min(len(raw), i+60)])) + "…"
		}
	}
	for n, name := range slices.Sorted(maps.Keys(found)) {
		if n == 5 {
			d.t.Errorf("%s: %d more", what, len(found)-n)
			break
		}
		d.t.Errorf("%s holds a credential of %s, %s", what, name, found[name])
	}
}
