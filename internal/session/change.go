package session

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/andon-ci/andon/internal/trace"
)

// maxFiles is how many changed files, how many things that it has made, and how
// many kinds of commands, a run lists. All are counted.
const maxFiles = 200

// changes adds up what the successful tool calls of a run changed. It is nil
// where no source lists tool calls.
func (b *builder) changes() *Changes {
	a := b.toolAccount()
	if len(a.tools) == 0 {
		return nil
	}
	c := &Changes{}
	files := map[string]*FileChange{}
	for i := range a.tools {
		t := &a.tools[i]
		if t.effect == nil || t.failed || !t.done {
			continue
		}
		if t.effect.unread {
			c.Unread++
		}
		for _, change := range t.effect.changes {
			c.add(change, files)
			if change.ID != "" {
				p := a.pos(t.effect.named)
				c.Made = append(c.Made, Made{change.Kind, change.ID, p.File, p.Line})
			}
		}
	}
	c.Made = inPlace(c.Made)
	c.FilesEdited = len(files)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if len(c.Files) < maxFiles {
			c.Files = append(c.Files, *files[path])
		}
	}
	return c
}

// inPlace sorts what was made by where that was read, without what is named again.
func inPlace(made []Made) []Made {
	slices.SortFunc(made, func(x, y Made) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID))
	})
	seen := map[[2]string]bool{}
	made = slices.DeleteFunc(made, func(m Made) bool {
		key := [2]string{string(m.Kind), m.ID}
		again := seen[key]
		seen[key] = true
		return again
	})
	return made[:min(len(made), maxFiles)]
}

func (c *Changes) add(change trace.Change, files map[string]*FileChange) {
	switch change.Kind {
	case trace.Edited, trace.Deleted:
		c.edit(change, files)
	case trace.Committed:
		c.Commits++
	case trace.Pushed:
		c.Pushes++
	case trace.OpenedPull:
		c.PullRequests++
	case trace.PostedReview:
		c.Reviews++
	case trace.PostedComment:
		c.Comments++
	case trace.MergedPull:
		c.Merges++
	}
}

func (c *Changes) edit(change trace.Change, files map[string]*FileChange) {
	f := files[change.Path]
	if f == nil {
		f = &FileChange{Path: change.Path}
		files[change.Path] = f
	}
	f.Edits++
	f.Deleted = change.Kind == trace.Deleted
	f.Added, f.Removed = f.Added.Add(change.Added), f.Removed.Add(change.Removed)
	c.LinesAdded, c.LinesRemoved = c.LinesAdded.Add(change.Added), c.LinesRemoved.Add(change.Removed)
	c.LinesPartial = c.LinesPartial || !change.Added.Known() || !change.Removed.Known()
}

// commands counts the shell commands of a run by what they ran.
func (b *builder) commands() map[string]CommandStat {
	a := b.toolAccount()
	out := map[string]CommandStat{}
	for i := range a.tools {
		t := &a.tools[i]
		if t.effect == nil || t.effect.programs == "" && !t.effect.unread {
			continue
		}
		name := cmp.Or(t.effect.programs, "(not read)")
		if _, known := out[name]; !known && len(out) >= maxFiles {
			name = "(others)"
		}
		s := out[name]
		s.Calls++
		if t.failed {
			s.Errors++
		}
		if t.exit != noExit {
			if s.ExitCodes == nil {
				s.ExitCodes = map[string]int{}
			}
			s.ExitCodes[strconv.Itoa(int(t.exit))]++
		}
		out[name] = s
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
