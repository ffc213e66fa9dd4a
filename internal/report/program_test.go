package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, several()); err != nil {
		t.Fatal(err)
	}
	golden(t, "several.json", b.Bytes())
	var back session.Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	want := several()
	for _, run := range want.Sessions[0].Runs {
		run.Steps = nil // are not part of it
	}
	if !reflect.DeepEqual(&back, want) {
		t.Errorf("reading it back gives another report:\n%+v\n%+v", back, want)
	}
}

// Every text survives JSON, whatever is escaped in it.
func TestJSONKeepsText(t *testing.T) {
	for _, s := range append(hostileTexts(t), "a<b>&c", "##[##[[", "\U000e0041x\u202e") {
		want := []finding.Finding{{Rule: "r", Severity: finding.Info, Message: strings.ToValidUTF8(s, "\uFFFD")}}
		var b bytes.Buffer
		if err := FindingsJSON(&b, want, session.Coverage{}); err != nil {
			t.Fatal(err)
		}
		var got struct{ Findings []finding.Finding }
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || !reflect.DeepEqual(got.Findings, want) {
			t.Errorf("%q became %+q (%v)", s, got.Findings[0].Message, err)
		}
	}
}

// What is empty is [] and {}, and never null.
func TestJSONEmpty(t *testing.T) {
	var b bytes.Buffer
	for _, err := range []error{JSON(&b, &session.Report{Schema: session.Schema}), FindingsJSON(&b, nil, session.Coverage{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if out := b.String(); strings.Contains(out, "null") || strings.Count(out, `"findings": []`) != 2 || strings.Count(out, `"unknown_types": {}`) != 2 {
		t.Errorf("got %s", out)
	}
	if strings.Contains(b.String(), `\u003c`) {
		t.Error("HTML is escaped")
	}
}

func sarifSample() ([]finding.Finding, []finding.Rule) {
	fs := allFindings(several())
	finding.Sort(fs)
	fs = append(fs,
		finding.Finding{Rule: "input/no-runs", Severity: finding.Warning, Message: "no agent run was found"},
		finding.Finding{Rule: "secret/jwt", Severity: finding.Error, Message: "a token, see [here](https://evil.example)",
			Pos: trace.Pos{File: "a b/ü:1#?%.jsonl", Line: 3, Pointer: "/x/0"}},
		finding.Finding{Rule: "secret/jwt", Severity: finding.Error, Message: "a token", Pos: trace.Pos{File: "/tmp/x y.jsonl"}},
		finding.Finding{Rule: "secret/jwt", Severity: finding.Error, Message: "a token", Pos: trace.Pos{File: "/tmp/x y.jsonl"}},
	)
	return fs, []finding.Rule{
		{ID: "secret/jwt", Severity: finding.Error, Title: "A JSON Web Token", Help: "Whoever holds it acts in your name. Revoke it."},
		{ID: "trace/time-order", Severity: finding.Warning, Title: "A record is older than its run", Help: "Write all times in UTC."},
	}
}

func TestSARIF(t *testing.T) {
	fs, rules := sarifSample()
	var b bytes.Buffer
	if err := SARIF(&b, fs, rules, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	golden(t, "findings.sarif", b.Bytes())
	var log sarifLog
	dec := json.NewDecoder(&b)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&log); err != nil {
		t.Fatal(err)
	}
	checkSARIF(t, log, fs)
}

// checkSARIF holds a log to what GitHub asks of it.
func checkSARIF(t *testing.T, log sarifLog, fs []finding.Finding) {
	t.Helper()
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("got version %q with %d runs", log.Version, len(log.Runs))
	}
	run := log.Runs[0]
	if got := len(run.Results) + len(run.Invocations[0].Notifications); got != len(fs) {
		t.Errorf("%d results and notifications for %d findings", got, len(fs))
	}
	prints := map[string]bool{}
	for i, r := range run.Results {
		rules := run.Tool.Driver.Rules
		if r.RuleIndex < 0 || r.RuleIndex >= len(rules) || rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("result %d: rule %d is not %s", i, r.RuleIndex, r.RuleID)
		}
		if len(r.Locations) != 1 || r.Locations[0].Physical.Region.StartLine < 1 || r.Message.Text == "" {
			t.Errorf("result %d: %+v", i, r)
		}
		if uri := r.Locations[0].Physical.Artifact.URI; strings.ContainsAny(uri, " ü\\") || strings.HasPrefix(uri, "/") {
			t.Errorf("result %d: %q is no relative URI", i, uri)
		}
		if strings.Contains(r.Message.Text, "](") {
			t.Errorf("result %d: a link in %q", i, r.Message.Text)
		}
		id := r.Fingerprints["primaryLocationLineHash"]
		if id == "" || prints[id] {
			t.Errorf("result %d: fingerprint %q is empty or not its own", i, id)
		}
		prints[id] = true
	}
}

// A finding keeps its fingerprint when lines are added above it.
func TestSARIFFingerprint(t *testing.T) {
	f := finding.Finding{Rule: "r", Message: "m", Pos: trace.Pos{File: "f", Line: 3, Pointer: "/a"}}
	moved, other := f, f
	moved.Line = 30
	other.Pointer = "/b"
	of := func(f finding.Finding) string { return sarifFingerprint(f, map[string]int{}) }
	if of(f) != of(moved) || of(f) == of(other) {
		t.Errorf("got %s, moved %s, another %s", of(f), of(moved), of(other))
	}
}

// A path is relative to the checkout, or has the file scheme.
func TestSARIFURI(t *testing.T) {
	for file, want := range map[string]string{
		"a/b.jsonl": "a/b.jsonl", "./a//b.jsonl": "a/b.jsonl", `a\b c.jsonl`: "a/b%20c.jsonl", "a#b?c.jsonl": "a%23b%3Fc.jsonl",
		"/tmp/a.jsonl": "file:///tmp/a.jsonl", `C:\a\b.jsonl`: "file:///C:/a/b.jsonl", "c:d.jsonl": "./c:d.jsonl",
	} {
		if got := sarifURI(file); got.URI != want || (got.Base == "") != strings.HasPrefix(want, "file:") {
			t.Errorf("%q: %+v, want %q", file, got, want)
		}
	}
}

func TestSARIFLimit(t *testing.T) {
	var fs []finding.Finding
	for i := range maxResults + 2 {
		fs = append(fs, finding.Finding{Rule: "r", Severity: finding.Info, Message: fmt.Sprint(i), Pos: trace.Pos{File: "f"}})
	}
	var b bytes.Buffer
	if err := SARIF(&b, fs, nil, ""); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	notes := log.Runs[0].Invocations[0].Notifications
	if len(log.Runs[0].Results) != maxResults || len(notes) != 1 || !strings.HasPrefix(notes[0].Message.Text, "2 findings are over the limit") {
		t.Errorf("%d results, %v", len(log.Runs[0].Results), notes)
	}
}
