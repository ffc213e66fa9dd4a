package github

import (
	"context"
	_ "embed"
)

//go:embed codeowners.graphql
var codeownersQuery string

// Codeowners returns the CODEOWNERS file of the default branch, empty where
// there is none.
func (c *Client) Codeowners(ctx context.Context) (string, error) {
	type blob struct {
		IsTruncated bool
		Text        string
	}
	var answer struct {
		Repository struct{ Github, Root, Docs *blob }
	}
	doing := "reading CODEOWNERS of " + c.Repository()
	if _, err := c.query(ctx, doing, codeownersQuery, map[string]any{"owner": c.owner, "name": c.name}, &answer); err != nil {
		return "", err
	}
	r := answer.Repository
	for _, b := range []*blob{r.Github, r.Root, r.Docs} {
		switch {
		case b != nil && b.IsTruncated:
			return "", &Error{Doing: doing, Reason: "the file is too large", Err: ErrTooLarge, Hint: "GitHub takes CODEOWNERS of at most 3 MB"}
		case b != nil:
			return b.Text, nil
		}
	}
	return "", nil
}
