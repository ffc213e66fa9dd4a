package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/andon-ci/andon/schemas"
)

func schemaCommand() command {
	return command{
		name: "schema", args: "[NAME]", words: schemas.Names(),
		summary: "print a JSON Schema of what Andon reads and writes",
		help: `examples:
  andon schema                 lists the names
  andon schema trace           the native trace, for agents without a transcript
`,
		start: func(*flag.FlagSet) runner {
			return func(_ context.Context, env Env, args []string) error {
				if len(args) == 0 {
					return printed(fmt.Fprintln(env.Stdout, strings.Join(schemas.Names(), "\n")))
				}
				raw, err := schemas.Get(args[0])
				if err != nil {
					return usage(err.Error(), "andon schema lists the names")
				}
				return printed(env.Stdout.Write(raw))
			}
		},
	}
}
