package ingest

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The limits within which a shell command is looked into. What an agent runs
// beyond them is a script, and is counted as one command without a name.
const (
	maxCommand = 128 << 10
	maxNested  = 3  // bash -c within bash -c
	maxOpened  = 64 // brackets within brackets, for which the parser's time grows with the square
)

// script is what a command line runs.
type script struct {
	commands [][]string // the words of each simple command, in order
	judged   [][]string // those whose failure the exit code can be
	unread   bool       // it could not be read
}

// scriptIn returns the words of each simple command that a command line
// may run, in order: `cd x && go test ./...` has two. Text within quotes and
// here-documents is never taken for a command.
func scriptIn(cmd string, depth int) script {
	if len(cmd) > maxCommand || depth > maxNested {
		return script{unread: true}
	}
	if !strings.ContainsAny(cmd, "'\"`\\$(){}<>;|&\n#*?[!~") {
		return unwrapped(strings.Fields(cmd), depth) // most commands, at little cost
	}
	if !shallow(cmd) {
		return script{unread: true}
	}
	file, err := syntax.NewParser(syntax.RecoverErrors(3)).Parse(strings.NewReader(cmd), "")
	if err != nil && file == nil {
		return script{unread: true}
	}
	judges := map[syntax.Node]bool{}
	if n := len(file.Stmts); n > 0 {
		judgesOf(file.Stmts[n-1], judges)
	}
	out := script{unread: err != nil}
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			words := make([]string, len(call.Args))
			for i, w := range call.Args {
				words[i] = literal(w)
			}
			in := unwrapped(words, depth)
			out.commands = append(out.commands, in.commands...)
			if judges[call] {
				out.judged = append(out.judged, in.judged...)
			}
		}
		return true
	})
	return out
}

// judgesOf marks the commands of which the exit code of a statement can be: all of
// a chain of &&, the last of a pipe or of ||.
func judgesOf(s *syntax.Stmt, to map[syntax.Node]bool) {
	for s != nil {
		if call, ok := s.Cmd.(*syntax.CallExpr); ok {
			to[call] = true
		}
		binary, ok := s.Cmd.(*syntax.BinaryCmd)
		if !ok {
			return
		}
		if binary.Op == syntax.AndStmt {
			judgesOf(binary.X, to)
		}
		s = binary.Y
	}
}

// shallow reports whether no more than maxOpened brackets are open at once.
func shallow(cmd string) bool {
	open := 0
	for i := range len(cmd) {
		switch cmd[i] {
		case '(', '{', '[':
			if open++; open > maxOpened {
				return false
			}
		case ')', '}', ']':
			open = max(open-1, 0)
		}
	}
	return true
}

// literal returns what of a word does not depend on the shell's state.
func literal(w *syntax.Word) string {
	var b strings.Builder
	for _, p := range w.Parts {
		writeLiteral(&b, p)
	}
	return b.String()
}

func writeLiteral(b *strings.Builder, p syntax.WordPart) {
	switch p := p.(type) {
	case *syntax.Lit:
		b.WriteString(p.Value)
	case *syntax.SglQuoted:
		b.WriteString(p.Value)
	case *syntax.DblQuoted:
		for _, q := range p.Parts {
			writeLiteral(b, q)
		}
	}
}

// unwrapped returns the commands that a command of a few words runs: those
// behind sudo, env, timeout and the like, and those within bash -c.
func unwrapped(words []string, depth int) script {
	for len(words) > 0 {
		switch name := path.Base(words[0]); {
		case assignment.MatchString(words[0]):
			words = words[1:]
		case name == "timeout":
			words = afterFlags(words[1:], wrapperValues(name))
			words = words[min(1, len(words)):] // how long
		case slices.Contains([]string{"sudo", "doas", "env", "nice", "time", "nohup", "command", "exec", "xargs", "stdbuf", "then", "do", "else"}, name):
			words = afterFlags(words[1:], wrapperValues(name))
		case slices.Contains([]string{"bash", "sh", "zsh", "dash"}, name) && len(words) > 2 && shellFlag.MatchString(words[1]):
			return scriptIn(words[2], depth+1)
		default:
			return script{commands: [][]string{words}, judged: [][]string{words}}
		}
	}
	return script{}
}

var (
	assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
	shellFlag  = regexp.MustCompile(`^-[a-z]*c$`)
	subcommand = regexp.MustCompile(`^[a-z][a-z0-9:_-]{0,30}$`)
	plainName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,39}$`)
)

// wrapperValues returns the flags of a program that runs another one whose value
// is the next word.
func wrapperValues(name string) []string {
	switch name {
	case "sudo", "doas":
		return []string{"-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-r", "-t", "--user", "--group", "--host", "--chdir"}
	case "env":
		return []string{"-u", "-C", "-S", "--unset", "--chdir"}
	case "timeout":
		return []string{"-s", "-k", "--signal", "--kill-after"}
	case "nice":
		return []string{"-n", "--adjustment"}
	case "time":
		return []string{"-f", "-o", "--format", "--output"}
	case "xargs":
		return []string{"-I", "-n", "-P", "-L", "-d", "-s", "-a", "-E", "--max-args", "--max-procs", "--delimiter", "--arg-file"}
	case "stdbuf":
		return []string{"-i", "-o", "-e"}
	}
	return nil
}

// afterFlags returns the words after the flags, and after the values of those
// that take one.
func afterFlags(words, withValue []string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		n := 1
		if slices.Contains(withValue, words[0]) {
			n = min(2, len(words))
		}
		words = words[n:]
	}
	return words
}

// program names a command by what it runs, and by the subcommand of programs
// that are many: "go test", "gh pr review". Arguments are content and are left
// out. It is empty for a word that is no plain name.
func program(words []string) string {
	name := path.Base(words[0])
	if !plainName.MatchString(name) {
		return ""
	}
	levels := 0
	switch name {
	case "gh":
		levels = 2
	case "git", "go", "npm", "pnpm", "yarn", "bun", "cargo", "docker", "kubectl", "make", "just", "pip", "uv", "poetry", "dotnet", "terraform", "mvn", "gradle", "gradlew", "bundle", "composer", "deno":
		levels = 1
	case "python", "python3":
		if len(words) > 2 && words[1] == "-m" && plainName.MatchString(words[2]) {
			return words[2]
		}
	case "npx", "pnpx", "bunx", "uvx":
		if rest := afterFlags(words[1:], nil); len(rest) > 0 && plainName.MatchString(rest[0]) {
			return rest[0]
		}
	}
	for _, w := range withoutFlags(words[1:], name) {
		if levels == 0 || !subcommand.MatchString(w) {
			break
		}
		if name += " " + w; w != "run" || name == "go run" || name == "cargo run" || name == "docker run" { // npm's scripts are what it runs
			levels--
		}
	}
	return strings.Replace(name, " run test", " test", 1)
}

// withoutFlags returns the words that are no flags, nor the values of those
// flags that git takes before its subcommand.
func withoutFlags(words []string, name string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		switch w := words[i]; {
		case name == "git" && (w == "-C" || w == "-c" || w == "--git-dir" || w == "--work-tree"):
			i++
		case name == "gh" && (w == "-R" || w == "--repo"):
			i++
		case !strings.HasPrefix(w, "-"):
			out = append(out, w)
		}
	}
	return out
}

// programs returns what a command line runs, each once. Commands that only set
// the stage, as cd does, are named only where there is no other.
func programs(commands [][]string) []string {
	var acts, stage []string
	for _, words := range commands {
		name := program(words)
		switch {
		case name == "":
		case slices.Contains([]string{"cd", "export", "set", "echo", "source", "true", "printf", "pushd", "popd", "unset"}, name):
			stage = append(stage, name)
		case !slices.Contains(acts, name) && len(acts) < maxPrograms:
			acts = append(acts, name)
		}
	}
	if len(acts) == 0 && len(stage) > 0 {
		return stage[:1]
	}
	return acts
}

// maxPrograms bounds what one command line is known by.
const maxPrograms = 6
