package cli

import (
	"os"
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
	for _, place := range []string{
		filepath.Join(temp, "claude-execution-output.json"), // claude-code-action's execution_file
		filepath.Join(temp, "andon"),
		filepath.Join(claude, "projects"),
		filepath.Join(codex, "sessions"),
		filepath.Join(home, ".gemini", "tmp"),
		filepath.Join(home, ".copilot", "session-state"),
		"andon-traces",
	} {
		if !filepath.IsAbs(place) && place != "andon-traces" {
			continue // HOME or RUNNER_TEMP is not set
		}
		if _, err := os.Stat(place); err == nil {
			found = append(found, place)
		}
	}
	return found
}
