package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	api "github.com/google/go-github/v66/github"
)

// get reads one answer of the REST API into v, and returns the address of the
// next page, empty for none.
func (c *Client) get(ctx context.Context, doing, path string, v any) (next string, err error) {
	return c.call(ctx, doing, http.MethodGet, path, nil, v)
}

// call sends one request. What go-github has no types for goes through here as
// well as what it has.
func (c *Client) call(ctx context.Context, doing, method, path string, body, v any) (next string, err error) {
	req, err := c.api.NewRequest(method, path, body)
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	res, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return "", c.unanswered(doing, req, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body) // in memory already
	if err != nil {
		return "", c.unanswered(doing, req, err)
	}
	if res.StatusCode >= 300 {
		return "", c.refusal(doing, res, raw)
	}
	if v != nil {
		if err := json.Unmarshal(raw, v); err != nil {
			return "", c.damaged(doing, res)
		}
	}
	return nextPage(res), nil
}

func (c *Client) damaged(doing string, res *http.Response) *Error {
	return &Error{
		Doing: doing, Where: res.Request.Method + " " + res.Request.URL.Path, Status: res.StatusCode, Reason: "the answer is not the JSON of the API",
		Err: ErrDamaged, Hint: "check GITHUB_API_URL; a proxy may have answered in the forge's place",
	}
}

// nextPage returns the address of the next page, which the API puts into a
// Link header. One that leaves the API is not followed.
func nextPage(res *http.Response) string {
	for link := range strings.SplitSeq(res.Header.Get("Link"), ",") {
		at, rel, _ := strings.Cut(link, ">")
		if strings.Contains(rel, `rel="next"`) {
			at = strings.TrimPrefix(strings.TrimSpace(at), "<")
			u, err := res.Request.URL.Parse(at)
			if err == nil && u.Host == res.Request.URL.Host && u.Scheme == res.Request.URL.Scheme {
				return u.String()
			}
		}
	}
	return ""
}

// graphqlError is one of the errors that come with an answer of GraphQL.
type graphqlError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Path    []any  `json:"path"` // of the field that it is about, from the top of the data, or of the query
	More    struct {
		Code string `json:"code"` // of what is wrong with the query
	} `json:"extensions"`
}

// passing reports whether the forge stumbled: it gives a reason for everything
// else.
func (g graphqlError) passing() bool { return g.Type == "" && g.More.Code == "" }

// within returns the name of the field of a pull request that an error is
// about, empty for an error about all of it.
func (g graphqlError) within() string {
	if len(g.Path) < 3 || g.Path[0] != "repository" {
		return ""
	}
	name, _ := g.Path[2].(string)
	return name
}

// query asks by GraphQL and reads the data into v. Of a pull request, it returns
// the fields that the token may not see, which are null in v.
func (c *Client) query(ctx context.Context, doing, text string, variables map[string]any, v any) (hidden []string, err error) {
	for try := 1; ; try++ {
		res, raw, err := c.post(ctx, doing, text, variables)
		if err != nil {
			return nil, err
		}
		var out struct {
			Data   json.RawMessage `json:"data"`
			Errors []graphqlError  `json:"errors"`
		}
		if json.Unmarshal(raw, &out) != nil {
			return nil, c.damaged(doing, res)
		}
		whole := slices.IndexFunc(out.Errors, func(g graphqlError) bool { return g.within() == "" })
		if whole >= 0 {
			if err := c.again(doing, res, out.Errors[whole], try); err != nil {
				return nil, err
			}
			continue
		}
		for _, g := range out.Errors {
			hidden = append(hidden, g.within())
		}
		if err := json.Unmarshal(out.Data, v); err != nil {
			return nil, &Error{Doing: doing, Where: "POST " + c.graphql, Reason: "the answer does not have the form of the query", Err: ErrDamaged, Hint: "check GITHUB_GRAPHQL_URL"}
		}
		return hidden, nil
	}
}

// again waits before a query is sent once more that failed with status 200, or
// returns why it is not.
func (c *Client) again(doing string, res *http.Response, g graphqlError, try int) error {
	var err error
	switch {
	case try == attempts || g.Type != "RATE_LIMITED" && !g.passing():
		return c.faulty(doing, res, g)
	case g.passing():
		c.guard.budget.Retries++
		err = c.guard.pause(res.Request, try)
	default:
		err = c.guard.wait(res.Request, res, max(reset(res.Header).Sub(c.guard.now(res)), 0)+slack)
	}
	if err != nil {
		return c.unanswered(doing, res.Request, err)
	}
	return nil
}

func (c *Client) post(ctx context.Context, doing, text string, variables map[string]any) (*http.Response, []byte, error) {
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.graphql, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", doing, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.api.UserAgent)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.unanswered(doing, req, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, c.unanswered(doing, req, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, nil, c.refusal(doing, res, raw)
	}
	return res, raw, nil
}

// faulty turns an error of GraphQL, which comes with status 200, into an Error.
func (c *Client) faulty(doing string, res *http.Response, g graphqlError) *Error {
	e := &Error{Doing: doing, Where: "POST " + res.Request.URL.Path, Reason: oneLine(g.Message)}
	switch {
	case g.More.Code != "":
		e.Err, e.Hint = ErrDamaged, "the forge does not take the query; a GitHub Enterprise Server may be older than what andon asks for"
	case g.Type == "NOT_FOUND":
		e.Err, e.Hint = ErrMissing, "check the name and the number; a token that may not see a private repository gets the same answer"
	case g.Type == "FORBIDDEN" || g.Type == "INSUFFICIENT_SCOPES":
		e.Err, e.Hint = ErrPermission, permissionHint(res)
	case g.Type == "RATE_LIMITED":
		e.Err, e.Hint = ErrLimit, "run it again later"
	case g.Type == "STALE_DATA":
		e.Err, e.Hint = ErrMoved, "run the command again"
	default:
		e.Err, e.Hint = ErrUnavailable, "run the command again"
	}
	return e
}

// failed turns an error of go-github into an Error.
func (c *Client) failed(doing string, err error) error {
	var refused *api.ErrorResponse
	if errors.As(err, &refused) {
		body, _ := json.Marshal(map[string]string{"message": refused.Message})
		return c.refusal(doing, refused.Response, body)
	}
	var e *Error
	if errors.As(err, &e) {
		out := *e
		out.Doing = doing
		return &out
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var syntax *json.SyntaxError
	var form *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &form) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Doing: doing, Reason: "the answer is not the JSON of the API", Err: ErrDamaged, Hint: "check GITHUB_API_URL; a proxy may have answered in the forge's place"}
	}
	return &Error{Doing: doing, Reason: "the connection failed", Err: errors.Join(ErrUnavailable, err), Hint: "check the network and GITHUB_API_URL, then run the command again"}
}
