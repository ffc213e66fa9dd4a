package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

var errKilled = errors.New("killed")

// syncInto runs a sync of a forge into a store.
func syncInto(env Env, s history.Store) error {
	flags := &syncFlags{}
	fs := flag.NewFlagSet("sync", flag.ContinueOnError)
	flags.define(fs)
	if err := fs.Parse([]string{"--history", "./history", "--cache", "none"}); err != nil {
		return err
	}
	return flags.into(context.Background(), env, s, &settings{}, nil)
}

// killing are the engines of a history, each of which tells what it is about to
// write: a folder, a git repository, and a branch of a forge, of which it also
// tells what has just been written, before the answer is there.
func killing() map[string]func(env Env, where string, before func(step string) error) (history.Store, error) {
	return map[string]func(Env, string, func(string) error) (history.Store, error){
		"folder": func(_ Env, where string, before func(string) error) (history.Store, error) {
			return &history.Dir{Path: where, Before: before}, nil
		},
		"git": func(env Env, where string, before func(string) error) (history.Store, error) {
			g, err := history.OpenGit(context.Background(), where, "andon/history")
			if err == nil {
				g.Before, g.Now = before, env.Now
			}
			return g, err
		},
		"forge": func(env Env, where string, before func(string) error) (history.Store, error) {
			c, err := github.New(github.Options{
				Repository: env.Getenv("GITHUB_REPOSITORY"), BaseURL: env.Getenv("GITHUB_API_URL"), GraphQLURL: env.Getenv("GITHUB_GRAPHQL_URL"),
				Token: env.Getenv("GITHUB_TOKEN"), Clock: env.Forge, Transport: telling(before),
			})
			return &history.Forge{Remote: c, Branch: where, Sleep: env.Forge.Sleep}, err
		},
	}
}

// telling is a transport that tells of each request that may write.
type telling func(step string) error

func (w telling) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		return http.DefaultTransport.RoundTrip(r)
	}
	if err := w("send " + r.URL.Path); err != nil {
		return nil, err
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		err = w("sent " + r.URL.Path)
	}
	return res, err
}

// killedSync is a sync that kills its process before the step with the number
// that it is given: nothing of it is cleaned up, closed or unlocked.
func killedSync() {
	engine, where := os.Args[1], os.Args[2]
	left, err := strconv.Atoi(os.Args[3])
	env := askingWith(os.Getenv, io.Discard, io.Discard)
	var s history.Store
	if err == nil {
		s, err = killing()[engine](env, where, func(string) error {
			if left--; left >= 0 {
				return nil
			}
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				self.Kill()
			}
			select {}
		})
	}
	if err == nil {
		err = syncInto(env, s)
	}
	fmt.Fprintln(os.Stderr, "not killed:", err)
}

// TestSyncKilled kills the process of a sync before every step by which it
// changes the history. The next one gives the history that an undisturbed one
// gives, to the byte.
func TestSyncKilled(t *testing.T) {
	for engine, open := range killing() {
		t.Run(engine, func(t *testing.T) {
			f := mended(t, 2)
			f.Limit = 1 << 30
			env := asking(f, nil, io.Discard, io.Discard)
			fresh := func(n int) string {
				if engine == "forge" {
					return fmt.Sprintf("andon/history-%d", n)
				}
				dir := t.TempDir()
				if out, err := exec.Command("git", "init", "--quiet", "--bare", dir).CombinedOutput(); engine == "git" && err != nil {
					t.Skipf("no git here: %v %s", err, out)
				}
				return dir
			}
			sync := func(where string, before func(string) error) map[string]string {
				t.Helper()
				s, err := open(env, where, before)
				if err == nil {
					err = syncInto(env, s)
				}
				if err == nil {
					s, err = open(env, where, func(string) error { return nil })
				}
				if err != nil {
					t.Fatal(err)
				}
				return historytest.Dump(t, s)
			}
			var steps []string
			want := sync(fresh(-1), func(step string) error { steps = append(steps, step); return nil })
			for n, step := range steps {
				where := fresh(n)
				diesIn(t, f, engine, where, n)
				historytest.Same(t, sync(where, func(string) error { return nil }), want)
				if t.Failed() {
					t.Fatalf("killed before %q", step)
				}
			}
			if len(steps) < 4 || len(want) < 5 {
				t.Errorf("only %d steps, %d files", len(steps), len(want))
			}
		})
	}
}

// diesIn runs a sync that is killed before a step.
func diesIn(t *testing.T, f *fake.Forge, engine, where string, step int) {
	t.Helper()
	cmd := started(t, "killed-sync", engine, where, fmt.Sprint(step))
	cmd.Env = append(os.Environ(), "GITHUB_API_URL="+f.URL(), "GITHUB_GRAPHQL_URL="+f.GraphQLURL(), "GITHUB_TOKEN=t", "GITHUB_REPOSITORY="+f.Repository)
	if out, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.Exited() && runtime.GOOS != "windows" {
		t.Fatalf("step %d of %s: it was not killed: %v %s", step, engine, err, out)
	}
}

// started returns this test's program as one of those of TestMain.
func started(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: self, Args: append([]string{name}, args...)}
}

// interrupted is a store that fails once.
type interrupted struct {
	history.Store
	failed bool
}

func (i *interrupted) Update(ctx context.Context, message string, plan func(history.View) ([]history.Change, error)) error {
	if !i.failed {
		i.failed = true
		return errKilled
	}
	return i.Store.Update(ctx, message, plan)
}

// TestSyncUnwritable says what to do where the history cannot be written, and
// writes nothing after what is missing.
func TestSyncUnwritable(t *testing.T) {
	dir := &history.Dir{Path: t.TempDir()}
	err := syncInto(asking(mended(t, 2), nil, io.Discard, io.Discard), &interrupted{Store: dir})
	if got := historytest.Dump(t, dir); len(got) > 0 {
		t.Errorf("%v", got)
	}
	var e *exitError
	if !errors.As(err, &e) || e.code != exitFailure || !strings.Contains(e.hint, "run it again") {
		t.Errorf("%v", err)
	}
}
