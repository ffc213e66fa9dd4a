package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/andon-ci/andon/internal/history"
)

// historyFlags are those of every command that has to do with a history.
type historyFlags struct {
	forgeFlags
	history    string
	repository string
}

const historyHelp = `The history is a folder (DIR) where there is one of that name, or where the name
begins with ./, ../ or /. Else it is a BRANCH of the repository, with a history
of its own: of --repository or $GITHUB_REPOSITORY on GitHub where there is a
token or an App to ask as, else of the git repository in the working directory.
OWNER/NAME#BRANCH names another repository on GitHub, and FOLDER#BRANCH a git
repository, bare or with a work tree; of the latter the remote "origin" is
written, where it has one.
`

func (f *historyFlags) define(fs *flag.FlagSet) {
	f.forgeFlags.define(fs)
	fs.StringVar(&f.history, "history", "", "where the history is: `DIR|BRANCH`")
	fs.StringVar(&f.repository, "repository", "", "`OWNER/NAME` (default $GITHUB_REPOSITORY)")
}

// open returns the history that the flag names.
func (f *historyFlags) open(ctx context.Context, env Env) (history.Store, error) {
	where, branch, named := strings.Cut(f.history, "#")
	if named && folderIsThere(f.history) {
		named = false
	}
	switch {
	case f.history == "":
		return nil, usage("no history given", "--history takes a folder, such as ./history, or a branch")
	case !named && folderIsThere(filepath.Join(f.history, "objects")) && folderIsThere(filepath.Join(f.history, "refs")):
		return nil, usage(fmt.Sprintf("--history %s is a bare git repository", f.history), "--history "+f.history+"#andon/history names a branch of it")
	case !named && isFolder(f.history):
		return &history.Dir{Path: f.history}, nil
	case !named:
		where, branch = "", f.history
	case branch == "":
		return nil, usage(fmt.Sprintf("--history %s names no branch", f.history), "--history FOLDER#BRANCH, or OWNER/NAME#BRANCH")
	}
	asked, err := f.asks(env)
	switch {
	case err != nil:
		return nil, err
	case named && (isFolder(where) || !validRepo.MatchString(where)):
		return f.git(ctx, where, branch)
	case named || asked:
		return f.remote(env, cmp.Or(where, f.repository, env.Getenv("GITHUB_REPOSITORY")), branch)
	}
	return f.git(ctx, ".", branch)
}

// asks reports whether there is somebody to ask the forge as.
func (f *historyFlags) asks(env Env) (bool, error) {
	app, err := givenApp(env)
	return app != nil || env.Getenv("GITHUB_TOKEN") != "" || env.Getenv("GH_TOKEN") != "", err
}

// git returns the history on a branch of a git repository.
func (f *historyFlags) git(ctx context.Context, dir, branch string) (history.Store, error) {
	if !folderIsThere(dir) {
		return nil, usage(fmt.Sprintf("--history %s: there is no folder %s", f.history, dir), "--history FOLDER#BRANCH takes a git repository on this machine")
	}
	g, err := history.OpenGit(ctx, dir, branch)
	if err != nil {
		return nil, failure(errors.New(plain(err.Error())), "opening the history "+f.history, "--history ./"+branch+" is a folder; a branch needs a git repository here, or GITHUB_TOKEN")
	}
	return g, nil
}

// remote returns the history on a branch of a repository of the forge.
func (f *historyFlags) remote(env Env, repository, branch string) (history.Store, error) {
	c, err := f.client(env, repository)
	if err != nil {
		return nil, err
	}
	return &history.Forge{Remote: c, Branch: branch, Sleep: env.Forge.Complete().Sleep}, nil
}

// isFolder reports whether a history is one in a folder.
func isFolder(name string) bool {
	slashed := filepath.ToSlash(name)
	for _, begin := range []string{"./", "../", "/"} {
		if strings.HasPrefix(slashed, begin) {
			return true
		}
	}
	return slashed == "." || slashed == ".." || filepath.IsAbs(name) || folderIsThere(name)
}

func folderIsThere(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// summariser makes the summaries of days that a history keeps.
func summariser() history.Summariser { return trendSummary{} }
