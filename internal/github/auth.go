package github

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/bradleyfalzon/ghinstallation/v2"
	api "github.com/google/go-github/v66/github"
)

// identity tells who asks, without saying it: what one may read is not handed
// to another from the cache.
func (o Options) identity() string {
	who := o.Token
	if o.App != nil {
		who = fmt.Sprintf("app %d", o.App.ID)
	}
	sum := sha256.Sum256([]byte(o.BaseURL + "\n" + who))
	return hex.EncodeToString(sum[:])
}

// authorise returns a transport that adds the credentials.
func (o Options) authorise(base *url.URL, g *guard) (http.RoundTripper, error) {
	if o.App == nil {
		return &bearer{token: o.Token, host: base.Host, next: o.Transport}, nil
	}
	own := &guard{next: o.Transport, clock: g.clock, patience: g.patience, base: g.base, budget: g.budget}
	apps, err := ghinstallation.NewAppsTransport(own, o.App.ID, o.App.Key)
	if err != nil {
		return nil, &Error{
			Doing: "reading the App's key", Reason: "it is no private key in PEM", Err: ErrToken,
			Hint: "ANDON_APP_KEY takes the text of the .pem file that GitHub gave out for the App, or its path",
		}
	}
	apps.BaseURL = strings.TrimSuffix(base.String(), "/")
	return &installation{apps: apps, base: base, repository: o.Repository, organisation: o.organisation, next: o.Transport}, nil
}

// bearer adds a token to what goes to the API, and to nothing else.
type bearer struct {
	token, host string
	next        http.RoundTripper
}

func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == b.host {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.next.RoundTrip(req)
}

// installation asks as an App's installation in the repository, which it looks
// up once. What that takes passes a guard of its own, below apps.
type installation struct {
	apps       *ghinstallation.AppsTransport
	base       *url.URL
	repository string
	next       http.RoundTripper

	organisation string // whose installation it is, for all its repositories; empty for the repository's

	once   sync.Once
	tokens *ghinstallation.Transport
	err    error
}

func (i *installation) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != i.base.Host {
		return i.next.RoundTrip(req)
	}
	i.once.Do(func() { i.tokens, i.err = i.find(req) })
	if i.err != nil {
		return nil, i.err
	}
	token, err := i.tokens.Token(req.Context())
	if err != nil {
		return nil, i.refused(err)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return i.next.RoundTrip(req)
}

func (i *installation) refused(err error) error {
	return &Error{
		Doing: "asking for the token of the App's installation", Reason: "it was refused", Err: errors.Join(ErrToken, err),
		Hint: "check that ANDON_APP_ID is the App's id, and that its key was not revoked",
	}
}

// find looks up the installation, whose token is for this repository alone.
func (i *installation) find(req *http.Request) (*ghinstallation.Transport, error) {
	u := i.at()
	ask, err := http.NewRequestWithContext(req.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := i.apps.RoundTrip(ask)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var found struct {
		ID int64 `json:"id"`
	}
	if res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&found) != nil || found.ID == 0 {
		return nil, &Error{
			Doing: "looking up the App's installation in " + cmp.Or(i.organisation, i.repository), Where: "GET " + u.Path, Status: res.StatusCode,
			Reason: "there is none", Err: ErrToken, Hint: "install the App in the repository, and check ANDON_APP_ID",
		}
	}
	t := ghinstallation.NewFromAppsTransport(i.apps, found.ID)
	if i.organisation != "" {
		t.InstallationTokenOptions = &api.InstallationTokenOptions{} // of all its repositories
		return t, nil
	}
	_, name, _ := strings.Cut(i.repository, "/")
	t.InstallationTokenOptions = &api.InstallationTokenOptions{Repositories: []string{name}}
	return t, nil
}
