package cli

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/andon-ci/andon/internal/price"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "print the version, and the date of the price table",
		start: func(*flag.FlagSet) runner {
			return func(_ context.Context, env Env, _ []string) error {
				t, err := price.Default()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(env.Stdout, "andon %s %s/%s %s\nprices %s, %s\n",
					version(), runtime.GOOS, runtime.GOARCH, runtime.Version(), t.Date(), t.Source())
				return err
			}
		},
	}
}

// version returns the module's version, as `go install` and the release build
// stamp it; "devel" for a build of a working tree.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
