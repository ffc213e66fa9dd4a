package override

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxReverts bounds how many candidates are compared with one another, and
// maxNamed what each names.
const (
	maxReverts = 300
	maxNamed   = 20
)

var (
	revertsCommit = regexp.MustCompile(`(?im)^[ \t]*this reverts commit[ \t]+([0-9a-f]{7,64})\b`)
	revertsPull   = regexp.MustCompile(`(?im)^[ \t]*reverts[ \t]+(?:https?://[^\s/]+/)?([a-z0-9_.-]+/[a-z0-9_.-]+)?(?:#|/pull/)([0-9]{1,9})\b`)
	revertTitle   = regexp.MustCompile(`^Revert "(.*)"(?: \(#[0-9]+\))?$`)
	revertBranch  = regexp.MustCompile(`^revert-([0-9]{1,9})-`)
	squashNumber  = regexp.MustCompile(` \(#[0-9]{1,9}\)$`)
)

// claim is what a commit or a pull request says that it reverts.
type claim struct {
	r       Revert
	shas    []string
	pulls   []string // "owner/name#12" or "#12"
	branch  string   // number in the branch's name
	title   string   // of what it reverts
	inside  int      // index in History.Commits of a commit of the change itself, or -1
	time    time.Time
	reverts Strength // how sure it is that it reverts the change; empty where it does not
	on      decided
}

// reads returns the claim that a candidate makes.
func (h *History) reads(r Revert) claim {
	cl := claim{r: r, inside: -1, time: r.Merged}
	title, texts := r.Title, append([]string{r.Body}, r.Messages...)
	if r.Commit != nil {
		if cl.time.IsZero() {
			if cl.time = r.Commit.Pushed; cl.time.IsZero() {
				cl.time = r.Commit.Committer.Time
			}
		}
		title, _, _ = strings.Cut(r.Commit.Message, "\n")
		texts = []string{r.Commit.Message}
	}
	for _, text := range texts {
		for _, m := range revertsCommit.FindAllStringSubmatch(text, maxNamed) {
			cl.shas = append(cl.shas, strings.ToLower(m[1]))
		}
		for _, m := range revertsPull.FindAllStringSubmatch(text, maxNamed) {
			cl.pulls = append(cl.pulls, strings.ToLower(m[1])+"#"+m[2])
		}
	}
	if m := revertBranch.FindStringSubmatch(r.Head); m != nil {
		cl.branch = m[1]
	}
	if m := revertTitle.FindStringSubmatch(strings.TrimSpace(title)); m != nil {
		cl.title = m[1]
	}
	return cl
}

// names says how plainly a claim names something: by one of its commits
// (strong), by its number (medium), by its title alone (weak). A claim that
// names other commits or numbers does not mean it, whatever its title says.
func (cl claim) names(h *History, shas []string, number int, title string) Strength {
	for _, said := range cl.shas {
		if slices.ContainsFunc(shas, func(sha string) bool { return sameSHA(sha, said) }) {
			return Strong
		}
	}
	if number > 0 {
		n := strconv.Itoa(number)
		if slices.Contains(cl.pulls, "#"+n) || slices.Contains(cl.pulls, strings.ToLower(h.Repository)+"#"+n) || cl.branch == n && len(cl.shas) == 0 {
			return Medium
		}
	}
	if len(cl.shas) == 0 && len(cl.pulls) == 0 && cl.branch == "" && title != "" && cl.title != "" && plainTitle(cl.title) == plainTitle(title) {
		return Weak
	}
	return ""
}

func plainTitle(s string) string { return squashNumber.ReplaceAllString(strings.TrimSpace(s), "") }

// reverts finds what took back an agent's change, or a commit of an agent's in
// somebody else's. Strong where it names one of the commits, medium where it
// names the pull request's number, weak by its title alone. A revert that was
// itself reverted is cancelled.
func (c *change) reverts() {
	claims := c.claims()
	active := activity(c.h, claims)
	landed := map[string]string{} // origin by SHA: what merged a revert is no edit either
	for _, m := range c.h.After {
		landed[m.SHA] = m.origin()
	}
	for i, cl := range claims {
		if cl.reverts == "" {
			continue
		}
		ids := []string{cl.id()}
		if cl.r.Commit != nil {
			c.reverting[cl.r.Commit.origin()] = true
		} else if origin, ok := landed[cl.sha()]; ok {
			c.reverting[origin] = true
		}
		actor, ok := c.reverter(cl)
		switch {
		case !ok:
			c.ignore(Reverted, "an agent reverted it", cl.r.URL)
		case !active(i):
			c.cancel(Reverted, ids...)
		default:
			c.override(act{
				signal: Reverted, strength: cl.reverts, time: cl.time, actor: actor, on: cl.on, ids: ids,
				evidence: evidence(cl.evidence(), Evidence{Kind: "pull_request", URL: c.h.URL}),
			})
		}
	}
}

// claims returns what may revert the change, or a revert of it, each once. Those
// that reverts found to revert the change say so.
func (c *change) claims() []claim {
	var out []claim
	seen := map[string]bool{}
	add := func(r Revert, inside int) {
		if r.Number > 0 && r.Merged.IsZero() {
			return
		}
		cl := c.h.reads(r)
		cl.inside = inside
		if len(cl.shas)+len(cl.pulls) == 0 && cl.branch == "" && cl.title == "" || seen[cl.id()] || cl.sha() != "" && seen[cl.sha()] {
			return
		}
		if len(out) == maxReverts {
			c.lack(PartReverts)
			return
		}
		seen[cl.id()], seen[cl.sha()] = true, true
		cl.reverts, cl.on = c.reverted(cl)
		out = append(out, cl)
	}
	for _, r := range c.h.Reverts {
		add(r, -1)
	}
	for i, m := range c.h.Commits {
		add(Revert{SHA: m.SHA, Commit: &c.h.Commits[i], URL: m.URL}, i)
	}
	for i, m := range c.h.After {
		add(Revert{SHA: m.SHA, Commit: &c.h.After[i], URL: m.URL}, -1)
	}
	return out
}

// reverted says whether a claim reverts the change, and which decision of an
// agent's that contradicts. Within the change only its commits can be meant.
func (c *change) reverted(cl claim) (Strength, decided) {
	for i, m := range c.h.Commits {
		if c.authors[i].isAgent() && cl.names(c.h, []string{m.SHA}, 0, "") != "" {
			return Strong, decided{commitDecision(m), c.authors[i]}
		}
	}
	if !c.owner.isAgent() || cl.inside >= 0 || c.h.Merge == nil {
		return "", decided{}
	}
	shas := append([]string{c.h.Merge.SHA}, c.h.Merge.Commits...)
	return cl.names(c.h, shas, c.h.Subject.Number, c.h.Title), c.proposed
}

// activity returns whether a claim still holds: no other that holds reverts it.
func activity(h *History, claims []claim) func(int) bool {
	state := make([]int8, len(claims)) // 0 not asked, 1 being asked, 2 holds, 3 does not
	var active func(int) bool
	active = func(i int) bool {
		if state[i] == 0 {
			state[i] = 1
			holds := int8(2)
			for j, by := range claims {
				if j != i && claims[i].before(by) && by.names(h, claims[i].commits(), claims[i].r.Number, claims[i].ownTitle()) != "" && active(j) {
					holds = 3
					break
				}
			}
			state[i] = holds
		}
		return state[i] != 3
	}
	return active
}

// before reports whether cl can have been there when by was made. Commits of
// one change have their order, the rest the forge's time.
func (cl claim) before(by claim) bool {
	if cl.inside >= 0 && by.inside >= 0 {
		return cl.inside < by.inside
	}
	return cl.time.IsZero() || by.time.IsZero() || !by.time.Before(cl.time) || by.r.Commit != nil
}

func (cl claim) sha() string {
	if cl.r.SHA == "" && cl.r.Commit != nil {
		return cl.r.Commit.SHA
	}
	return cl.r.SHA
}

func (cl claim) commits() []string {
	if sha := cl.sha(); sha != "" {
		return []string{sha}
	}
	return nil
}

func (cl claim) ownTitle() string {
	if cl.r.Commit != nil {
		title, _, _ := strings.Cut(cl.r.Commit.Message, "\n")
		return title
	}
	return cl.r.Title
}

// id names a revert: by its commit on the base or, within the change, by what
// a rebase leaves of it.
func (cl claim) id() string {
	if cl.inside >= 0 {
		return cl.r.Commit.origin()
	}
	if sha := cl.sha(); sha != "" {
		return sha
	}
	return "#" + strconv.Itoa(cl.r.Number)
}

func (cl claim) evidence() Evidence {
	if cl.r.Number > 0 {
		return Evidence{Kind: "pull_request", ID: strconv.Itoa(cl.r.Number), URL: cl.r.URL}
	}
	return Evidence{Kind: "commit", ID: cl.sha(), URL: cl.r.URL}
}

// reverter returns the person behind a revert: who merged it, else who wrote it.
func (c *change) reverter(cl claim) (who, bool) {
	if cl.r.Commit != nil {
		w := c.o.Accounts.commit(*cl.r.Commit)
		return w, w.kind != Machine
	}
	merger, mergerMay := c.person(cl.r.MergedBy)
	author, authorMay := c.person(cl.r.Author)
	switch {
	case merger.kind == Human:
		return merger, true
	case author.kind == Human:
		return author, true
	case mergerMay && cl.r.MergedBy != Actor{}:
		return merger, true
	}
	return author, authorMay && merger.kind != Machine
}
