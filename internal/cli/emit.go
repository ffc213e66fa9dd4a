package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/emit"
)

func emitCommand() command {
	return command{
		name: "emit", args: "TYPE [flags]",
		summary: "append one record to a native trace, for agents without a transcript",
		help:    emitHelp(), words: emit.Types(),
		start: func(fs *flag.FlagSet) runner {
			e := &emission{fs: fs, values: map[string]*emitValue{}}
			e.define()
			return e.run
		},
	}
}

func emitHelp() string {
	var b strings.Builder
	b.WriteString("flags of each TYPE, beside --file, --json, --on-secret, --run-id, --trace-id,\n--parent-run-id and --parent-span-id; those with * are required:\n")
	for _, typ := range emit.Types() {
		line := "  " + typ + ":"
		for _, f := range emitFields() {
			if !f.of(typ) || f.types == anyRecord {
				continue
			}
			word := " --" + f.flag
			if f.needed(typ) {
				word += "*"
			}
			if len(line)+len(word) > 78 {
				fmt.Fprintln(&b, line)
				line = "   "
			}
			line += word
		}
		fmt.Fprintln(&b, line)
	}
	b.WriteString(`
The trace is --file, else $ANDON_TRACE, else trace.andon.jsonl in
$RUNNER_TEMP/andon or, outside GitHub Actions, in andon-traces. A record belongs
to --run-id, else $ANDON_RUN_ID, else the run that the trace started last and
that has not ended. A record that holds a credential is not written.

examples:
  andon emit run.start --agent review-security
  andon emit llm.call --model gpt-5-mini --input-tokens 812 --output-tokens 96
  andon emit tool.call --tool semgrep --exit-code 1 --duration-ms 2350
  andon emit decision --kind approve --summary 'nothing found'
  andon emit run.end --status success
`)
	return b.String()
}

// emission is one call of the command.
type emission struct {
	fs       *flag.FlagSet
	values   map[string]*emitValue // by the flag's name
	file     string
	extra    string
	onSecret string
}

func (e *emission) define() {
	e.fs.StringVar(&e.file, "file", "", "the trace `FILE` to append to (default $ANDON_TRACE, else a usual place)")
	e.fs.StringVar(&e.extra, "json", "", "more fields as a JSON `OBJECT`, or - to read it from stdin; flags win over it")
	e.fs.StringVar(&e.onSecret, "on-secret", "fail", "what a credential in the record does, an `ACTION`: fail or redact")
	for _, f := range emitFields() {
		v := &emitValue{truth: f.kind == truthField}
		e.values[f.flag] = v
		help := f.help
		if f.types != anyRecord {
			help += " (" + strings.ReplaceAll(f.types, "*", "") + ")"
		}
		e.fs.Var(v, f.flag, help)
	}
}

func (e *emission) run(_ context.Context, env Env, args []string) error {
	if err := oneOf("--on-secret", e.onSecret, "fail", "redact"); err != nil {
		return err
	}
	typ, err := recordType(args)
	if err != nil {
		return err
	}
	record, err := e.record(env, typ)
	if err != nil {
		return err
	}
	path := e.path(env)
	w, err := emit.New(path, e.options(env))
	if err != nil {
		return err
	}
	id, err := w.Append(record)
	if err != nil {
		return emitError(err, typ, path)
	}
	if typ == "run.start" {
		fmt.Fprintln(env.Stdout, plain(id))
	}
	return nil
}

func recordType(args []string) (string, error) {
	const hint = "andon emit run.start --agent NAME; `andon help emit` lists the types"
	switch {
	case len(args) == 0:
		return "", usage("emit: no type of record given", hint)
	case !slices.Contains(emit.Types(), args[0]):
		return "", usage("emit: there is no such type of record", "it may be "+strings.Join(emit.Types(), ", "))
	case len(args) > 1:
		return "", usage("emit: takes one type of record and flags, and no more arguments", "quote a text of several words; `andon help emit` lists the flags")
	}
	return args[0], nil
}

// path returns the trace to append to: a place that collect looks in.
func (e *emission) path(env Env) string {
	switch {
	case e.file != "":
		return e.file
	case env.Getenv("ANDON_TRACE") != "":
		return env.Getenv("ANDON_TRACE")
	}
	return filepath.Join(ownPlace(env), "trace.andon.jsonl")
}

func (e *emission) options(env Env) emit.Options {
	o := emit.Options{RunID: env.Getenv("ANDON_RUN_ID"), Now: env.Now}
	for _, name := range strings.FieldsFunc(env.Getenv("ANDON_SECRETS"), isSeparator) {
		o.Secrets = append(o.Secrets, env.Getenv(name))
	}
	if e.onSecret == "redact" {
		o.Redact = func(s *emit.SecretError) {
			fmt.Fprintf(env.Stderr, "andon: emit: cut a credential out of %s (%s)\n", plain(placeIn(s.Pointer)), plain(s.Title))
		}
	}
	return o
}

// record makes the record of what the flags and --json say.
func (e *emission) record(env Env, typ string) (map[string]any, error) {
	r, err := e.object(env)
	if err != nil {
		return nil, err
	}
	r["type"] = typ
	for _, f := range emitFields() {
		v := e.values[f.flag]
		if !v.set {
			continue
		}
		if !f.of(typ) {
			return nil, usage(fmt.Sprintf("emit: %s has no flag --%s", typ, f.flag), flagsOf(typ))
		}
		value, err := f.value(v)
		if err != nil {
			return nil, err
		}
		if f.path != "" && !put(r, f.path, value) {
			return nil, usage(fmt.Sprintf("emit: --%s cannot be set in what --json has there", f.flag), "write objects as `andon schema trace` has them")
		}
	}
	if err := e.derive(env, typ, r); err != nil {
		return nil, err
	}
	for _, f := range emitFields() {
		if f.needed(typ) && !has(r, f.path) {
			return nil, usage(fmt.Sprintf("emit: %s needs --%s", typ, f.flag), flagsOf(typ))
		}
	}
	return r, nil
}

// maxExtra bounds what --json takes.
const maxExtra = 8 << 20

// object reads --json. Its text is never quoted: it may hold anything.
func (e *emission) object(env Env) (map[string]any, error) {
	r := map[string]any{}
	text := io.Reader(strings.NewReader(e.extra))
	switch e.extra {
	case "":
		return r, nil
	case "-":
		text = env.Stdin
	}
	d := json.NewDecoder(io.LimitReader(text, maxExtra))
	d.UseNumber()
	err := d.Decode(&r)
	if err == nil && r != nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return r, nil
		}
	}
	return nil, usage("emit: --json is not one JSON object", `write as in --json '{"output_format": "text"}'`)
}

// emitError says what to do about a record that was not written.
func emitError(err error, typ, path string) error {
	var invalid *emit.InvalidError
	var leak *emit.SecretError
	switch {
	case errors.As(err, &invalid):
		msg, hint := invalid.Message, invalid.Hint
		if f := flagAt(typ, invalid.Pointer); f != "" {
			msg = "--" + f + ": " + msg
		}
		return usage("emit: "+msg, hint)
	case errors.As(err, &leak):
		return gated(
			fmt.Sprintf("emit: nothing was written: %s holds a credential (%s, %s)", placeIn(leak.Pointer), leak.Title, leak.Rule),
			"leave it out, or cut it out with --on-secret redact")
	case errors.Is(err, emit.ErrNoRun):
		return usage("emit: no run was started in "+path, "andon emit run.start --agent NAME, or name a run with --run-id")
	}
	return failure(err, "emit", "--file, or the variable ANDON_TRACE, names a trace that can be written")
}

// placeIn names the place of a JSON Pointer in a record.
func placeIn(pointer string) string {
	if pointer == "" {
		return "the record"
	}
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// newRunID returns an id for a run. In GitHub Actions it begins with what finds
// the job again; the random end tells the agents of one job apart, and the legs
// of a matrix, whose names of jobs are the same.
func newRunID(env Env) string {
	id := strings.ToLower(rand.Text()[:10])
	if p := pipelineOf(env.Getenv); p != nil {
		return strings.Join([]string{p.ID, p.Attempt, p.Job, id}, "-")
	}
	return id
}

// maxDuration bounds --duration-ms, well within what a time.Duration holds.
const maxDuration = 100 * 365 * 24 * 60 * 60 * 1000

// derive sets what the flags say in other words, and for a new run what the
// environment says.
func (e *emission) derive(env Env, typ string, r map[string]any) error {
	if ms, ok := r["duration_ms"].(int64); ok && slices.Contains([]string{"llm.call", "tool.call", "run"}, typ) {
		if ms < 0 || ms > maxDuration {
			return usage("emit: --duration-ms is not the time that a step takes", "it counts milliseconds")
		}
		if err := e.startBefore(env, r, time.Duration(ms)*time.Millisecond); err != nil {
			return err
		}
		if typ != "run" {
			delete(r, "duration_ms")
		}
	}
	if typ != "run" && typ != "run.start" {
		return nil
	}
	if r["run_id"] == nil && env.Getenv("ANDON_RUN_ID") == "" {
		r["run_id"] = newRunID(env)
	}
	if path := e.values["instructions"].text; path != "" {
		agent, err := (&collectFlags{settings: settings{instructions: path}}).givenAgent()
		if err != nil {
			return err
		}
		put(r, "agent.instructions", agent.Instructions)
	}
	return e.context(env, r)
}

// startBefore sets the start of a step that took so long.
func (e *emission) startBefore(env Env, r map[string]any, d time.Duration) error {
	if r["start"] != nil {
		return usage("emit: --start and --duration-ms say the same", "give one of them; the end is --end, or now")
	}
	end := time.Now()
	if env.Now != nil {
		end = env.Now()
	}
	if text, ok := r["end"].(string); ok {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil // the check of the record says so
		}
		end = t
	}
	r["start"], r["end"] = end.Add(-d).UTC().Format(time.RFC3339Nano), end.UTC().Format(time.RFC3339Nano)
	return nil
}

// context says what the run is about, as collect would find it out.
func (e *emission) context(env Env, r map[string]any) error {
	k := keyFlags{repository: e.values["repository"].text, sha: e.values["sha"].text}
	if n, ok := lookup(r, "context.subject.number").(int64); ok && e.values["pr"].set {
		if n == 0 {
			return usage("emit: --pr 0 is no pull request", "a pull request has a number from 1 on")
		}
		k.pr = int(n)
	}
	key, notes, err := k.key(env)
	if err != nil { // which quotes the value
		return usage("emit: --repository or --sha does not have the form that it needs", "--repository takes owner/name, --sha 7 to 64 hex digits")
	}
	for _, n := range notes {
		fmt.Fprintf(env.Stderr, "andon: %s\n", plain(n.Message))
	}
	for path, value := range map[string]string{
		"context.repository": key.Repository, "context.head_sha": key.HeadSHA, "context.subject.kind": key.Subject.Kind,
	} {
		if value != "" && !has(r, path) {
			put(r, path, value)
		}
	}
	if key.Subject.Number > 0 && !has(r, "context.subject.number") {
		put(r, "context.subject.number", key.Subject.Number)
	}
	if p := pipelineOf(env.Getenv); p != nil && !has(r, "context.workflow_run") {
		put(r, "context.workflow_run", map[string]string{"id": p.ID, "attempt": p.Attempt, "job": p.Job})
	}
	return nil
}
