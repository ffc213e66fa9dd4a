package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/artifact"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trend"
	"github.com/andon-ci/andon/internal/validate"
)

// allRules returns every rule that a finding may name, in order of their ids.
func allRules() []finding.Rule {
	all := slices.Concat(inputRules(), ingest.Rules(), validate.Rules(), session.Rules(), secret.Rules(), artifact.Rules(), trend.Rules())
	slices.SortStableFunc(all, func(a, b finding.Rule) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b finding.Rule) bool { return a.ID == b.ID })
}

// inputRules are about files rather than what stands in them.
func inputRules() []finding.Rule {
	return []finding.Rule{
		{ID: "allow/expired", Severity: finding.Warning, Title: "A credential was allowed up to a day that is over",
			Help: "The entry of the configuration does not count any more. Look whether its reason still holds; then set another date, or revoke the credential."},
		{ID: "allow/unused", Severity: finding.Info, Title: "An allowed credential was not found",
			Help: "Nothing that was read holds it. An entry that no trace needs any more should go."},
		{ID: "allow/passed", Severity: finding.Info, Title: "A credential that the configuration allows",
			Help: "It was found and let pass, for the reason and up to the day that the configuration gives."},
		{ID: "config/ignored", Severity: finding.Warning, Title: "The configuration of the base could not be read, or a setting of the head was ignored",
			Help: "What loosens a check counts only from the base revision, so that a pull request does not open its own gate. Check out with `fetch-depth: 2` or fetch the base, or set the action's inputs instead."},
		{ID: "export/failed", Severity: finding.Warning, Title: "An export did not arrive, or not all of it",
			Help: "The backend refused it, did not answer, or did not take all of it; the message has its answer. What was not sent is sent by the next export. See otlp.md."},
		{ID: "input/empty", Severity: finding.Warning, Title: "A trace is empty",
			Help: "The agent was stopped before it wrote anything, or wrote elsewhere. Look at its step's log."},
		{ID: "input/event", Severity: finding.Warning, Title: "The event could not be read",
			Help: "The payload that names the pull request and its head is missing or is not JSON. The key was taken from the environment or the traces."},
		{ID: "input/link", Severity: finding.Warning, Title: "A symbolic link out of the searched folder was not followed",
			Help: "Following it would read, and upload, a file that nobody named. Name its target as a path if it is wanted."},
		{ID: "input/no-match", Severity: finding.Warning, Title: "A pattern matches no file",
			Help: "Patterns are relative to the working directory; `**` matches any depth."},
		{ID: "input/no-runs", Severity: finding.Warning, Title: "No agent run was found",
			Help: "Files were looked at and none holds a run. Check where the agent writes its transcript, and that its step ran before."},
		{ID: "input/not-a-file", Severity: finding.Error, Title: "A path is no regular file",
			Help: "Devices, pipes and sockets are not read: they may never end."},
		{ID: "input/too-many-findings", Severity: finding.Warning, Title: "More findings than are listed",
			Help: "The first 5,000 are listed. They usually have one cause."},
		{ID: "input/unreadable", Severity: finding.Error, Title: "A file could not be read",
			Help: "It is not there, may not be read, or is damaged. The other files were read, and this one is left out of the bundle."},
		{ID: "input/unrecognised", Severity: finding.Warning, Title: "No known transcript format",
			Help: "docs/formats.md lists what is recognised, always from content. Write anything else as Andon's own trace: `andon schema trace`."},
	}
}

// checkGate makes sure that each word of a gate can match something: a gate
// with a typing error in it would let everything pass.
func checkGate(failOn string) error {
	for _, word := range strings.FieldsFunc(failOn, isSeparator) {
		if word == "none" || finding.Severity(word).Rank() > 0 {
			continue
		}
		if !slices.ContainsFunc(allRules(), func(r finding.Rule) bool { return reaches(finding.Finding{Rule: r.ID}, word) }) {
			return usage(fmt.Sprintf("--fail-on %q is neither a severity nor a rule", word),
				"--fail-on takes error, warning, info, none, or rules as docs/checks.md lists them")
		}
	}
	return nil
}
