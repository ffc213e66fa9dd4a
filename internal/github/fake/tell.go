package fake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
)

// Tell makes the forge the one that a history is of: what it knows then is the
// history's, in the shapes in which GitHub would tell of it. What the history
// says is not known, the forge does not show.
func (f *Forge) Tell(h *override.History) {
	f.Repository, f.ID, f.Posts = h.Repository, h.RepositoryID, nil
	f.Old = ""
	if h.Base.Repository != h.Repository {
		f.Old = h.Base.Repository
	}
	if slices.Contains(h.Missing, override.PartEvents) {
		f.Deny("timelineItems")
	}
	f.Pull = map[string]any{
		"number": float64(h.Subject.Number), "title": h.Title, "body": h.Body, "url": h.URL, "state": "OPEN", "isDraft": false,
		"createdAt": moment(h.Created), "author": actor(h.Author), "isCrossRepository": h.Head.Repository != h.Base.Repository,
		"headRefName": cmp.Or(h.Head.Ref, "gone"), "headRefOid": h.Head.SHA, "baseRefName": h.Base.Ref, "baseRefOid": h.Base.SHA,
		"reactions": reactions(h.Reactions), "comments": each(h.Comments, issueComment), "reviews": each(h.Reviews, review),
		"commits":       each(standing(h), func(c override.Commit) any { return map[string]any{"commit": commit(c)} }),
		"timelineItems": timeline(h), "reviewThreads": each(h.Threads, thread), "rest": f.beside(h),
	}
	if h.Head.Repository != "" {
		f.Pull["headRepository"] = map[string]any{"nameWithOwner": moved(h, h.Head.Repository), "databaseId": h.RepositoryID}
	}
	if m := h.Merge; m != nil {
		f.Pull["state"], f.Pull["mergedAt"], f.Pull["mergedBy"] = "MERGED", moment(m.Time), actor(m.By)
		f.Pull["mergeCommit"] = oid(m.SHA)
	}
}

// moved returns what a repository is called since the history's was
// transferred.
func moved(h *override.History, repository string) string {
	if repository == h.Base.Repository {
		return h.Repository
	}
	return repository
}

func each[T any](all []T, of func(T) any) []any {
	out := []any{}
	for _, x := range all {
		out = append(out, of(x))
	}
	return out
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func oid(sha string) any {
	if sha == "" {
		return nil
	}
	return map[string]any{"__typename": "Commit", "oid": sha}
}

// actor is an account by GraphQL, which has no "[bot]" in names.
func actor(a override.Actor) any {
	if a.Login == "" {
		return nil
	}
	return map[string]any{"__typename": a.Type, "login": strings.TrimSuffix(a.Login, "[bot]")}
}

// user is an account where the schema has people alone: a bot is nobody there.
func user(a override.Actor) any {
	if a.Type != "User" {
		return nil
	}
	return actor(a)
}

// account is an account by REST.
func account(a override.Actor) any {
	if a.Login == "" {
		return nil
	}
	return map[string]any{"login": a.Login, "type": a.Type}
}

func reactions(all []override.Reaction) []any {
	names := map[string]string{"+1": "THUMBS_UP", "-1": "THUMBS_DOWN"}
	return each(all, func(r override.Reaction) any {
		return map[string]any{
			"databaseId": r.ID, "content": cmp.Or(names[r.Content], strings.ToUpper(r.Content)), "createdAt": moment(r.Time), "user": user(r.Actor),
		}
	})
}

func comment(typ string, c override.Comment) map[string]any {
	return map[string]any{
		"__typename": typ, "fullDatabaseId": fmt.Sprint(c.ID), "url": c.URL, "createdAt": moment(c.Time), "body": c.Body, "author": actor(c.Author),
		"editor": actor(c.Editor), "authorAssociation": cmp.Or(c.Association, "NONE"), "viewerDidAuthor": false, "reactions": reactions(c.Reactions),
	}
}

func issueComment(c override.Comment) any { return comment("IssueComment", c) }

func review(r override.Review) any {
	state := strings.ToUpper(string(r.State))
	if r.Dismissal != nil {
		state = "DISMISSED"
	}
	return map[string]any{
		"__typename": "PullRequestReview", "id": r.Node, "fullDatabaseId": fmt.Sprint(r.ID), "state": state, "submittedAt": moment(r.Submitted), "body": r.Body, "url": r.URL,
		"author": actor(r.Author), "commit": oid(r.Commit), "authorAssociation": cmp.Or(r.Association, "NONE"), "editor": actor(r.Editor),
		"reactions": reactions(r.Reactions),
	}
}

func thread(t override.Thread) any {
	comments := []any{}
	for _, c := range t.Comments {
		m := comment("PullRequestReviewComment", c)
		m["originalCommit"] = oid(t.Commit)
		if c.ReviewID > 0 {
			m["pullRequestReview"] = map[string]any{"fullDatabaseId": fmt.Sprint(c.ReviewID)}
		}
		comments = append(comments, m)
	}
	return map[string]any{
		"id": t.ID, "isResolved": t.Resolved, "isOutdated": t.Changed == override.Yes, "path": t.Path, "line": t.Line,
		"resolvedBy": user(t.ResolvedBy), "comments": comments,
	}
}

func commit(c override.Commit) any {
	committer := c.Committer
	if committer == (override.Identity{}) {
		committer = c.Author
		if !c.Pushed.IsZero() {
			committer.Time = c.Pushed
		}
	}
	return map[string]any{
		"oid": c.SHA, "url": c.URL, "message": c.Message, "additions": c.Additions.N(), "deletions": c.Deletions.N(), "tree": oid(tree(c)),
		"parents": each(c.Parents, func(sha string) any { return oid(sha) }), "author": signature(c.Author), "committer": signature(committer),
	}
}

func signature(i override.Identity) any {
	return map[string]any{"name": i.Name, "email": i.Email, "date": moment(i.Time), "user": user(i.Account)}
}
