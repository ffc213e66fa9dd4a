package history

import "io/fs"

// The file with which a branch begins, for people who come upon it.
const (
	readme     = "README.md"
	readmeText = `This branch is the history of Andon: a line for each run of an agent and for each
act of a person that overruled one, by day, without what was said. Andon writes
it with ` + "`andon sync`" + ` and reads it with ` + "`andon report`" + `; nothing else needs it.
Nothing is merged from here or into it.
`
)

// absent says why a file is not there: there is none, or something else is where
// one of its folders would be.
func (v *gitView) absent(name string) error {
	for i, r := range name {
		if _, taken := v.entries[name[:i]]; r == '/' && taken {
			return ErrRefused
		}
	}
	return fs.ErrNotExist
}
