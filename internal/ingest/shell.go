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
	maxCommand = 16 << 10
	maxNested  = 3  // bash -c within bash -c
	maxOpened  = 64 // brackets within brackets, for which the parser's time grows with the square
)

// simpleCommands returns the words of each simple command that a command line
// may run, in order: `cd x && go test ./...` has two. Text within quotes and
// here-documents is never taken for a command.
func simpleCommands(cmd string) [][]string { return commandsIn(cmd, 0) }

func commandsIn(cmd string, depth int) [][]string {
	if len(cmd) > maxCommand || depth > maxNested {
		return nil
	}
	if !strings.ContainsAny(cmd, "'\"`\\$(){}<>;|&\n#*?[!~") {
		return unwrapped(strings.Fields(cmd), depth) // most commands, at little cost
	}
	if !shallow(cmd) {
		return nil
	}
	file, err := syntax.NewParser(syntax.RecoverErrors(3)).Parse(strings.NewReader(cmd), "")
	if err != nil && file == nil {
		return nil
	}
	var out [][]string
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			words := make([]string, len(call.Args))
			for i, w := range call.Args {
				words[i] = literal(w)
			}
			out = append(out, unwrapped(words, depth)...)
		}
		return true
	})
	return out
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
func unwrapped(words []string, depth int) [][]string {
	for len(words) > 0 {
		switch name := path.Base(words[0]); {
		case assignment.MatchString(words[0]):
			words = words[1:]
		case name == "timeout" || name == "nice":
			words = afterFlags(words[1:])
			for len(words) > 0 && duration.MatchString(words[0]) {
				words = words[1:]
			}
		case slices.Contains([]string{"sudo", "env", "time", "nohup", "command", "exec", "xargs", "then", "do", "else"}, name):
			words = afterFlags(words[1:])
		case slices.Contains([]string{"bash", "sh", "zsh", "dash"}, name) && len(words) > 2 && shellFlag.MatchString(words[1]):
			return commandsIn(words[2], depth+1)
		default:
			return [][]string{words}
		}
	}
	return nil
}

var (
	assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
	duration   = regexp.MustCompile(`^[0-9.]+[smhd]?$`)
	shellFlag  = regexp.MustCompile(`^-[a-z]*c$`)
	subcommand = regexp.MustCompile(`^[a-z][a-z0-9:_-]{0,30}$`)
	plainName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,39}$`)
)

func afterFlags(words []string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		words = words[1:]
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
		if rest := afterFlags(words[1:]); len(rest) > 0 && plainName.MatchString(rest[0]) {
			return rest[0]
		}
	}
	for _, w := range withoutFlags(words[1:], name) {
		if levels == 0 || !subcommand.MatchString(w) {
			break
		}
		name += " " + w
		levels--
	}
	return name
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
