package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"

	"github.com/andon-ci/andon/internal/history"
)

// historyFlags are those of every command that has to do with a history.
type historyFlags struct {
	history string
}

const historyHelp = `The history is a folder (DIR) where there is one of that name, or where the name
begins with ./, ../ or /.
`

func (f *historyFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.history, "history", "", "where the history is: `DIR|BRANCH`")
}

// open returns the history that the flag names.
func (f *historyFlags) open(Env) (history.Store, error) {
	if f.history == "" {
		return nil, usage("no history given", "--history takes a folder, such as ./history")
	}
	if isFolder(f.history) {
		return &history.Dir{Path: f.history}, nil
	}
	return nil, usage("--history "+f.history+" is no folder", "./"+f.history+" makes one")
}

// isFolder reports whether a history is one in a folder.
func isFolder(name string) bool {
	slashed := filepath.ToSlash(name)
	for _, begin := range []string{"./", "../", "/"} {
		if strings.HasPrefix(slashed, begin) {
			return true
		}
	}
	info, err := os.Stat(name)
	return slashed == "." || slashed == ".." || filepath.IsAbs(name) || err == nil && info.IsDir()
}
