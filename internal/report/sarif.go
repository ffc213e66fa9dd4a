package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
)

// maxResults is what GitHub takes of one run:
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
const maxResults = 25_000

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	ColumnKind  string            `json:"columnKind"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID            string          `json:"id"`
	Short         sarifText       `json:"shortDescription"`
	Full          sarifText       `json:"fullDescription"`
	Help          sarifText       `json:"help"`
	Configuration sarifLevel      `json:"defaultConfiguration"`
	Properties    sarifProperties `json:"properties"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifProperties struct {
	Tags     []string `json:"tags"`
	Severity string   `json:"security-severity,omitempty"` // 0.0 to 10.0, as GitHub reads it
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

// SARIF writes findings as SARIF 2.1.0, as GitHub's code scanning takes it.
// Findings about no file become notifications of the tool, since a result must
// have a place.
func SARIF(w io.Writer, fs []finding.Finding, rules []finding.Rule, version string) error {
	known := sarifRules(fs, rules)
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "Andon", Version: version, InformationURI: "https://github.com/andon-ci/andon", Rules: make([]sarifRule, len(known)),
		}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	index := map[string]int{}
	for i, r := range known {
		index[r.ID] = i
		run.Tool.Driver.Rules[i] = sarifRuleOf(r)
	}
	invocation := sarifInvocation{Successful: true}
	seen := map[string]int{}
	for _, f := range fs {
		switch {
		case f.File == "":
			invocation.Notifications = append(invocation.Notifications, sarifNotification{sarifLevelOf(f.Severity), sarifMessage(f)})
		case len(run.Results) < maxResults:
			run.Results = append(run.Results, sarifResultOf(f, index[f.Rule], seen))
		}
	}
	if n := withFile(fs) - len(run.Results); n > 0 {
		text := plural(n, "finding is", "findings are") + " over the limit of a SARIF file and left out"
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"warning", sarifText{text}})
	}
	run.Invocations = []sarifInvocation{invocation}
	return writeJSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func withFile(fs []finding.Finding) int {
	n := 0
	for _, f := range fs {
		if f.File != "" {
			n++
		}
	}
	return n
}

// sarifRules returns the rules by id, with those that only the findings name.
func sarifRules(fs []finding.Finding, rules []finding.Rule) []finding.Rule {
	all := map[string]finding.Rule{}
	for _, f := range fs {
		all[f.Rule] = finding.Rule{ID: f.Rule, Severity: f.Severity, Title: f.Rule}
	}
	for _, r := range rules {
		all[r.ID] = r
	}
	return slices.SortedFunc(maps.Values(all), func(a, b finding.Rule) int { return cmp.Compare(a.ID, b.ID) })
}

func sarifRuleOf(r finding.Rule) sarifRule {
	title := oneLine(cmp.Or(r.Title, r.ID), maxMessage)
	help := oneLine(cmp.Or(r.Help, r.Title, r.ID), 1000)
	p := sarifProperties{Tags: []string{"andon"}}
	if strings.HasPrefix(r.ID, "secret/") {
		p = sarifProperties{Tags: []string{"andon", "security"}, Severity: "8.0"}
	}
	return sarifRule{
		ID: r.ID, Short: sarifText{title}, Full: sarifText{help}, Help: sarifText{help},
		Configuration: sarifLevel{sarifLevelOf(r.Severity)}, Properties: p,
	}
}

func sarifLevelOf(s finding.Severity) string {
	switch s {
	case finding.Error:
		return "error"
	case finding.Warning:
		return "warning"
	}
	return "note"
}

// sarifMessage returns a message without links: in SARIF, "[text](target)" is
// one even in plain text.
func sarifMessage(f finding.Finding) sarifText {
	text := oneLine(f.Message, maxMessage)
	if f.Hint != "" {
		text += "\n" + oneLine(f.Hint, maxMessage)
	}
	if text == "" {
		text = f.Rule
	}
	return sarifText{strings.ReplaceAll(text, "](", "] (")}
}

func sarifResultOf(f finding.Finding, index int, seen map[string]int) sarifResult {
	l := sarifLocation{Physical: sarifPhysical{sarifURI(f.File), sarifRegion{max(f.Line, 1)}}}
	if f.Pointer != "" {
		l.Logical = []sarifLogical{{clip(f.Pointer, 1000), "value"}}
	}
	return sarifResult{
		RuleID: f.Rule, RuleIndex: index, Level: sarifLevelOf(f.Severity), Message: sarifMessage(f),
		Locations: []sarifLocation{l}, Fingerprints: map[string]string{"primaryLocationLineHash": sarifFingerprint(f, seen)},
	}
}

// drive matches the beginning of an absolute path on Windows.
var drive = regexp.MustCompile(`^[A-Za-z]:/`)

// sarifURI returns the location of a file: relative to the checkout, or with
// the file scheme where the path is absolute.
func sarifURI(file string) sarifArtifact {
	file = path.Clean(strings.ReplaceAll(strings.ToValidUTF8(file, "\uFFFD"), `\`, "/"))
	if drive.MatchString(file) {
		file = "/" + file
	}
	u := url.URL{Path: file}
	if path.IsAbs(file) {
		u.Scheme = "file"
		return sarifArtifact{URI: u.String()}
	}
	return sarifArtifact{URI: u.String(), Base: "%SRCROOT%"}
}

// elements matches the number of an element in a JSON Pointer.
var elements = regexp.MustCompile(`/[0-9]+\b`)

// sarifFingerprint identifies a finding over commits: by its cause, not by its
// line, and by its number among those of one cause.
func sarifFingerprint(f finding.Finding, seen map[string]int) string {
	cause := cmp.Or(f.Fingerprint, elements.ReplaceAllString(f.Pointer, "/0")+"\x00"+f.Message)
	h := sha256.Sum256([]byte(f.Rule + "\x00" + f.File + "\x00" + cause))
	id := hex.EncodeToString(h[:8])
	seen[id]++
	return fmt.Sprintf("%s:%d", id, seen[id])
}
