// Package github reads from a forge that speaks GitHub's API what the commands
// need, and writes the few things that they post: a comment, a check run, an
// issue. It is
// for the layer above, which knows nothing of HTTP.
//
// The one design decision is that every request passes one guard, which counts
// it, answers it from what is stored where the forge says that nothing changed,
// tries it again where that can help, and waits for limits as long as the
// command may. What a method returns is therefore final: it was read, or the
// error says what was not and from when on it can be.
package github

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	api "github.com/google/go-github/v66/github"

	"github.com/andon-ci/andon/internal/clock"
)

// PublicAPI is the base of github.com's REST API. That of GitHub Enterprise
// Server is https://HOST/api/v3, as $GITHUB_API_URL says on its runners.
const PublicAPI = "https://api.github.com"

// Options says where the forge is and who asks.
type Options struct {
	Repository string        // owner/name
	BaseURL    string        // of the REST API; empty is PublicAPI
	GraphQLURL string        // empty is made from BaseURL
	Token      string        // of a person, an App's installation or a workflow job
	App        *App          // takes the place of Token
	Patience   time.Duration // how long may be waited for limits, in all
	Cache      Cache         // nil stores nothing
	Clock      clock.Clock   // the zero value is the real one
	Transport  http.RoundTripper

	organisation string // whose installation asks, in place of the repository's
}

// App is a GitHub App that asks for itself, as its installation in the
// repository.
type App struct {
	ID  int64
	Key []byte // its private key in PEM
}

// Client asks about one repository. It is not for concurrent use.
type Client struct {
	owner, name string
	base        *url.URL
	graphql     string
	guard       *guard
	http        *http.Client // through the guard; answers a redirect to another host as it is
	blobs       *http.Client // without credentials, for what lies outside the API
	api         *api.Client
	clock       clock.Clock
	cache       Cache
}

var repositoryName = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)

// New returns a Client. An App's installation is looked up with the first
// request. The error is a wrapped ErrToken where there is nobody to ask as.
func New(o Options) (*Client, error) {
	if !repositoryName.MatchString(o.Repository) {
		return nil, fmt.Errorf("reading from the forge: %q is not a repository (owner/name)", o.Repository)
	}
	if o.Token == "" && o.App == nil {
		return nil, &Error{
			Doing: "reading from the forge", Reason: "there is no token", Err: ErrToken,
			Hint: "set GITHUB_TOKEN (in a workflow: env GITHUB_TOKEN: ${{ github.token }}) or GH_TOKEN, or ANDON_APP_ID and ANDON_APP_KEY",
		}
	}
	base, err := url.Parse(strings.TrimSuffix(cmp.Or(o.BaseURL, PublicAPI), "/") + "/")
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("reading from the forge: the API's address %q is no URL", o.BaseURL)
	}
	c := &Client{base: base, clock: o.Clock.Complete(), cache: o.Cache}
	c.owner, c.name, _ = strings.Cut(o.Repository, "/")
	c.graphql = cmp.Or(o.GraphQLURL, graphqlOf(base))
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if err := c.connect(o); err != nil {
		return nil, err
	}
	return c, nil
}

// graphqlOf returns the address of GraphQL beside that of REST:
// https://docs.github.com/en/enterprise-server/graphql/guides/forming-calls-with-graphql
func graphqlOf(base *url.URL) string {
	u := *base
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/v3") + "/graphql"
	return u.String()
}

// connect puts the layers of transport together: go-github, the guard, the
// credentials, the network.
func (c *Client) connect(o Options) error {
	c.guard = &guard{clock: c.clock, patience: o.Patience, base: c.base.Path, budget: &Budget{}}
	auth, err := o.authorise(c.base, c.guard)
	if err != nil {
		return err
	}
	c.guard.next = auth
	if o.Cache != nil {
		c.guard.store = &store{cache: o.Cache, owner: o.identity()}
	}
	c.http = &http.Client{Transport: c.guard, CheckRedirect: sameHost}
	c.blobs = &http.Client{Transport: o.Transport, Timeout: perDownload}
	c.api = api.NewClient(c.http)
	c.api.BaseURL = c.base
	c.api.UserAgent = "andon"
	return nil
}

// perDownload is how long one download may take.
const perDownload = 5 * time.Minute

// sameHost follows a redirect that stays with the API, such as the one of a
// repository that was renamed. One that leaves it is returned as it is, and so
// is one with the status by which the API sends to a file.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= 3 || req.Response.StatusCode == http.StatusFound || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}

// Repository returns owner/name.
func (c *Client) Repository() string { return c.owner + "/" + c.name }

// Budget returns what was asked for so far.
func (c *Client) Budget() Budget { return *c.guard.budget }

// path returns an address below the repository's.
func (c *Client) path(format string, args ...any) string {
	return "repos/" + url.PathEscape(c.owner) + "/" + url.PathEscape(c.name) + fmt.Sprintf(format, args...)
}
