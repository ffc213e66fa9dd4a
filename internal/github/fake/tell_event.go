package fake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
)

// timeline returns the events in the order of their times.
func timeline(h *override.History) []any {
	var all []map[string]any
	add := func(typ string, at time.Time, by override.Actor, more map[string]any) {
		e := map[string]any{"__typename": typ, "id": fmt.Sprintf("%s_%d", typ, len(all)), "createdAt": moment(at), "actor": actor(by), "url": h.URL}
		maps.Copy(e, more)
		all = append(all, e)
	}
	for _, e := range h.Events {
		add(eventType(e.Kind), e.Time, e.Actor, event(e))
	}
	for _, r := range h.Reviews {
		if d := r.Dismissal; d != nil {
			more := map[string]any{
				"url": d.URL, "dismissalMessage": d.Message, "review": map[string]any{"fullDatabaseId": fmt.Sprint(r.ID), "author": actor(r.Author)},
				"previousReviewState": review(override.Review{State: r.State}).(map[string]any)["state"],
			}
			if d.Commit != "" {
				more["pullRequestCommit"] = map[string]any{"commit": oid(d.Commit)}
			}
			add("ReviewDismissedEvent", d.Time, d.By, more)
		}
	}
	for _, r := range h.Reverts {
		if r.Number > 0 {
			add("CrossReferencedEvent", cmp.Or(r.Merged, h.AsOf), r.Author, map[string]any{"source": source(h, r)})
		}
	}
	if m := h.Merge; m != nil {
		if m.EnabledBy != (override.Actor{}) {
			how := "AutoMergeEnabledEvent"
			if m.By.Login == "github-merge-queue[bot]" {
				how = "AddedToMergeQueueEvent"
				add("RemovedFromMergeQueueEvent", m.Time, m.By, nil)
			}
			add(how, m.Time.Add(-time.Minute), m.EnabledBy, nil)
		}
		add("MergedEvent", m.Time, m.By, map[string]any{"commit": oid(m.SHA)})
		add("ClosedEvent", m.Time, m.By, nil)
	}
	slices.SortStableFunc(all, func(a, b map[string]any) int { return cmp.Compare(a["createdAt"].(string), b["createdAt"].(string)) })
	return each(all, func(e map[string]any) any { return e })
}

func eventType(k override.EventKind) string {
	return map[override.EventKind]string{
		override.ForcePushed: "HeadRefForcePushedEvent", override.Labeled: "LabeledEvent", override.Unlabeled: "UnlabeledEvent",
		override.Closed: "ClosedEvent", override.Reopened: "ReopenedEvent",
	}[k]
}

func event(e override.Event) map[string]any {
	out := map[string]any{"beforeCommit": oid(e.Before), "afterCommit": oid(e.After)}
	if e.ID != "" {
		out["id"] = e.ID
	}
	if e.Kind == override.Closed {
		out["url"], out["closer"] = e.URL, oid(e.Commit)
	}
	if e.Label != "" {
		out["label"] = map[string]any{"name": e.Label}
	}
	return out
}

// source is a pull request that mentions the history's.
func source(h *override.History, r override.Revert) map[string]any {
	return map[string]any{
		"__typename": "PullRequest", "number": r.Number, "title": r.Title, "body": r.Body, "url": r.URL, "headRefName": cmp.Or(r.Head, "topic"),
		"headRefOid": h.Head.SHA, "baseRefName": h.Base.Ref,
		"createdAt": moment(cmp.Or(r.Merged, h.AsOf)), "mergedAt": moment(r.Merged), "mergedBy": actor(r.MergedBy), "mergeCommit": oid(r.SHA), "author": actor(r.Author),
		"baseRepository": map[string]any{"nameWithOwner": h.Repository},
		"commits":        each(r.Messages, func(m string) any { return map[string]any{"commit": map[string]any{"message": m}} }),
	}
}

// standing returns the commits that are on the head branch.
func standing(h *override.History) []override.Commit {
	gone := map[string]bool{}
	for _, e := range h.Events {
		for _, sha := range e.Dropped {
			gone[sha] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(h.Commits), func(c override.Commit) bool { return gone[c.SHA] })
}

// beside returns what the REST API adds, and what GraphQL tells of the base.
func (f *Forge) beside(h *override.History) map[string]any {
	out := map[string]any{"activity": activity(h), "compare": compare(h), "permissions": f.permissions(h)}
	landed := []any{}
	commits := map[string]any{}
	for _, c := range h.Commits {
		commits[c.SHA] = version(c)
	}
	if m := h.Merge; m != nil {
		commits[m.SHA] = files(m.SHA, m.Files)
		brought := brought(h)
		out["brought"] = brought
		landed = slices.Clone(brought)
		parent := m.SHA
		for _, c := range base(h) {
			c.Parents = append([]string{parent}, c.Parents[min(1, len(c.Parents)):]...)
			parent = c.SHA
			landed = slices.Insert(landed, 0, commit(c))
			commits[c.SHA] = files(c.SHA, c.Files)
		}
	}
	out["landed"], out["commits"] = landed, commits
	return out
}

// brought returns what the merge put onto the base, the newest first: a merge
// commit, or the commits that a rebase made of the change's.
func brought(h *override.History) []any {
	m := h.Merge
	parent := h.Base.SHA
	own := slices.DeleteFunc(standing(h), func(c override.Commit) bool { return len(c.Parents) > 1 }) // which a rebase leaves out
	out := []any{}
	for i, sha := range m.Commits {
		c := own[i]
		c.SHA, c.Parents, c.Pushed = sha, []string{parent}, m.Time
		parent = sha
		out = append([]any{commit(c)}, out...)
	}
	if len(out) == 0 {
		by := override.Identity{Name: m.By.Login, Time: m.Time, Account: m.By}
		out = append(out, commit(override.Commit{SHA: m.SHA, Parents: []string{parent, h.Head.SHA}, Message: "Merge pull request", Author: by}))
	}
	return append(out, commit(override.Commit{SHA: h.Base.SHA, Message: "What was there", Author: override.Identity{Time: h.Created.AddDate(0, 0, -1)}}))
}

// base returns what came onto the base after the merge, the oldest first: also
// what merged the pull requests that revert it, by squashing.
func base(h *override.History) []override.Commit {
	out := slices.Clone(h.After)
	for _, r := range h.Reverts {
		known := slices.ContainsFunc(out, func(c override.Commit) bool { return c.SHA == r.SHA })
		switch {
		case known:
		case r.Commit != nil:
			out = append(out, *r.Commit)
		case !r.Merged.IsZero():
			by := override.Identity{Name: r.Author.Login, Time: r.Merged, Account: r.Author}
			out = append(out, override.Commit{SHA: r.SHA, Author: by, Message: fmt.Sprintf("%s (#%d)\n\n%s", r.Title, r.Number, strings.Join(r.Messages, "\n\n"))})
		}
	}
	return out
}

// activity is the log of pushes, each commit pushed by itself, under the name
// that the branch had then.
func activity(h *override.History) any {
	log := []any{}
	var renamed time.Time
	if at := slices.IndexFunc(h.Events, func(e override.Event) bool { return e.Kind == "head_ref_renamed" }); at >= 0 {
		renamed = h.Events[at].Time
	}
	for i, c := range h.Commits {
		if c.Pushed.IsZero() || c.Pusher == (override.Actor{}) {
			continue
		}
		before := h.Base.SHA
		if i > 0 {
			before = h.Commits[i-1].SHA
		}
		ref := "refs/heads/" + h.Head.Ref
		if c.Pushed.Before(renamed) {
			ref += "-as-it-was"
		}
		log = append(log, map[string]any{
			"id": i + 1, "node_id": "PSH", "before": before, "after": c.SHA, "ref": ref, "timestamp": moment(c.Pushed),
			"activity_type": "push", "actor": account(c.Pusher),
		})
	}
	return log
}

// compare has what each force-push dropped, what the merge brought, and what
// changed since.
func compare(h *override.History) map[string]any {
	out := map[string]any{}
	for _, e := range h.Events {
		var dropped []any
		for _, c := range h.Commits {
			if slices.Contains(e.Dropped, c.SHA) {
				dropped = append(dropped, bySHA(c))
			}
		}
		if dropped != nil {
			out[e.After+"..."+e.Before] = map[string]any{"status": "diverged", "commits": dropped}
		}
	}
	if m := h.Merge; m != nil {
		out[h.Base.SHA+"..."+m.SHA] = files(m.SHA, m.Files)
		var since []override.File
		for _, c := range base(h) {
			since = append(since, c.Files...)
			out[m.SHA+"..."+c.SHA] = files(c.SHA, since)
		}
	}
	return out
}

// bySHA is a commit by REST.
func bySHA(c override.Commit) any {
	sign := func(i override.Identity) any {
		return map[string]any{"name": i.Name, "email": i.Email, "date": moment(i.Time)}
	}
	committer := cmp.Or(c.Committer, c.Author)
	return map[string]any{
		"sha": c.SHA, "html_url": c.URL, "author": account(c.Author.Account), "committer": account(committer.Account),
		"commit":  map[string]any{"message": c.Message, "author": sign(c.Author), "committer": sign(committer), "tree": map[string]any{"sha": tree(c)}},
		"parents": each(c.Parents, func(sha string) any { return map[string]any{"sha": sha} }),
	}
}

// version is a commit with its patch, where that is known.
func version(c override.Commit) any {
	out := bySHA(c).(map[string]any)
	out["stats"] = map[string]any{"additions": c.Additions.N(), "deletions": c.Deletions.N()}
	file := map[string]any{"filename": "parser.go", "status": "modified"}
	if c.PatchID != "" {
		file["patch"] = "@@ -1,0 +1,1 @@ of " + c.SHA + "\n+" + c.PatchID
	}
	out["files"] = []any{file}
	return out
}

// tree returns what a commit holds: what it is by itself, where the history does
// not say that it is another's.
func tree(c override.Commit) string { return cmp.Or(c.Tree, c.SHA) }

// permissions are those of everybody who said something; whose is not known,
// the token may not ask.
func (f *Forge) permissions(h *override.History) map[string]any {
	out := map[string]any{}
	add := func(by override.Actor, p string) {
		switch p {
		case "":
		case "maintain":
			out[by.Login] = map[string]any{"permission": "write", "role_name": p}
		case "triage":
			out[by.Login] = map[string]any{"permission": "read", "role_name": p}
		default:
			out[by.Login] = map[string]any{"permission": p, "role_name": p}
		}
	}
	for _, c := range h.Comments {
		add(c.Author, c.Permission)
	}
	for _, r := range h.Reviews {
		add(r.Author, r.Permission)
	}
	for _, t := range h.Threads {
		for _, c := range t.Comments {
			add(c.Author, c.Permission)
		}
	}
	if len(out) == 0 {
		f.Fail(Fault{Path: "/permission", Reply: Denied})
	}
	return out
}

// files is a commit with what it did to files.
func files(sha string, all []override.File) any {
	return map[string]any{"sha": sha, "files": each(all, func(x override.File) any {
		return map[string]any{"filename": x.Path, "previous_filename": x.Previous, "status": "modified", "patch": patch(x.Hunks)}
	})}
}

func patch(hunks []override.Hunk) string {
	s := ""
	for _, k := range hunks {
		s += fmt.Sprintf("@@ -%d,%d +%d,%d @@\n", k.Old, k.Removed, k.New, k.Added)
		for range k.Removed {
			s += "-old\n"
		}
		for range k.Added {
			s += "+new\n"
		}
	}
	return s
}
