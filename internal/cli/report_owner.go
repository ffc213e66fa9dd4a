package cli

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/andon-ci/andon/internal/github"
)

// ownership says which runs the report of an owner is about. A run belongs to
// who owns the instructions of its agent, or all of the repository where the run
// does not name any. The rules of a repository are read when it first turns up.
type ownership struct {
	owner       string
	own         string // repository that is checked out
	rules       map[string]codeowners
	unreachable []string
	read        func(repository string) (codeowners, error)
}

// keeps reports whether the owner owns a run of a repository.
func (o *ownership) keeps(repository, instructions string) bool {
	rules, known := o.rules[repository]
	if !known {
		var err error
		if rules, err = o.read(repository); err != nil {
			o.unreachable = append(o.unreachable, repository)
		}
		o.rules[repository] = rules
	}
	return rules.owns(o.owner, filepath.ToSlash(instructions))
}

// owned returns whose runs are reported on, nil for everybody's.
func (p *reporting) owned(ctx context.Context, co checkout) *ownership {
	if p.flags.owner == "" {
		return nil
	}
	o := &ownership{owner: p.flags.owner, own: cmp.Or(p.flags.repository, p.env.Getenv("GITHUB_REPOSITORY")), rules: map[string]codeowners{}}
	o.read = func(repository string) (codeowners, error) {
		if repository == o.own {
			return checkedOutOwners(ctx, co)
		}
		if !validRepo.MatchString(repository) {
			return nil, errNotRepository
		}
		c, err := p.flags.client(p.env, repository)
		if err != nil {
			return nil, err
		}
		return ownersOf(ctx, c)
	}
	return o
}

var errNotRepository = usage("a repository without a name", "rollups name their repository")

func ownersOf(ctx context.Context, c *github.Client) (codeowners, error) {
	text, err := c.Codeowners(ctx)
	return parseCodeowners([]byte(text)), err
}

// checkedOutOwners reads CODEOWNERS of the working directory, as its base has
// it where a pull request may be checked out.
func checkedOutOwners(ctx context.Context, co checkout) (codeowners, error) {
	for _, path := range codeownersPaths() {
		raw, found := co.base(ctx, path)
		switch found {
		case inBase:
			return parseCodeowners(raw), nil
		case baseUnread:
			return nil, usage("CODEOWNERS of the base could not be read", co.mend())
		case noBase:
			if raw, err := readConfig(path); err == nil {
				return parseCodeowners(raw), nil
			} else if !os.IsNotExist(err) {
				return nil, err
			}
		}
	}
	return nil, nil
}

// unread adds the repositories of which it is not known who owns them.
func (o *ownership) unread(all []string) []string {
	if o == nil {
		return all
	}
	all = append(slices.Clone(all), o.unreachable...)
	slices.Sort(all)
	return slices.Compact(all)
}
