package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What an Error can be for, told by errors.Is.
var (
	ErrToken       = errors.New("nobody to ask as")
	ErrPermission  = errors.New("the token may not do this")
	ErrMissing     = errors.New("not there, or not to be seen with this token")
	ErrExpired     = errors.New("expired")
	ErrLimit       = errors.New("a limit of the forge was reached")
	ErrUnavailable = errors.New("the forge does not answer")
	ErrTooLarge    = errors.New("larger than allowed")
	ErrDamaged     = errors.New("not what was announced")
	ErrMoved       = errors.New("somebody else was faster")
)

// Error says what could not be done, where, and what to do about it. It quotes
// no more of an answer than the forge's one-line message.
type Error struct {
	Doing  string    // such as "listing the artifacts of workflow run 12"
	Where  string    // method and path
	Status int       // of HTTP; 0 for no answer
	Reason string    // in a few words
	Hint   string    // what to do next
	Until  time.Time // from when on it can be done, for ErrLimit
	Err    error     // wraps one of the errors above
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Doing)
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	switch {
	case e.Where != "" && e.Status > 0:
		fmt.Fprintf(&b, " (%s: %d)", e.Where, e.Status)
	case e.Where != "":
		fmt.Fprintf(&b, " (%s)", e.Where)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// lasting reports whether asking again gets the same answer.
func lasting(err error) bool {
	for _, is := range []error{ErrPermission, ErrMissing, ErrExpired, ErrTooLarge} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// maxReason bounds what is quoted of the forge's message, in bytes.
const maxReason = 200

// refusal turns an answer that is no success into an Error.
func (c *Client) refusal(doing string, res *http.Response, body []byte) *Error {
	e := &Error{Doing: doing, Where: res.Request.Method + " " + res.Request.URL.Path, Status: res.StatusCode, Reason: reasonOf(body)}
	switch s := res.StatusCode; {
	case s == http.StatusUnauthorized:
		e.Err, e.Hint = ErrToken, "the token is wrong or has expired; set GITHUB_TOKEN to a valid one"
	case s == http.StatusForbidden:
		e.Err, e.Hint = ErrPermission, permissionHint(res)
	case s == http.StatusNotFound:
		e.Err, e.Hint = ErrMissing, "check the name and the number; a token that may not see a private repository gets the same answer"
	case s == http.StatusGone:
		e.Err, e.Hint = ErrExpired, "it was kept for its retention time; the action's input retention-days sets it"
	case s >= 500:
		e.Err, e.Hint = ErrUnavailable, "it was tried again and again; https://www.githubstatus.com may say more, then run the command again"
	default:
		e.Err, e.Hint = fmt.Errorf("status %d", s), "check --repository, --pr and --sha"
	}
	return e
}

// reasonOf returns the message of an answer of the API, in one line.
func reasonOf(body []byte) string {
	var m struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &m) != nil {
		return ""
	}
	return oneLine(m.Message)
}

// oneLine returns a message in one line and in few words. No word is cut: the
// beginning of a credential could not be told for what it is.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) <= maxReason {
		return s
	}
	return s[:strings.LastIndexByte(s[:maxReason], ' ')+1] + "…"
}

// permissionHint names the permission that is missing, which the API tells:
// https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
func permissionHint(res *http.Response) string {
	need := strings.NewReplacer("=", ": ", "_", "-").Replace(res.Header.Get("X-Accepted-GitHub-Permissions")) // as a workflow spells it
	if need == "" {
		return "give the token the permission: in a workflow under `permissions:`; in a workflow of a fork's pull request it stays read-only"
	}
	return "give the token `" + need[:min(len(need), 100)] + "`: in a workflow under `permissions:`; in a workflow of a fork's pull request it stays read-only"
}

// unanswered turns a failed round trip into an Error.
func (c *Client) unanswered(doing string, req *http.Request, err error) error {
	var e *Error
	if errors.As(err, &e) {
		out := *e
		if out.Doing == "" {
			out.Doing = doing
		}
		return &out
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		var sent *url.Error
		if errors.As(err, &sent) {
			err = sent.Err // without the address
		}
		return fmt.Errorf("%s: %w", doing, err)
	}
	return &Error{
		Doing: doing, Where: req.Method + " " + req.URL.Host + req.URL.Path, Reason: "the connection failed", Err: errors.Join(ErrUnavailable, err),
		Hint: "check the network and GITHUB_API_URL, then run the command again",
	}
}
