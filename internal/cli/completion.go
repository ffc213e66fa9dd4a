package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

func completionCommand() command {
	return command{
		name: "completion", args: "bash|zsh|fish", words: []string{"bash", "zsh", "fish"},
		summary: "print a completion script for a shell",
		help: `examples:
  source <(andon completion bash)
  andon completion fish > ~/.config/fish/completions/andon.fish
`,
		start: func(*flag.FlagSet) runner {
			return func(_ context.Context, env Env, args []string) error {
				if len(args) != 1 {
					return usage("completion: name one shell", "andon completion bash, zsh or fish")
				}
				var b strings.Builder
				if err := complete(&b, args[0]); err != nil {
					return err
				}
				return printed(io.WriteString(env.Stdout, b.String()))
			}
		},
	}
}

func complete(w *strings.Builder, shell string) error {
	names, flags := words()
	switch shell {
	case "bash", "zsh":
		if shell == "zsh" {
			fmt.Fprintln(w, "autoload -U +X bashcompinit && bashcompinit")
		}
		fmt.Fprintf(w, "_andon() {\n  local cur=${COMP_WORDS[COMP_CWORD]}\n  if [ \"$COMP_CWORD\" = 1 ]; then\n    COMPREPLY=($(compgen -W '%s' -- \"$cur\"))\n    return\n  fi\n  case \"${COMP_WORDS[1]}\" in\n", strings.Join(names, " "))
		for i, name := range names {
			fmt.Fprintf(w, "    %s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;\n", name, strings.Join(flags[i], " "))
		}
		fmt.Fprint(w, "  esac\n  COMPREPLY+=($(compgen -f -- \"$cur\"))\n}\ncomplete -o filenames -F _andon andon\n")
	case "fish":
		for i, name := range names {
			fmt.Fprintf(w, "complete -c andon -n __fish_use_subcommand -a %s\n", name)
			for _, f := range flags[i] {
				kind := "-a"
				if strings.HasPrefix(f, "--") {
					kind = "-l"
				}
				fmt.Fprintf(w, "complete -c andon -n '__fish_seen_subcommand_from %s' %s %s\n", name, kind, strings.TrimPrefix(f, "--"))
			}
		}
	default:
		return usage(fmt.Sprintf("no completion for %q", shell), "andon completion bash, zsh or fish")
	}
	return nil
}

// words returns the commands, and the words and flags that each takes.
func words() (names []string, flags [][]string) {
	for _, c := range commands() {
		fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
		c.start(fs)
		of := slices.Clone(c.words)
		fs.VisitAll(func(f *flag.Flag) { of = append(of, "--"+f.Name) })
		names, flags = append(names, c.name), append(flags, of)
	}
	return append(names, "help"), append(flags, nil)
}
