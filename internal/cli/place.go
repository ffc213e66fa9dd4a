package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// inActions reports whether the program runs in a step of GitHub Actions.
func inActions(env Env) bool { return env.Getenv("GITHUB_ACTIONS") == "true" }

// ownPlace returns the folder for traces of agents that have no place of their
// own. On a runner it is not in the working directory: what is checked out
// there could bring a trace, or a link out of it.
func ownPlace(env Env) string {
	if temp := env.Getenv("RUNNER_TEMP"); filepath.IsAbs(temp) {
		return filepath.Join(temp, "andon")
	}
	return "andon-traces"
}

// usualPlaces returns where agents leave their traces on a runner: the folders
// and files that are there.
func usualPlaces(env Env) []string {
	home, temp := env.Getenv("HOME"), env.Getenv("RUNNER_TEMP")
	codex := env.Getenv("CODEX_HOME")
	if codex == "" {
		codex = filepath.Join(home, ".codex")
	}
	claude := env.Getenv("CLAUDE_CONFIG_DIR")
	if claude == "" {
		claude = filepath.Join(home, ".claude")
	}
	var found []string
	if own := env.Getenv("ANDON_TRACE"); own != "" {
		if _, err := os.Stat(own); err == nil {
			found = append(found, own)
		}
	}
	places := []string{
		filepath.Join(temp, "claude-execution-output.json"), // claude-code-action's execution_file
		filepath.Join(temp, "andon"),
		filepath.Join(claude, "projects"),
		filepath.Join(codex, "sessions"),
	}
	for _, own := range []string{
		".gemini/tmp", ".copilot/session-state", ".kimi-code/sessions", ".kimi/sessions",
		".qwen/projects", ".factory/sessions", ".iflow/projects", ".pi/agent/sessions",
	} {
		places = append(places, filepath.Join(home, filepath.FromSlash(own)))
	}
	for _, place := range append(places, "andon-traces") {
		if !filepath.IsAbs(place) && place != "andon-traces" {
			continue // HOME or RUNNER_TEMP is not set
		}
		if _, err := os.Stat(place); err == nil {
			found = append(found, place)
		}
	}
	return found
}

// bundlePlace returns the folder that a bundle for dir is written to: what a
// link leads to, and not the link. What is there already must be an earlier
// bundle and nothing else, since it is replaced.
func bundlePlace(dir string) (string, error) {
	const hint = "--out takes a folder that is new, empty or an earlier bundle"
	dir = filepath.Clean(dir)
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		to, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", usage(fmt.Sprintf("--out %s is a link that leads nowhere", dir), hint)
		}
		dir = to
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return dir, nil
	}
	m, known := readManifest(dir)
	if err != nil || known != nil {
		return "", usage(fmt.Sprintf("--out %s is there and is no bundle", dir), hint)
	}
	other, err := m.foreign(dir)
	if err != nil {
		return "", failure(err, "looking at the earlier bundle", hint)
	}
	if other != "" {
		return "", usage(fmt.Sprintf("--out %s holds %s, which is not of the bundle and would be lost", dir, other), "move it away, or name another folder")
	}
	return dir, nil
}

// foreign returns a file or folder in dir that the manifest does not list, empty
// for none.
func (m *manifest) foreign(dir string) (string, error) {
	own := map[string]bool{".": true, "manifest.json": false, sentFile: false}
	for _, f := range m.Files {
		own[f.Path] = false
		for folder := path.Dir(f.Path); folder != "." && folder != "/" && folder != ".."; folder = path.Dir(folder) {
			own[folder] = true
		}
	}
	other := ""
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		folder, listed := own[filepath.ToSlash(rel)]
		if !listed || folder != d.IsDir() || !folder && !d.Type().IsRegular() {
			other = rel
			return fs.SkipAll
		}
		return nil
	})
	return other, err
}
