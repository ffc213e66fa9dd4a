package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/github"
)

// ownership says who answers for runs. A run belongs to who owns the
// instructions of its agent, or all of the repository where the run does not
// name any. The rules of a repository are read when it first turns up.
type ownership struct {
	owner       string // whose report it is; empty is everybody's
	own         string // repository that is checked out
	rules       map[string]codeowners
	known       map[ownable][]string
	unreachable []string
	read        func(repository string) (codeowners, error)
}

// ownable is what somebody may own.
type ownable struct{ repository, path string }

// owners returns who answers for a run of a repository, nobody where it is not
// known.
func (o *ownership) owners(repository, instructions string) []string {
	k := ownable{repository, instructions}
	all, known := o.known[k]
	if !known {
		all = o.rulesOf(repository).of(filepath.ToSlash(instructions))
		o.known[k] = all
	}
	return all
}

// keeps reports whether the owner of the report owns a run of a repository.
// Names are the same in any case.
func (o *ownership) keeps(repository, instructions string) bool {
	return slices.ContainsFunc(o.owners(repository, instructions), func(name string) bool { return strings.EqualFold(name, o.owner) })
}

func (o *ownership) rulesOf(repository string) codeowners {
	rules, known := o.rules[repository]
	if !known {
		var err error
		if rules, err = o.read(repository); err != nil {
			o.unreachable = append(o.unreachable, repository)
		}
		o.rules[repository] = rules
	}
	return rules
}

// ownership returns who answers for the runs that are reported on. The forge is
// asked about other repositories than the one that is checked out only where
// the report has to ask it anyway, and not again once it wants no more questions.
func (p *reporting) ownership(ctx context.Context, co checkout) *ownership {
	o := &ownership{
		owner: p.flags.owner, own: cmp.Or(p.flags.repository, p.env.Getenv("GITHUB_REPOSITORY")),
		rules: map[string]codeowners{}, known: map[ownable][]string{},
	}
	var limit error
	o.read = func(repository string) (codeowners, error) {
		switch {
		case repository == o.own && (o.own != "" || o.owner != ""):
			return checkedOutOwners(ctx, co)
		case p.flags.owner == "" && !p.flags.post:
			return nil, nil
		case !validRepo.MatchString(repository):
			return nil, errNotRepository
		case limit != nil:
			return nil, limit
		}
		rules, err := p.ownersOf(ctx, repository)
		if errors.Is(err, github.ErrLimit) {
			limit = err
		}
		return rules, err
	}
	return o
}

var errNotRepository = usage("a repository without a name", "rollups name their repository")

func (p *reporting) ownersOf(ctx context.Context, repository string) (codeowners, error) {
	c, err := p.flags.client(p.env, repository)
	if err != nil {
		return nil, err
	}
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

// unread adds the repositories of which it is not known whether they are the
// owner's. A report that is everybody's has them all the same.
func (o *ownership) unread(all []string) []string {
	if o.owner == "" {
		return all
	}
	all = append(slices.Clone(all), o.unreachable...)
	slices.Sort(all)
	return slices.Compact(all)
}
