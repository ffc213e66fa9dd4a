package fake

import (
	"fmt"
	"net/http"
	"slices"
)

// AddIssue adds an open issue that somebody else has written, and returns its
// number.
func (f *Forge) AddIssue(title, body, label string) int {
	return f.addIssue(map[string]any{"title": title, "body": body, "labels": []any{label}}, false)
}

func (f *Forge) addIssue(sent map[string]any, own bool) int {
	i := f.shape("issue", "")
	for k, v := range sent {
		i[k] = v
	}
	labels := []any{}
	sentLabels, _ := sent["labels"].([]any)
	for _, name := range sentLabels {
		labels = append(labels, map[string]any{"name": name})
	}
	i["labels"] = labels
	f.next++
	number := int(f.next)
	i["number"], i["state"], i["own"] = number, "open", own
	i["html_url"] = fmt.Sprintf("https://github.com/%s/issues/%d", f.Repository, number)
	f.Issues = append(f.Issues, i)
	return number
}

func (f *Forge) createIssue(w http.ResponseWriter, r *http.Request, _ []string, body []byte) {
	f.addIssue(f.merge(map[string]any{}, body), true)
	answer(w, r, http.StatusCreated, f.Issues[len(f.Issues)-1])
}

// labelled returns the issues with a label, as GraphQL tells of them, the latest
// first.
func (f *Forge) labelled(label any) []any {
	var out []any
	for _, i := range slices.Backward(f.Issues) {
		named := func(l any) bool { return l.(map[string]any)["name"] == label }
		if !slices.ContainsFunc(i["labels"].([]any), named) {
			continue
		}
		state := map[any]string{"open": "OPEN", "closed": "CLOSED"}[i["state"]]
		out = append(out, map[string]any{
			"number": i["number"], "title": i["title"], "body": i["body"], "state": state, "url": i["html_url"], "viewerDidAuthor": i["own"],
		})
	}
	return out
}

// owners answers the query for CODEOWNERS.
func (f *Forge) owners() map[string]any {
	found := map[string]any{}
	for name, path := range map[string]string{"github": ".github/CODEOWNERS", "root": "CODEOWNERS", "docs": "docs/CODEOWNERS"} {
		found[name] = nil
		if text, ok := f.Files[path]; ok {
			found[name] = map[string]any{"isTruncated": false, "text": text}
		}
	}
	return map[string]any{"data": map[string]any{"repository": found}}
}
