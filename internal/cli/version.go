package cli

import (
	"context"
	_ "embed"
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
				return printed(fmt.Fprintf(env.Stdout, "andon %s %s/%s %s\nprices %s, %s\n",
					version(), runtime.GOOS, runtime.GOARCH, runtime.Version(), t.Date(), t.Source()))
			}
		},
	}
}

// release is the version that this source is, or with "-dev" the one that it
// will be. A release binary has no other: its bytes are fixed before the commit
// that Go could stamp it with.
//
//go:embed version.txt
var release string

// version returns the version of the module where Go stamped one, as in
// `go install`, and else that of the source.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return strings.TrimSpace(release)
}
