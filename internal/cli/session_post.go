package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/issue"
	"github.com/andon-ci/andon/internal/report"
)

const (
	postKey = "session"
	maxPost = 60_000 // bytes; GitHub takes 65,536 characters in a comment, and 65,535 in a check run's summary
)

// post writes what was asked for, each whatever became of the others: they take
// permissions of their own. It returns the first error, and prints the rest.
func (v *view) post(ctx context.Context) error {
	var first error
	for _, write := range []func(context.Context) error{v.postComment, v.postCheck, v.postIncident} {
		switch err := forgeFailure(write(ctx)); {
		case err == nil:
		case first == nil:
			first = err
		default:
			exit(v.env.Stderr, unsaid(v.env, err))
		}
	}
	return first
}

// body returns the text that is posted.
func (v *view) body() (string, error) {
	o := v.markdown()
	o.Limit = maxPost
	var b bytes.Buffer
	if err := report.ChainMarkdown(&b, v.story(), o); err != nil {
		return "", err
	}
	out, _ := v.scan.Redact(b.Bytes())
	return string(out), nil
}

// postComment keeps one comment. Where the comments could not be read to their
// end, none is written: it could be the second one.
func (v *view) postComment(ctx context.Context) error {
	if !v.flags.comment {
		return nil
	}
	if v.pull == nil {
		fmt.Fprintln(v.env.Stderr, "andon: no comment was written: no pull request was found that has the commit")
		return nil // an event's; that a commit was named beside --comment, about says
	}
	for _, list := range v.pull.Unread {
		if list == "comments" {
			return failure(errors.New("not all comments of the pull request could be read"), "writing a comment", "there could be one already; see what was not read, and run it again")
		}
	}
	body, err := v.body()
	if err != nil {
		return err
	}
	var posts []issue.Post
	for _, c := range v.pull.Comments {
		posts = append(posts, issue.Post{ID: c.ID, Own: c.Own, Body: c.Body})
	}
	for _, e := range issue.Plan(posts, postKey, body) {
		switch e.Action {
		case issue.Create:
			_, err = v.forge.AddComment(ctx, v.pull.Number, e.Body)
		case issue.Update:
			err = v.forge.EditComment(ctx, e.ID, e.Body)
		case issue.Delete:
			err = v.forge.DeleteComment(ctx, e.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *view) postCheck(ctx context.Context) error {
	if !v.flags.check {
		return nil
	}
	body, err := v.body()
	if err != nil {
		return err
	}
	title, _ := v.scan.Redact([]byte(report.ChainVerdict(v.story())))
	const most = 200
	if len(title) > most {
		title = append(bytes.ToValidUTF8(title[:most], nil), "…"...)
	}
	_, err = v.forge.PutCheck(ctx, github.Check{
		Name: "Andon session", Key: "andon/" + postKey, SHA: v.chain.HeadSHA, Conclusion: report.ChainConclusion(v.story()),
		Title: string(title), Summary: body, DetailsURL: v.details(),
	})
	return err
}

// details returns the address of the pull request, empty for a commit.
func (v *view) details() string {
	if v.pull == nil {
		return ""
	}
	return v.pull.URL
}
