package github

import (
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

var (
	//go:embed branch.graphql
	branchQuery string

	//go:embed create_commit.graphql
	commitMutation string
)

// Head returns the commit that a branch leads to, empty for a branch that is not
// there.
func (c *Client) Head(ctx context.Context, branch string) (string, error) {
	var answer struct {
		Repository struct {
			NameWithOwner string `json:"nameWithOwner"`
			Ref           *struct {
				Target struct {
					OID string `json:"oid"`
				} `json:"target"`
			} `json:"ref"`
		} `json:"repository"`
	}
	_, err := c.query(ctx, "looking up the branch "+branch, branchQuery, map[string]any{"owner": c.owner, "name": c.name, "ref": "refs/heads/" + branch}, &answer)
	if err != nil || answer.Repository.Ref == nil {
		return "", err
	}
	c.moved(answer.Repository.NameWithOwner)
	return answer.Repository.Ref.Target.OID, nil
}

// Tarball returns all files at a commit, as a compressed archive of at most
// limit bytes.
func (c *Client) Tarball(ctx context.Context, commit string, limit int64) ([]byte, error) {
	doing := "downloading the files of " + short(commit)
	at, err := c.located(ctx, doing, c.path("/tarball/%s", commit))
	if err != nil {
		return nil, err
	}
	raw, err := c.blob(ctx, doing, at, limit)
	var large *Error
	if errors.As(err, &large) && errors.Is(err, ErrTooLarge) {
		large.Hint = "read the branch with git, in a checkout"
	}
	return raw, err
}

// CommitFiles puts a commit with files and without removed ones on top of head, which
// the branch must lead to; an empty head makes the branch, with a commit that
// has no other before it. Moved tells that the branch leads elsewhere: nothing
// was done.
func (c *Client) CommitFiles(ctx context.Context, branch, head, message string, files map[string][]byte, removed []string) (commit string, moved bool, err error) {
	doing := "committing to " + branch
	if head == "" {
		return c.root(ctx, doing, branch, message, files)
	}
	additions, deletions := []map[string]string{}, []map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		additions = append(additions, map[string]string{"path": name, "contents": base64.StdEncoding.EncodeToString(files[name])})
	}
	for _, name := range removed {
		deletions = append(deletions, map[string]string{"path": name})
	}
	var answer struct {
		Made struct {
			Commit struct {
				OID string `json:"oid"`
			} `json:"commit"`
		} `json:"createCommitOnBranch"`
	}
	_, err = c.query(ctx, doing, commitMutation, map[string]any{"input": map[string]any{
		"branch":          map[string]string{"repositoryNameWithOwner": c.Repository(), "branchName": branch},
		"expectedHeadOid": head,
		"message":         map[string]string{"headline": message},
		"fileChanges":     map[string]any{"additions": additions, "deletions": deletions},
	}}, &answer)
	if err == nil {
		return answer.Made.Commit.OID, false, nil
	}
	if errors.Is(err, ErrMoved) {
		return "", true, nil
	}
	return "", false, err
}

// root makes a branch. What it begins with is text.
func (c *Client) root(ctx context.Context, doing, branch, message string, files map[string][]byte) (commit string, moved bool, err error) {
	tree := []map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		tree = append(tree, map[string]string{"path": name, "mode": "100644", "type": "blob", "content": string(files[name])})
	}
	var made struct {
		SHA string `json:"sha"`
	}
	if _, err := c.call(ctx, doing, http.MethodPost, c.path("/git/trees"), map[string]any{"tree": tree}, &made); err != nil {
		return "", false, err
	}
	if _, err := c.call(ctx, doing, http.MethodPost, c.path("/git/commits"), map[string]any{"message": message, "tree": made.SHA, "parents": []string{}}, &made); err != nil {
		return "", false, err
	}
	_, err = c.call(ctx, doing, http.MethodPost, c.path("/git/refs"), map[string]string{"ref": "refs/heads/" + branch, "sha": made.SHA}, nil)
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusUnprocessableEntity && strings.Contains(e.Reason, "already exists") {
		return "", true, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("making the branch %s: %w", branch, err)
	}
	return made.SHA, false, nil
}
