package history

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/clock"
)

// Git is a history on a branch of a git repository, which has no commit in
// common with the others. It is written by comparing and swapping: to the remote
// where there is one, else to the repository itself. The work tree and the index
// are never touched.
type Git struct {
	Dir    string // of the repository, bare or not
	Branch string
	Remote string // name of the remote that has the branch; empty for the repository itself
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error

	// Before is as in Dir. A step is a git command that writes.
	Before func(step string) error
}

// OpenGit returns the history on a branch of the repository in a folder, on its
// remote "origin" where it has a work tree and such a remote.
func OpenGit(ctx context.Context, dir, branch string) (*Git, error) {
	g := &Git{Dir: dir, Branch: branch, Now: time.Now, Sleep: clock.Sleep}
	bare, err := g.git(ctx, nil, "rev-parse", "--is-bare-repository")
	if err != nil {
		return nil, err
	}
	if _, err := g.git(ctx, nil, "check-ref-format", g.ref()); err != nil {
		return nil, fmt.Errorf("%q is no name of a branch", branch)
	}
	if strings.TrimSpace(string(bare)) == "false" {
		if _, err := g.git(ctx, nil, "config", "--get", "remote.origin.url"); err == nil {
			g.Remote = "origin"
		}
	}
	return g, nil
}

func (g *Git) ref() string { return "refs/heads/" + g.Branch }

// gitError is what git said, in one line.
type gitError struct {
	command string
	said    string
	err     error
}

func (e *gitError) Error() string {
	return fmt.Sprintf("git %s: %s", e.command, cmp.Or(e.said, e.err.Error()))
}

func (e *gitError) Unwrap() error { return e.err }

var userInURL = regexp.MustCompile(`://[^/@\s]*@`)

// git runs a git command and returns what it prints. Whatever the environment
// says of another repository does not count.
func (g *Git) git(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return g.gitWith(ctx, nil, stdin, args...)
}

func (g *Git) gitWith(ctx context.Context, env []string, stdin []byte, args ...string) ([]byte, error) {
	fixed := []string{"-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "user.name=andon", "-c", "user.email=andon@andon.invalid"}
	cmd := exec.CommandContext(ctx, "git", append(fixed, args...)...)
	cmd.Dir, cmd.Stdin = g.Dir, bytes.NewReader(stdin)
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "LC_ALL", "LANGUAGE":
		default:
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(append(cmd.Env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0"), env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("git is not installed")
	case err != nil:
		text := userInURL.ReplaceAllString(out.String()+said.String(), "://")
		text = strings.Join(strings.Fields(text), " ")
		return nil, &gitError{args[0], text[:min(len(text), 300)], err}
	}
	return out.Bytes(), nil
}

// View returns the history as it is on the branch now.
func (g *Git) View(ctx context.Context) (View, error) { return g.view(ctx) }

func (g *Git) view(ctx context.Context) (*gitView, error) {
	head, err := g.head(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the branch %s: %w", g.Branch, err)
	}
	v := &gitView{git: g, head: head, entries: map[string]gitEntry{}}
	if head == "" {
		return v, nil
	}
	listed, err := g.git(ctx, nil, "ls-tree", "-r", "-z", "-l", "--full-tree", head)
	if err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		v.add(line)
	}
	return v, nil
}

// head returns the commit of the branch, empty for none. What it leads to is in
// the repository then.
func (g *Git) head(ctx context.Context) (string, error) {
	if g.Remote == "" {
		out, err := g.git(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname)", g.ref())
		return named(out, g.ref()), err
	}
	out, err := g.git(ctx, nil, "ls-remote", g.Remote, g.ref())
	if err != nil {
		return "", err
	}
	head := named(out, g.ref())
	if head == "" {
		return "", nil
	}
	if _, err := g.git(ctx, nil, "cat-file", "-e", head+"^{commit}"); err == nil {
		return head, nil
	}
	_, err = g.git(ctx, nil, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", g.Remote, g.ref())
	return head, err
}

// named returns the object that a list of references has for one.
func named(list []byte, ref string) string {
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) == 2 && f[1] == ref {
			return f[0]
		}
	}
	return ""
}

// tries bounds how often a batch is put on top of what others wrote.
const tries = 100

// Update commits the changes on top of what the branch has, and tries again
// where somebody else was faster.
func (g *Git) Update(ctx context.Context, message string, plan func(View) ([]Change, error)) error {
	var refused error
	for try := range tries {
		v, err := g.view(ctx)
		if err != nil {
			return err
		}
		changes, err := plan(v)
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := v.refuses(changes); err != nil {
			return err
		}
		next, err := g.commit(ctx, v.head, message, changes)
		if err != nil {
			return err
		}
		moved, err := g.publish(ctx, v.head, next)
		if !moved {
			return err
		}
		refused = err
		// Who was slower waits, each for another time, or all are slow together.
		most := min(50*time.Millisecond<<min(try, 5), time.Second)
		if err := g.Sleep(ctx, time.Duration(rand.Float64()*float64(most))); err != nil {
			return err
		}
	}
	return fmt.Errorf("the branch %s was moved by others %d times in a row, or is locked: %w", g.Branch, tries, refused)
}

func (g *Git) step(name string) error {
	if g.Before == nil {
		return nil
	}
	return g.Before(name)
}

// commit makes the commit, which nothing leads to yet.
func (g *Git) commit(ctx context.Context, head, message string, changes []Change) (string, error) {
	tmp, err := os.MkdirTemp("", "andon-index-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(tmp, "index")}
	from := "--empty"
	if head != "" {
		from = head
	} else {
		changes = append([]Change{{readme, []byte(readmeText)}}, changes...)
	}
	if _, err := g.gitWith(ctx, env, nil, "read-tree", from); err != nil {
		return "", err
	}
	var index bytes.Buffer
	for _, c := range changes {
		if err := g.stage(ctx, &index, c); err != nil {
			return "", err
		}
	}
	if _, err := g.gitWith(ctx, env, index.Bytes(), "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	tree, err := g.gitWith(ctx, env, nil, "write-tree")
	if err != nil {
		return "", err
	}
	if err := g.step("commit-tree"); err != nil {
		return "", err
	}
	args := []string{"commit-tree", strings.TrimSpace(string(tree))}
	if head != "" {
		args = append(args, "-p", head)
	}
	now := g.Now().UTC().Format(time.RFC3339)
	made, err := g.gitWith(ctx, []string{"GIT_AUTHOR_DATE=" + now, "GIT_COMMITTER_DATE=" + now}, []byte(message+"\n"), args...)
	return strings.TrimSpace(string(made)), err
}

// stage stores a file and adds it to what update-index reads.
func (g *Git) stage(ctx context.Context, index *bytes.Buffer, c Change) error {
	if c.Data == nil {
		fmt.Fprintf(index, "0 %s\t%s\x00", strings.Repeat("0", 40), c.Name)
		return nil
	}
	if err := g.step("hash-object " + c.Name); err != nil {
		return err
	}
	id, err := g.git(ctx, c.Data, "hash-object", "-w", "--stdin")
	if err == nil {
		fmt.Fprintf(index, "100644 %s\t%s\x00", strings.TrimSpace(string(id)), c.Name)
	}
	return err
}

// publish puts the commit in the place of the one that it was made on. Moved
// tells that the branch leads elsewhere by now, of which the error is git's word.
func (g *Git) publish(ctx context.Context, head, next string) (moved bool, err error) {
	if err := g.step("publish"); err != nil {
		return false, err
	}
	if g.Remote == "" {
		_, err = g.git(ctx, nil, "update-ref", g.ref(), next, cmp.Or(head, strings.Repeat("0", len(next))))
	} else {
		_, err = g.git(ctx, nil, "push", "--quiet", "--no-verify", "--force-with-lease="+g.ref()+":"+head, g.Remote, next+":"+g.ref())
	}
	var refused *gitError
	if !errors.As(err, &refused) {
		return false, err
	}
	for _, word := range []string{"stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "reference already exists", "incorrect old value", "File exists"} {
		if strings.Contains(refused.said, word) {
			return true, err
		}
	}
	return false, err
}

// gitView is the history at a commit.
type gitView struct {
	git     *Git
	head    string
	entries map[string]gitEntry
	files   []File
	unread  []Skipped
}

type gitEntry struct {
	id      string
	size    int64
	regular bool
}

// add takes a line of ls-tree: mode, type, object, size, tab, name.
func (v *gitView) add(line string) {
	about, name, _ := strings.Cut(line, "\t")
	f := strings.Fields(about)
	if len(f) != 4 {
		return
	}
	e := gitEntry{id: f[2], regular: f[0] == "100644" || f[0] == "100755"}
	fmt.Sscan(f[3], &e.size) // "-" for what is no file
	v.entries[name] = e
	ok, why := takes(name, e.regular)
	v.unread = append(v.unread, why...)
	if ok {
		v.files = append(v.files, File{name, e.size})
	}
}

// Files lists the files of the history; git lists them in order.
func (v *gitView) Files(context.Context) ([]File, []Skipped, error) { return v.files, v.unread, nil }

// Open reads a file.
func (v *gitView) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	e, ok := v.entries[name]
	switch {
	case !ok:
		return nil, v.absent(name)
	case !e.regular:
		return nil, ErrRefused
	case e.size > maxFile:
		return nil, errLarge
	}
	raw, err := v.git.git(ctx, nil, "cat-file", "blob", e.id)
	return io.NopCloser(bytes.NewReader(raw)), err
}

// refuses returns an error for a change in the place of a link or of a file.
func (v *gitView) refuses(changes []Change) error {
	for _, c := range changes {
		if e, ok := v.entries[c.Name]; ok && !e.regular || errors.Is(v.absent(c.Name), ErrRefused) {
			return fmt.Errorf("%s: %w", c.Name, ErrRefused)
		}
	}
	return nil
}
