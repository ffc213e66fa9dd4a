package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// checkout is what may lie in the working directory, as far as the event tells:
// the commit that nobody but those who may push has written, or a pull
// request's head. In the latter the configuration counts from the base.
type checkout struct {
	own        bool     // the event is about a commit of the repository itself, and that is checked out unless a workflow says otherwise
	pull       bool     // the event is about a pull request
	head       string   // GITHUB_SHA
	commits    []string // the configuration counts from the first of these that is there
	merged     bool     // or head merges a pull request into its base, the first parent
	branch     string   // or from this branch of the repository, as it was fetched
	repository string   // owner/name
}

// standing is how a file of the working directory stands to that of the base.
type standing int

const (
	noBase     standing = iota // the working directory is as good as any base
	inBase                     // the base has the file, and that counts
	notInBase                  // the base does not have it
	baseUnread                 // the base cannot be read: a shallow checkout, or no Git
)

// checkout says what the event lets lie in the working directory. An event that
// is not known to be of the default branch or of a push may be of anything.
func (k keyFlags) checkout(env Env) checkout {
	path, name := k.eventOf(env)
	if path == "" && name == "" && !inActions(env) {
		return checkout{own: true}
	}
	p, err := readEvent(path)
	if err != nil {
		p = &payload{} // key says so
	}
	co := checkout{head: fullCommit(env.Getenv("GITHUB_SHA")), repository: env.Getenv("GITHUB_REPOSITORY"), branch: p.Repository.DefaultBranch}
	switch queued := strings.HasPrefix(env.Getenv("GITHUB_REF"), "refs/heads/gh-readonly-queue/"); {
	case p.PullRequest != nil || strings.HasPrefix(name, "pull_request"):
		co.ofPull(p, name)
		co.branch = cmp.Or(co.branch, env.Getenv("GITHUB_BASE_REF"))
	case p.MergeGroup != nil || name == "merge_group":
		co.pull, co.branch = true, ""
		if g := p.MergeGroup; g != nil {
			co.branch = strings.TrimPrefix(g.BaseRef, "refs/heads/")
			co.add(g.BaseSHA)
		}
	case slices.Contains([]string{"push", "schedule", "workflow_dispatch", "release"}, name) && !queued:
		co.own = true
		co.add(co.head)
	default:
		co.pull = queued || p.ofPull()
		if onDefaultBranch(name) {
			co.add(co.head)
		}
		if pulls := p.pulls(); len(pulls) == 1 {
			co.add(pulls[0].Base.SHA)
		}
	}
	return co
}

// ofPull sets what is known of the base of a pull request.
func (co *checkout) ofPull(p *payload, name string) {
	co.pull, co.branch = true, ""
	if p.PullRequest != nil {
		co.branch = p.PullRequest.Base.Ref
		co.add(p.PullRequest.Base.SHA)
	}
	if co.merged = name != "pull_request_target"; !co.merged { // which runs on the base
		co.add(co.head)
	}
}

func (co *checkout) add(sha string) {
	if sha = fullCommit(sha); sha != "" {
		co.commits = append(co.commits, sha)
	}
}

// ofPull reports whether an event that runs on the default branch is about a
// pull request. A run of a fork's pull request names none.
func (p *payload) ofPull() bool {
	return len(p.pulls()) > 0 || p.Issue != nil && p.Issue.PullRequest != nil ||
		p.WorkflowRun != nil && strings.HasPrefix(p.WorkflowRun.Event, "pull_request")
}

// pulls returns the pull requests of the run or check that the event is about.
func (p *payload) pulls() []change {
	switch {
	case p.WorkflowRun != nil:
		return p.WorkflowRun.PullRequests
	case p.CheckRun != nil:
		return p.CheckRun.PullRequests
	case p.CheckSuite != nil:
		return p.CheckSuite.PullRequests
	}
	return nil
}

// onDefaultBranch reports whether GITHUB_SHA is the default branch's commit.
// https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
func onDefaultBranch(event string) bool {
	return slices.Contains([]string{
		"branch_protection_rule", "check_run", "check_suite", "delete", "discussion", "discussion_comment", "fork", "gollum",
		"image_version", "issue_comment", "issues", "label", "milestone", "public", "repository_dispatch", "status", "watch", "workflow_run",
	}, event)
}

// mend says how the base can be made readable.
func (co checkout) mend() string {
	what := "<base>"
	switch {
	case len(co.commits) > 0:
		what = co.commits[0]
	case branchName.MatchString(co.branch):
		what = co.branch + ":refs/remotes/origin/" + co.branch
	}
	fetch := "fetch the base before this step, as in `git fetch --depth=1 origin " + what + "`"
	if co.merged {
		return "check out with fetch-depth: 2, or " + fetch
	}
	return fetch
}

// A commit that is named in full, which no branch's name can stand for.
var wholeSHA = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func fullCommit(sha string) string {
	if sha = commit(sha); !wholeSHA.MatchString(sha) {
		return ""
	}
	return sha
}

// base returns a file as the base has it. Of repositories in one another, each
// must be read, the outermost first: with a submodule, whoever opens a pull
// request could choose the file.
func (co checkout) base(ctx context.Context, path string) ([]byte, standing) {
	if co.own && len(co.commits) == 0 {
		return nil, noBase
	}
	all := repositoriesOf(path)
	if co.own && (len(all) == 0 || all[len(all)-1].isAt(ctx, co.head)) {
		return nil, noBase
	}
	found := baseUnread
	for _, r := range all {
		var raw []byte
		if raw, found = r.base(ctx, co); found != notInBase {
			return raw, found
		}
	}
	return nil, found
}

// base returns the file as the first candidate has it that is there.
func (r repository) base(ctx context.Context, co checkout) ([]byte, standing) {
	for _, rev := range r.candidates(ctx, co) {
		if raw, found := r.show(ctx, rev); found != baseUnread {
			return raw, found
		}
	}
	return nil, baseUnread
}

// repository is a Git repository that a file lies in, or lay in.
type repository struct {
	dir  string // its top
	file string // path in it, with slashes
}

// repositoriesOf goes up from a file to the tops of its repositories, and
// returns the outermost first. Links on the way do not count: what the path
// says is looked up in the base, and whoever can put a link there could choose
// the file.
func repositoriesOf(path string) []repository {
	path, err := filepath.Abs(path)
	if err != nil || strings.ContainsAny(path, "\n\x00") {
		return nil
	}
	var all []repository
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Lstat(dir); err == nil && info.Mode()&os.ModeSymlink != 0 {
			all = nil
		} else if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			if file, err := filepath.Rel(dir, path); err == nil {
				all = append(all, repository{dir, filepath.ToSlash(file)})
			}
		}
		if dir == filepath.Dir(dir) {
			slices.Reverse(all)
			return all
		}
	}
}

// git runs a command of Git that only reads. It asks no server for what is not
// there, and takes no object for another.
func (r repository) git(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	// In a container the working directory belongs to another user.
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", r.dir, "-c", "safe.directory=*", "-c", "protocol.allow=never"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_LITERAL_PATHSPECS=1", "GIT_OPTIONAL_LOCKS=0")
	cmd.Stdin = strings.NewReader(stdin)
	return cmd.Output()
}

func (r repository) has(ctx context.Context, rev string) bool {
	_, err := r.git(ctx, "", "rev-parse", "--verify", "--quiet", rev+"^{commit}")
	return err == nil
}

// isAt reports whether a commit is checked out, as far as that can be said.
func (r repository) isAt(ctx context.Context, sha string) bool {
	out, err := r.git(ctx, "", "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	return err != nil || string(bytes.TrimSpace(out)) == sha
}

var branchName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*$`)

// candidates returns what may be the base, best first.
func (r repository) candidates(ctx context.Context, co checkout) []string {
	revs := slices.Clone(co.commits)
	if co.merged && co.head != "" && r.has(ctx, co.head+"^2") {
		revs = append(revs, co.head+"^1")
	}
	if r.isOf(ctx, co.repository) {
		if branchName.MatchString(co.branch) {
			revs = append(revs, "refs/remotes/origin/"+co.branch)
		} else if co.branch == "" && !co.merged {
			revs = append(revs, "refs/remotes/origin/HEAD")
		}
	}
	return revs
}

// isOf reports whether origin is the repository of the event, and not a fork.
func (r repository) isOf(ctx context.Context, name string) bool {
	out, err := r.git(ctx, "", "config", "--get", "remote.origin.url")
	if err != nil || !validRepo.MatchString(name) {
		return false
	}
	url := strings.ToLower(strings.TrimSuffix(strings.TrimRight(string(bytes.TrimSpace(out)), "/"), ".git"))
	name = strings.ToLower(name)
	return strings.HasSuffix(url, "/"+name) || strings.HasSuffix(url, ":"+name)
}

// show returns the file as it was at a revision. Links within the revision are
// followed there.
func (r repository) show(ctx context.Context, rev string) ([]byte, standing) {
	out, err := r.git(ctx, rev+":"+r.file+"\n", "cat-file", "--batch", "--follow-symlinks")
	if err != nil {
		return nil, baseUnread
	}
	header, content, _ := bytes.Cut(out, []byte("\n"))
	var oid string
	var size int
	if n, _ := fmt.Sscanf(string(header), "%s blob %d", &oid, &size); n == 2 && size <= maxConfig && size <= len(content) {
		return content[:size], inBase
	}
	if !bytes.HasSuffix(header, []byte(" missing")) {
		return nil, baseUnread // a folder, or a link to nowhere
	}
	// missing is also what a partial clone lacks
	if entry, err := r.git(ctx, "", "ls-tree", "-z", "--full-tree", rev, "--", r.file); err != nil || len(entry) > 0 {
		return nil, baseUnread
	}
	return nil, notInBase
}
