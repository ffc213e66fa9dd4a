package github

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Artifact is a file that a workflow run uploaded. Its name and content are the
// uploader's, and hostile.
type Artifact struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Size      int64     `json:"size_in_bytes"`
	Expired   bool      `json:"expired"`
	Digest    string    `json:"digest"` // "sha256:" and hex digits; empty from before there were any
	CreatedAt time.Time `json:"created_at"`
	Run       struct {
		ID int64 `json:"id"`
	} `json:"workflow_run"` // that uploaded it
}

// maxArtifactPages bounds how many pages of 100 artifacts of one workflow run
// are read. A job can upload 500.
const maxArtifactPages = 10

// Artifacts returns the artifacts of a workflow run whose names begin with
// prefix, in the order in which they were made. Those of a completed run are
// asked for once.
func (c *Client) Artifacts(ctx context.Context, r Run, prefix string) (found []Artifact, more bool, err error) {
	fact := fmt.Sprintf("artifacts %d %d %d", r.ID, r.Attempt, r.UpdatedAt.Unix())
	if raw, ok := c.guard.store.fact(fact); ok && r.Completed() && json.Unmarshal(raw, &found) == nil {
		return named(found, prefix), false, nil
	}
	next := c.path("/actions/runs/%d/artifacts?per_page=100", r.ID)
	for n := 0; next != ""; n++ {
		if n == maxArtifactPages {
			return named(found, prefix), true, nil
		}
		var page struct {
			Artifacts []Artifact `json:"artifacts"`
		}
		if next, err = c.get(ctx, fmt.Sprintf("listing the artifacts of workflow run %d", r.ID), next, &page); err != nil {
			return named(found, prefix), true, err
		}
		found = append(found, page.Artifacts...)
	}
	if raw, err := json.Marshal(found); err == nil && r.Completed() {
		c.guard.store.learn(fact, raw)
	}
	return named(found, prefix), false, nil
}

func named(all []Artifact, prefix string) []Artifact {
	var out []Artifact
	for _, a := range all {
		if strings.HasPrefix(a.Name, prefix) {
			out = append(out, a)
		}
	}
	return out
}

// Download returns the zip file of an artifact of at most limit bytes. Its
// digest, where the forge knows one, has been checked.
func (c *Client) Download(ctx context.Context, a Artifact, limit int64) ([]byte, error) {
	doing := fmt.Sprintf("downloading artifact %d", a.ID)
	if raw, ok := c.guard.store.fact(fmt.Sprintf("artifact %d", a.ID)); ok && a.matches(raw) {
		return raw, nil
	}
	switch {
	case a.Expired:
		return nil, &Error{Doing: doing, Reason: "it has expired", Err: ErrExpired, Hint: "it was kept for its retention time; the action's input retention-days sets it"}
	case a.Size > limit:
		return nil, tooLarge(doing, limit)
	}
	at, err := c.located(ctx, doing, c.path("/actions/artifacts/%d/zip", a.ID))
	if err != nil {
		return nil, err
	}
	raw, err := c.blob(ctx, doing, at, limit)
	if err != nil {
		return nil, err
	}
	if !a.matches(raw) {
		return nil, &Error{Doing: doing, Reason: "its digest is not the one that the forge names", Err: ErrDamaged, Hint: "run the command again; if it stays so, do not trust the artifact"}
	}
	c.guard.store.learn(fmt.Sprintf("artifact %d", a.ID), raw)
	return raw, nil
}

func tooLarge(doing string, limit int64) *Error {
	return &Error{
		Doing: doing, Reason: fmt.Sprintf("it has over %d MiB", limit>>20), Err: ErrTooLarge,
		Hint: "a bundle without content is small; set the action's input content to none",
	}
}

func (a Artifact) matches(raw []byte) bool {
	want, known := strings.CutPrefix(a.Digest, "sha256:")
	sum := sha256.Sum256(raw)
	return !known || want == hex.EncodeToString(sum[:])
}

// located asks where a file lies: outside the API, for a minute, and readable
// without credentials.
func (c *Client) located(ctx context.Context, doing, path string) (string, error) {
	req, err := c.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	res, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return "", c.unanswered(doing, req, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", c.unanswered(doing, req, err)
	}
	at, err := res.Location()
	if res.StatusCode != http.StatusFound || err != nil || at.Scheme != "https" && at.Scheme != c.base.Scheme {
		if res.StatusCode < 400 {
			return "", c.damaged(doing, res)
		}
		return "", c.refusal(doing, res, body)
	}
	return at.String(), nil
}

// blob reads what lies outside the API, up to limit bytes.
func (c *Client) blob(ctx context.Context, doing, at string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	for try := 1; ; try++ {
		raw, status, err := c.fetch(req, limit)
		var large *Error
		switch {
		case errors.As(err, &large):
			return nil, tooLarge(doing, limit)
		case err == nil && status == http.StatusOK:
			return raw, nil
		case try == attempts || ctx.Err() != nil || err == nil && status < 500:
			return nil, c.unfetched(doing, req, status, err)
		}
		c.guard.budget.Retries++
		if err := c.guard.pause(req, try); err != nil {
			return nil, c.unfetched(doing, req, status, err)
		}
	}
}

func (c *Client) fetch(req *http.Request, limit int64) ([]byte, int, error) {
	c.guard.budget.Downloads++
	res, err := c.blobs.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(res.Body, limit+1))
	if err == nil && n > limit {
		err = tooLarge("", limit)
	}
	if err == nil && res.ContentLength > n {
		err = io.ErrUnexpectedEOF
	}
	return b.Bytes(), res.StatusCode, err
}

// unfetched names the host alone: the rest of the address lets anybody read the
// artifact.
func (c *Client) unfetched(doing string, req *http.Request, status int, err error) error {
	if ctx := req.Context().Err(); ctx != nil {
		return fmt.Errorf("%s: %w", doing, ctx)
	}
	e := &Error{Doing: doing, Where: "GET " + req.URL.Host, Status: status, Reason: "the download broke off", Err: ErrUnavailable, Hint: "run the command again"}
	if status >= 400 && err == nil {
		e.Reason = "the store refused it"
	}
	return e
}
