package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
)

func asking(t *testing.T, f *fake.Forge) *Client {
	t.Helper()
	c, err := New(options(f))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func options(f *fake.Forge) Options {
	w := &watch{now: noon()}
	return Options{Repository: f.Repository, BaseURL: f.URL(), GraphQLURL: f.GraphQLURL(), Token: "t", Clock: w.clock()}
}

// TestRunsBetween cuts a span in two where the forge does not list all of it.
func TestRunsBetween(t *testing.T) {
	f := fake.New(t)
	for n := range 1500 {
		f.AddRun(headA, noon().Add(time.Duration(n)*time.Minute), nil)
	}
	c := asking(t, f)
	runs, more, err := c.RunsBetween(t.Context(), noon(), noon().Add(100*24*time.Hour))
	if err != nil || more || len(runs) != 1500 || !slices.IsSortedFunc(runs, func(a, b Run) int { return a.CreatedAt.Compare(b.CreatedAt) }) {
		t.Errorf("%d runs, more %v: %v", len(runs), more, err)
	}
	if n := f.REST(); n > 40 {
		t.Errorf("%d requests", n)
	}
	runs, more, err = c.RunsBetween(t.Context(), noon().Add(time.Minute), noon().Add(2*time.Minute))
	if err != nil || more || len(runs) != 2 {
		t.Errorf("%d runs, more %v: %v", len(runs), more, err)
	}
	one, err := c.Run(t.Context(), runs[0].ID)
	if err != nil || one.ID != runs[0].ID || !slices.Equal(one.Pulls(), []int{12}) {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := c.Run(t.Context(), 7); !errors.Is(err, ErrMissing) {
		t.Errorf("%v", err)
	}
}

// TestRunsBetweenCrowded says that there are more where a minute has too many.
func TestRunsBetweenCrowded(t *testing.T) {
	f := fake.New(t)
	for range 1001 {
		f.AddRun(headA, noon(), nil)
	}
	_, more, err := asking(t, f).RunsBetween(t.Context(), noon().Add(-time.Hour), noon().Add(time.Hour))
	if err != nil || !more {
		t.Errorf("more %v: %v", more, err)
	}
}

func TestArtifactsSince(t *testing.T) {
	f := fake.New(t)
	for n := range 250 {
		run := f.AddRun(headA, noon().Add(time.Duration(n)*time.Hour), nil)
		f.AddArtifact(run, fmt.Sprintf("andon-%d", n), []byte("zip"), nil)
	}
	c := asking(t, f)
	found, more, err := c.ArtifactsSince(t.Context(), noon().Add(200*time.Hour))
	if err != nil || more || len(found) != 50 || f.REST() != 2 || found[0].Name != "andon-249" || found[0].Run.ID == 0 {
		t.Errorf("%d artifacts by %d requests, more %v: %v", len(found), f.REST(), more, err)
	}
	all, _, err := c.ArtifactsSince(t.Context(), time.Time{})
	if err != nil || len(all) != 250 {
		t.Errorf("%d artifacts: %v", len(all), err)
	}
}

func TestChangedSince(t *testing.T) {
	f := fake.New(t)
	f.Load("overruled")
	found, more, err := asking(t, f).ChangedSince(t.Context(), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	if err != nil || more || len(found) != 1 || found[0].Number != 12 {
		t.Errorf("%+v, %v: %v", found, more, err)
	}
}

func TestRepositories(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f := fake.New(t)
	for n := range 120 {
		f.Hidden = append(f.Hidden, fmt.Sprintf("octo-org/r%d", n))
	}
	o := options(f)
	if _, err := Repositories(t.Context(), o, "octo-org"); !errors.Is(err, ErrToken) {
		t.Errorf("without an App: %v", err)
	}
	o.App = &App{ID: 7, Key: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})}
	found, err := Repositories(t.Context(), o, "octo-org")
	if err != nil || len(found) != 121 || found[0] != f.Repository {
		t.Errorf("%d repositories: %v", len(found), err)
	}
}
