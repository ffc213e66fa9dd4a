package fake

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
)

// graphql answers the query for a pull request, each list that was asked for in
// pages of 100, the one for what landed on a branch, and the one for issues.
func (f *Forge) graphql(w io.Writer, body []byte) {
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		f.t.Errorf("a query that is no JSON: %v", err)
	}
	if strings.Contains(q.Query, "query landing(") {
		rest, _ := f.Pull["rest"].(map[string]any)
		history := map[string]any{"pageInfo": map[string]any{"hasNextPage": false}, "nodes": rest["landed"]}
		json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"repository": map[string]any{"ref": map[string]any{"target": map[string]any{"history": history}}}}})
		return
	}
	if strings.Contains(q.Query, "query issues(") {
		json.NewEncoder(w).Encode(f.labelled(q.Variables["label"]))
		return
	}
	pull := f.pull(q.Variables)
	out := map[string]any{"data": map[string]any{"repository": map[string]any{
		"nameWithOwner": f.Repository, "repositoryId": 1296269, "pullRequest": pull,
	}}}
	if pull == nil {
		out = map[string]any{
			"data":   map[string]any{"repository": map[string]any{"pullRequest": nil}},
			"errors": []any{map[string]any{"type": "NOT_FOUND", "message": fmt.Sprintf("Could not resolve to a PullRequest with the number of %v.", q.Variables["number"])}},
		}
	}
	json.NewEncoder(w).Encode(out)
}

// pull returns what the variables ask for of the pull request, nil for another.
func (f *Forge) pull(v map[string]any) map[string]any {
	if f.Pull == nil || v["number"] != f.Pull["number"] {
		return nil
	}
	out := maps.Clone(f.Pull)
	delete(out, "rest")
	for list, with := range map[string][2]string{
		"commits": {"withCommits", "commits"}, "reviews": {"withReviews", "reviews"}, "timelineItems": {"withEvents", "events"},
		"reviewThreads": {"withThreads", "threads"}, "comments": {"withComments", "comments"},
	} {
		if v[with[0]] != true {
			delete(out, list)
			continue
		}
		out[list] = f.connection(list, v[with[1]])
	}
	return out
}

func (f *Forge) connection(list string, after any) map[string]any {
	all, _ := f.Pull[list].([]any)
	if list == "comments" {
		for _, p := range f.Posts {
			all = append(all, map[string]any{
				"id": fmt.Sprint(p["id"]), "url": p["html_url"], "createdAt": p["created_at"], "body": p["body"], "viewerDidAuthor": true,
				"author": map[string]any{"__typename": "Bot", "login": "github-actions"},
			})
		}
	}
	from := 0
	if s, ok := after.(string); ok {
		from, _ = strconv.Atoi(s) // 0 where it is none of ours
	}
	to := min(from+100, len(all))
	return map[string]any{
		"pageInfo": map[string]any{"hasNextPage": to < len(all), "endCursor": fmt.Sprint(to)},
		"nodes":    append([]any{}, all[from:to]...),
	}
}
