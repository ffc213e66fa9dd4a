package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/artifact"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/trace"
)

// files adds the bundles that paths lead to.
func (y *syncing) files(ctx context.Context, paths []string) error {
	var missing error
	for _, p := range paths {
		found, err := bundlesIn(p)
		if err != nil {
			missing = failure(errors.New(reason(err)), "reading "+p, "check the path; whatever else was named has been read")
			continue
		}
		if len(found) == 0 {
			y.note([]finding.Finding{{
				Rule: "input/no-match", Severity: finding.Warning, Message: "there is no bundle in it",
				Hint: "name what `andon collect --out` has written, or artifacts that were downloaded", Pos: trace.Pos{File: p},
			}})
		}
		for _, at := range found {
			if err := y.file(ctx, at); err != nil {
				return err
			}
		}
	}
	return missing
}

// bundlesIn returns the bundles at a path, in order of their names: folders with
// a manifest, and zip files.
func bundlesIn(p string) ([]string, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{p}, nil
	}
	var out []string
	err = filepath.WalkDir(p, func(at string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case len(out) >= maxFiles:
			return fs.SkipAll
		case e.IsDir() && e.Name() == ".git":
			return fs.SkipDir
		case e.IsDir():
			if m, err := os.Lstat(filepath.Join(at, "manifest.json")); err == nil && m.Mode().IsRegular() {
				out = append(out, at)
				return fs.SkipDir
			}
		case e.Type().IsRegular() && strings.EqualFold(filepath.Ext(at), ".zip"):
			out = append(out, at)
		}
		return nil
	})
	return out, err
}

// file adds one bundle.
func (y *syncing) file(ctx context.Context, at string) error {
	b, when, found, err := y.openBundle(at)
	if err != nil {
		return failure(errors.New(reason(err)), "reading "+at, "check the permissions")
	}
	y.note(found)
	switch {
	case b != nil:
		y.told.Bundles++
		if bad := y.bundle(b, unasked{lifeUntil(y.env.Now()), when}.say); bad > 0 {
			y.note([]finding.Finding{misdated(bad, filepath.ToSlash(at), "its day is that of the file; look at the clock of whoever wrote it")})
		}
	case invalidBundle(found):
		y.told.Invalid++
	default:
		y.told.Suppressed++
	}
	if ctx.Err() != nil {
		return failure(ctx.Err(), "reading "+at, "")
	}
	if y.full() {
		return y.flush(ctx)
	}
	return nil
}

// invalidBundle tells a bundle that cannot be used from one that must not.
func invalidBundle(found []finding.Finding) bool {
	return len(found) > 0 && found[0].Rule == "artifact/invalid"
}

// openBundle opens a bundle in a folder or in a zip file. The time is that of
// its file, for runs that do not say theirs.
func (y *syncing) openBundle(at string) (*artifact.Bundle, time.Time, []finding.Finding, error) {
	info, err := os.Stat(at)
	if err != nil {
		return nil, time.Time{}, nil, err
	}
	name := filepath.ToSlash(at)
	if info.IsDir() {
		if info, err = os.Stat(filepath.Join(at, "manifest.json")); err != nil {
			return nil, time.Time{}, nil, err
		}
		root, err := os.OpenRoot(at)
		if err != nil {
			return nil, time.Time{}, nil, err
		}
		defer root.Close()
		b, found := y.opener.OpenFolder(root.FS(), name)
		return b, info.ModTime(), found, nil
	}
	f, err := os.Open(at)
	if err != nil {
		return nil, time.Time{}, nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxArtifact+1))
	if err == nil && len(raw) > maxArtifact {
		err = fmt.Errorf("over %d MiB", maxArtifact>>20)
	}
	if err != nil {
		return nil, time.Time{}, nil, err
	}
	b, found := y.opener.Open(raw, name)
	return b, info.ModTime(), found, nil
}

// bundle adds the runs of a bundle, each as say makes it, and returns how many
// were at work at a time that cannot be.
func (y *syncing) bundle(b *artifact.Bundle, say func(raw []byte) (keptLine, error)) (misdated int) {
	for _, raw := range b.Rollups {
		t, err := say(raw)
		var l history.Line
		if err == nil {
			l, err = history.NewLine(history.Runs, y.clean(t.line), t.when)
		}
		if err != nil {
			y.note([]finding.Finding{{
				Rule: "artifact/invalid", Severity: finding.Error, Message: "a run cannot be kept: " + err.Error(),
				Hint: "it was left out; its bundle has it",
			}})
			continue
		}
		if t.misdated {
			misdated++
		}
		y.add(l, len(t.line))
	}
	y.told.Misdated += misdated
	return misdated
}
