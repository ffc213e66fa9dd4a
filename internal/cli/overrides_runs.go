package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/andon-ci/andon/internal/artifact"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
)

// rollupsName is the file of a bundle that has a line for each run.
const rollupsName = "runs.jsonl"

// runReader reads the runs that decisions are linked to: of bundles, packed or
// not, and of whatever keeps their lines.
type runReader struct {
	env    Env
	opener *artifact.Opener
	runs   []override.Run
}

// readRuns returns the runs in files and folders. What cannot be used is named
// on stderr; a path that is not there is an error.
func readRuns(env Env, paths []string, scan *secret.Scanner) ([]override.Run, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	opener, err := artifact.NewOpener(artifact.Default(), scan)
	if err != nil {
		return nil, err
	}
	found := find(paths)
	for _, f := range found.findings {
		fmt.Fprintf(env.Stderr, "andon: --runs: %s: %s\n", plain(f.File), plain(f.Message))
	}
	if len(found.missing) > 0 {
		return nil, failure(os.ErrNotExist, "reading "+found.missing[0], "--runs takes bundles, and folders of them")
	}
	r := &runReader{env: env, opener: opener}
	for _, in := range found.files {
		var err error
		switch {
		case filepath.Ext(in.path) == ".zip":
			err = r.bundle(in.path)
		case in.named || filepath.Base(in.path) == rollupsName:
			err = r.lines(in.path)
		}
		if err != nil {
			fmt.Fprintf(env.Stderr, "andon: --runs: %s: %s\n", plain(in.path), plain(reason(err)))
		}
	}
	return r.runs, nil
}

// bundle reads a bundle as GitHub packs it.
func (r *runReader) bundle(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxArtifact+1))
	switch {
	case err != nil:
		return err
	case len(raw) > maxArtifact:
		return fmt.Errorf("it has over %d MiB", maxArtifact>>20)
	}
	b, found := r.opener.Open(raw, path)
	if b == nil {
		return errors.New(found[0].Message)
	}
	r.runs = append(r.runs, override.RunsOf(b.Report.Sessions)...)
	return nil
}

// lines reads the lines that bundles have of runs. The error counts the others.
func (r *runReader) lines(path string) error {
	file, err := open(path, nil)
	if err != nil {
		return err
	}
	defer file.Close()
	lines, others := jsonl.NewReader(file, 1<<20), 0
	for {
		c, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var l rollup
		if c.Part > 0 || json.Unmarshal(c.Raw, &l) != nil || l.Run == nil || l.Run.ID == "" {
			others++
			continue
		}
		s := &session.Session{Repository: l.Repository, HeadSHA: l.HeadSHA, Runs: []*session.Run{l.Run}}
		r.runs = append(r.runs, override.RunsOf([]*session.Session{s})...)
	}
	if others > 0 {
		return fmt.Errorf("%d records in it are no lines of a bundle's %s", others, rollupsName)
	}
	return nil
}
