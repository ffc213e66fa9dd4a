package cli

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// workflows are the files that init writes. A test holds them and those under
// .github/workflows/examples to the same bytes.
//
//go:embed workflows/*.yml
var workflows embed.FS

// initFlags are what init was asked for.
type initFlags struct {
	pin    string
	agents []string // names of the workflows in which agents run
	force  bool
	dryRun bool
	dir    string // that is written into
	kept   bool   // a file that was there
}

func initCommand() command {
	return command{
		name: "init", args: "[flags] [DIR]",
		summary: "write ready workflows and a configuration into a repository",
		help: `examples:
  andon init --dry-run
  andon init --pin 0123456789abcdef0123456789abcdef01234567
  andon init --workflow review --workflow triage     agents run there already

DIR is the top of a repository, the working directory unless named. A file that
is there is kept; with --force it is written again, and what was changed in it is
lost. Nothing is asked of GitHub.
`,
		start: func(fs *flag.FlagSet) runner {
			f := &initFlags{}
			f.define(fs)
			return func(_ context.Context, env Env, args []string) error { return f.run(env, args) }
		},
	}
}

func (f *initFlags) define(fs *flag.FlagSet) {
	fs.Func("pin", "use the action at the `COMMIT`, in full (default: the one of this release where the program was built from a checkout of it, else its tag)", func(s string) error {
		if f.pin = s; !fullSHA1.MatchString(s) {
			return errors.New("it takes a commit in full, 40 hex digits: a tag can be moved")
		}
		return nil
	})
	fs.Func("workflow", "the `NAME` of a workflow in which agents run, instead of writing one; may be repeated", func(s string) error {
		if s == "" {
			return errors.New("it takes the name of a workflow, as its file has it")
		}
		f.agents = append(f.agents, s)
		return nil
	})
	fs.BoolVar(&f.force, "force", false, "write also over files that are there")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print the files instead of writing them")
}

// The name of a commit that GitHub takes after the @ of an action.
var fullSHA1 = regexp.MustCompile(`^[0-9a-f]{40}$`)

func (f *initFlags) run(env Env, args []string) error {
	dir := "."
	switch len(args) {
	case 0:
	case 1:
		dir = args[0]
		f.dir = dir
	default:
		return usage("init takes one DIR", "andon init [DIR]")
	}
	if _, err := os.Stat(filepath.Join(dir, ".git")); err != nil {
		return usage(fmt.Sprintf("%s is not the top of a repository", dir), "GitHub reads workflows there alone; `git rev-parse --show-toplevel` names it, and `git init` makes one")
	}
	files, err := f.files()
	if err != nil {
		return err
	}
	if f.dryRun {
		return f.show(env, files)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return failure(errors.New(reason(err)), "opening "+dir, "DIR is a folder that can be read")
	}
	defer root.Close()
	for _, w := range files {
		said, err := f.write(root, w)
		if err != nil {
			return failure(errors.New(reason(err)), "writing "+w.path, "init writes regular files below .github")
		}
		f.kept = f.kept || said == "kept"
		if err := printed(fmt.Fprintf(env.Stdout, "%s %s\n", said, w.path)); err != nil {
			return err
		}
	}
	return printed(fmt.Fprint(env.Stdout, f.next()))
}

// written is a file that init writes.
type written struct{ path, text string }

// files returns what is to be written, in order.
func (f *initFlags) files() ([]written, error) {
	out := []written{}
	entries, err := workflows.ReadDir("workflows")
	for _, e := range entries {
		var raw []byte
		if raw, err = workflows.ReadFile("workflows/" + e.Name()); err != nil {
			break
		}
		switch name := e.Name(); {
		case name == path.Base(configPath):
			out = append(out, written{configPath, string(raw)})
		case name == "andon-collect.yml" && len(f.agents) > 0: // the agents have a workflow
		default:
			out = append(out, written{".github/workflows/" + name, f.fit(string(raw))})
		}
	}
	return out, err
}

// fit gives a workflow the commit of the action, and the names of the workflows
// that it follows. Every name is a JSON string, which YAML takes whatever it is.
func (f *initFlags) fit(text string) string {
	if len(f.agents) > 0 {
		names := make([]string, len(f.agents))
		for i, n := range f.agents {
			raw, _ := json.Marshal(n) // a string always can be
			names[i] = string(raw)
		}
		text = strings.Replace(text, "workflows: [agents]", "workflows: ["+strings.Join(names, ", ")+"]", 1)
	}
	return strings.ReplaceAll(text, "andon-ci/andon@v0", "andon-ci/andon@"+refOf(version(), f.commit()))
}

// A version that there is a tag of, unlike one of a build between two.
var tagged = regexp.MustCompile(`^\d+\.\d+\.\d+(-rc\.\d+)?$`)

// commit returns what the action is pinned to: what was given, else the commit
// of the release that this program was built from. A release binary does not know
// it, being part of what that commit holds; one that was built from a checkout of
// the tag does.
func (f *initFlags) commit() string {
	if info, ok := debug.ReadBuildInfo(); ok && f.pin == "" && tagged.MatchString(version()) {
		return revision(info)
	}
	return f.pin
}

// revision returns the commit that a program was built from, empty where that was
// not stamped or where files had been changed since.
func revision(info *debug.BuildInfo) string {
	of := map[string]string{}
	for _, s := range info.Settings {
		of[s.Key] = s.Value
	}
	if of["vcs"] != "git" || of["vcs.modified"] != "false" || !fullSHA1.MatchString(of["vcs.revision"]) {
		return ""
	}
	return of["vcs.revision"]
}

// refOf returns the commit or the tag of the action that a version of the program
// uses, and what a comment says of a commit.
func refOf(version, pin string) string {
	is := tagged.MatchString(version)
	switch {
	case pin != "" && is:
		return pin + " # v" + version
	case pin != "":
		return pin
	case is:
		return "v" + version
	}
	major, _, _ := strings.Cut(version, ".")
	return "v" + major
}

// write writes one file and says what it did. Links do not lead out of the
// repository, and what is no file is not written to.
func (f *initFlags) write(root *os.Root, w written) (string, error) {
	if err := root.MkdirAll(path.Dir(w.path), 0o755); err != nil {
		return "", err
	}
	info, err := root.Lstat(w.path)
	said, flags := "wrote", os.O_CREATE|os.O_EXCL
	switch {
	case err == nil && !f.force:
		return "kept", nil
	case err == nil && !info.Mode().IsRegular():
		return "", errors.New("there is something that is no file")
	case err == nil:
		said, flags = "replaced", os.O_TRUNC
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	file, err := root.OpenFile(w.path, os.O_WRONLY|flags, 0o644)
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(w.text)
	return said, errors.Join(err, file.Close())
}

// show prints the files as they would be written.
func (f *initFlags) show(env Env, files []written) error {
	var b strings.Builder
	for _, w := range files {
		fmt.Fprintf(&b, "==> %s <==\n%s\n", w.path, w.text)
	}
	b.WriteString("nothing was written\n")
	return printed(fmt.Fprint(env.Stdout, b.String()))
}

// again returns the command that writes the same files with a pin, and what is
// lost by that.
func (f *initFlags) again() string {
	parts := []string{"andon init --force"}
	for _, n := range f.agents {
		parts = append(parts, "--workflow "+quoted(n))
	}
	parts = append(parts, "--pin COMMIT")
	if f.dir != "" {
		parts = append(parts, quoted(f.dir))
	}
	lost := ""
	if f.kept {
		lost = "\n     what was changed in the files that were kept is lost by that"
	}
	return strings.Join(parts, " ") + "     the last one that this prints" + lost
}

// What a shell takes as one word as it is.
var bareWord = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./-]*$`)

// quoted returns s as one word of a shell.
func quoted(s string) string {
	if bareWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(plain(s), "'", `'\''`) + "'"
}

// next says what is left to do. Pinning writes the files again, so that it comes
// before they are edited.
func (f *initFlags) next() string {
	var steps []string
	ref := refOf(version(), "")
	look := fmt.Sprintf(`git ls-remote https://github.com/andon-ci/andon %[1]s '%[1]s^{}'`, ref)
	switch commit := f.commit(); {
	case commit == "":
		steps = append(steps, fmt.Sprintf(`pin the action to a commit: it is named by %s, and a tag can be moved
     %s
     %s`, ref, look, f.again()))
	case f.pin == "":
		steps = append(steps, fmt.Sprintf(`check the commit to which the action is pinned, which this program was built from
     %s     prints %s last`, look, commit))
	}
	if len(f.agents) > 0 {
		steps = append(steps, "add the action as the last step of the jobs in which agents run, as in docs/action.md")
	} else {
		steps = append(steps, "put your agent into .github/workflows/andon-collect.yml, in place of the step that says so")
	}
	steps = append(steps, "commit .github, and merge it: the second stage, the sweep and the report run on the default branch alone")
	var b strings.Builder
	b.WriteString("\nnext:\n")
	for i, s := range steps {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, s)
	}
	return b.String()
}
