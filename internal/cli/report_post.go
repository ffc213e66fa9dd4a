package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/issue"
	"github.com/andon-ci/andon/internal/report"
)

// reportLabel is that of the issues that report keeps. By it they are found, so
// that not every issue of a repository is read.
const reportLabel = "andon-report"

// body returns the report as Markdown.
func (p *reporting) body() (string, error) {
	var b bytes.Buffer
	if err := report.TrendMarkdown(&b, p.report, p.options()); err != nil {
		return "", err
	}
	out, _ := p.scan.Redact(b.Bytes())
	return string(out), nil
}

// post keeps the issue of the period.
func (p *reporting) post(ctx context.Context) error {
	c, err := p.flags.client(p.env, cmp.Or(p.flags.repository, p.env.Getenv("GITHUB_REPOSITORY")))
	if err != nil {
		return err
	}
	defer tellBudget(p.env, c, p.flags.quiet)
	there, err := c.Issues(ctx, reportLabel)
	if err != nil {
		return err
	}
	var issues []issue.Issue
	for _, i := range there {
		issues = append(issues, issue.Issue{Number: i.Number, Own: i.Own, Open: i.Open, Title: i.Title, Body: i.Body})
	}
	o := p.options()
	o.Mention = p.settings.mention
	var b bytes.Buffer
	if err := report.TrendMarkdown(&b, p.report, o); err != nil {
		return err
	}
	body, _ := p.scan.Redact(b.Bytes())
	for _, s := range issue.PlanPeriod(issues, p.series(), p.period(), p.title(), string(body)) {
		if s.Action == issue.Create && p.flags.calm && report.TrendWorst(p.report).Rank() < finding.Warning.Rank() {
			p.tell("no issue was opened: nothing is a warning or worse")
			continue
		}
		if err := p.step(ctx, c, s); err != nil {
			return err
		}
	}
	return nil
}

// issues is what posting needs of the forge.
type issues interface {
	AddIssue(ctx context.Context, title, body, label string) (string, error)
	EditIssue(ctx context.Context, number int, title, body string) error
	CloseIssue(ctx context.Context, number int) error
}

func (p *reporting) step(ctx context.Context, c issues, s issue.Step) error {
	switch s.Action {
	case issue.Create:
		url, err := c.AddIssue(ctx, s.Title, s.Body, reportLabel)
		if err == nil {
			p.tell("opened " + url)
		}
		return err
	case issue.Update:
		p.tell(fmt.Sprintf("changing issue #%d", s.Number))
		return c.EditIssue(ctx, s.Number, s.Title, s.Body)
	case issue.Close:
		p.tell(fmt.Sprintf("closing issue #%d, whose period is over", s.Number))
		return c.CloseIssue(ctx, s.Number)
	}
	return nil
}

func (p *reporting) tell(s string) {
	if !p.flags.quiet {
		fmt.Fprintf(p.env.Stderr, "andon: %s\n", plain(s))
	}
}

// series tells the issues of an owner's report from those of others.
func (p *reporting) series() string {
	if p.flags.owner == "" {
		return "report"
	}
	return "report/" + p.flags.owner
}

func (p *reporting) title() string {
	title := report.TrendTitle(p.report)
	if p.flags.owner != "" {
		// not by "@", for a title mentions too
		title += " (" + ownerName(p.flags.owner) + ")"
	}
	return title
}

// period names the stretch of time that the last day of the report is in, so
// that names are in order of time.
func (p *reporting) period() string {
	day := p.window.to.Time()
	switch p.flags.period {
	case "day":
		return day.Format(time.DateOnly)
	case "month":
		return day.Format("2006-01")
	}
	year, week := day.ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}
