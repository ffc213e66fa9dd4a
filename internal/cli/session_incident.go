package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/issue"
	"github.com/andon-ci/andon/internal/report"
)

// incidentLabel is on the issues about credentials, by which they are found.
const incidentLabel = "andon-incident"

// postIncident keeps one open issue about the credentials in the traces of the
// pull request, or commit. What people have closed is done with: only what is
// not listed there makes another. Nothing that is listed is taken away, since
// the bundles that told of it expire.
func (v *view) postIncident(ctx context.Context) error {
	if v.flags.settings.incident != "issue" || len(v.leaks) == 0 {
		return nil
	}
	rows := report.IncidentRows(v.leaks)
	for i := range rows {
		clean, _ := v.scan.Redact([]byte(rows[i]))
		rows[i] = string(clean)
	}
	there, err := v.forge.Issues(ctx, incidentLabel)
	if err != nil {
		return err
	}
	key, subject := v.incidentOf()
	var open []issue.Post
	var listed []string
	slices.Reverse(there) // the oldest first
	for _, i := range there {
		if !i.Own || !strings.HasPrefix(i.Body, issue.Marker(key)) {
			continue
		}
		known := report.ListedRows(i.Body)
		rows = slices.DeleteFunc(rows, func(r string) bool { return slices.Contains(known, r) })
		if i.Open {
			open = append(open, issue.Post{ID: int64(i.Number), Own: true, Body: i.Body})
			if listed == nil {
				listed = known
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	body := report.IncidentMarkdown(subject, append(listed, rows...))
	title := "Credentials in the traces of agents: " + subject
	for _, e := range issue.Plan(open, key, body) {
		switch e.Action {
		case issue.Create:
			_, err = v.forge.AddIssue(ctx, title, e.Body, incidentLabel)
		case issue.Update:
			err = v.forge.EditIssue(ctx, int(e.ID), title, e.Body)
		} // an issue cannot be deleted: of two, the second stays as it is
		if err != nil {
			return err
		}
	}
	return nil
}

// incidentOf returns the key of the issue, and what it says that it is about.
func (v *view) incidentOf() (key, subject string) {
	if n := v.chain.Subject.Number; n > 0 {
		return fmt.Sprintf("incident %d", n), fmt.Sprintf("#%d", n)
	}
	sha := v.chain.HeadSHA[:min(len(v.chain.HeadSHA), 12)]
	return "incident " + sha, sha
}
