package cli

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/github"
)

// forgeFlags are those of every command that asks the forge.
type forgeFlags struct {
	wait  time.Duration
	cache string
}

func (f *forgeFlags) define(fs *flag.FlagSet) {
	fs.DurationVar(&f.wait, "wait", time.Minute, "wait up to `DURATION` in all where the forge's limits are reached")
	fs.StringVar(&f.cache, "cache", "", "keep answers of the forge in `DIR`, or \"none\" (default: the user's cache, none in GitHub Actions)")
}

// client returns a client for a repository, as whoever the environment names.
func (f *forgeFlags) client(env Env, repository string) (*github.Client, error) {
	if repository == "" {
		return nil, usage("no repository given", "--repository owner/name, or set GITHUB_REPOSITORY")
	}
	o, err := f.options(env, repository)
	if err != nil {
		return nil, err
	}
	c, err := github.New(o)
	return c, forgeFailure(err)
}

// options says where the forge is and who asks, about a repository.
func (f *forgeFlags) options(env Env, repository string) (github.Options, error) {
	o := github.Options{
		Repository: repository, BaseURL: env.Getenv("GITHUB_API_URL"), GraphQLURL: env.Getenv("GITHUB_GRAPHQL_URL"),
		Token: cmp.Or(env.Getenv("GITHUB_TOKEN"), env.Getenv("GH_TOKEN")), Patience: f.wait, Clock: env.Forge,
	}
	app, err := givenApp(env)
	if err != nil {
		return o, err
	}
	o.App = app
	if dir := f.folder(env); dir != "" {
		if c, err := github.NewFolder(dir, env.Now()); err == nil { // without one, all is asked for
			o.Cache = c
		}
	}
	return o, nil
}

// folder returns where answers are kept, empty for nowhere.
func (f *forgeFlags) folder(env Env) string {
	switch {
	case f.cache == "none" || f.cache == "" && inActions(env):
		return ""
	case f.cache != "":
		return f.cache
	}
	base := cmp.Or(env.Getenv("XDG_CACHE_HOME"), env.Getenv("LocalAppData"))
	if home := env.Getenv("HOME"); base == "" && home != "" {
		base = filepath.Join(home, ".cache")
	}
	if !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, "andon", "forge")
}

// givenApp returns the App that the environment names, nil for none. Its key is
// given as text or as a file.
func givenApp(env Env) (*github.App, error) {
	id, key := env.Getenv("ANDON_APP_ID"), env.Getenv("ANDON_APP_KEY")
	if id == "" && key == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1 || key == "" {
		return nil, usage("ANDON_APP_ID and ANDON_APP_KEY go together", "the first is the App's id, a number; the second its private key in PEM, or the file that holds it")
	}
	if strings.Contains(key, "-----BEGIN") {
		return &github.App{ID: n, Key: []byte(key)}, nil
	}
	pem, err := os.ReadFile(key)
	if err != nil {
		return nil, failure(errors.New(reason(err)), "reading the App's key", "ANDON_APP_KEY takes the key in PEM, or the file that holds it")
	}
	return &github.App{ID: n, Key: pem}, nil
}

// forgeFailure gives an error of the forge its exit code and its hint.
func forgeFailure(err error) error {
	var e *github.Error
	if errors.As(err, &e) {
		return &exitError{code: exitFailure, msg: e.Error(), hint: e.Hint}
	}
	return err
}

// tellBudget says on stderr what the forge was asked for.
func tellBudget(env Env, c *github.Client, quiet bool) {
	if !quiet {
		fmt.Fprintf(env.Stderr, "andon: %s asked for: %s\n", plain(c.Repository()), c.Budget())
	}
}
