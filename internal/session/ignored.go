package session

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// ignoredErrors reports commands that failed last, in a run that claims success
// all the same: it approved, merged or delivered. A reviewer whose tests fail and
// who requests changes has ignored nothing.
func (b *builder) ignoredErrors(r *Run) {
	if r.Status != trace.Success || !r.claimsSuccess() {
		return
	}
	a := b.toolAccount()
	last := map[string]*tool{}
	var order []string
	for _, t := range a.inOrder()[0] {
		if t.effect == nil || t.denied || !onlyChecks(t.effect.judged) {
			continue
		}
		name := t.effect.programs
		if last[name] == nil {
			order = append(order, name)
		}
		last[name] = t
	}
	for _, name := range order {
		if t := last[name]; t.failed && t.exit > 0 && !a.repeated(last, name, t) {
			b.fail("failure/ignored-error", finding.Warning, fmt.Sprintf("the agent claims success, though its last `%s` had failed with exit code %d", name, t.exit),
				"check what it claims; a gate in the workflow should run the command itself", a.pos(t.place))
		}
	}
}

func (r *Run) claimsSuccess() bool {
	if r.Decision != nil {
		return slices.Contains([]trace.Kind{trace.Approve, trace.Merge, trace.Commit}, r.Decision.Kind)
	}
	return r.Changes != nil && r.Changes.Commits+r.Changes.Pushes+r.Changes.PullRequests > 0
}

// repeated reports whether a program of a failed command line succeeded later
// in another one.
func (a *account) repeated(last map[string]*tool, name string, failed *tool) bool {
	for other, t := range last {
		if other == name || t.failed || t.start < failed.start || t.start == 0 && t.place.line < failed.place.line {
			continue
		}
		for p := range strings.SplitSeq(name, "; ") {
			if checks(p) && slices.Contains(strings.Split(other, "; "), p) {
				return true
			}
		}
	}
	return false
}

// onlyChecks reports whether a failure is that of a program that checks: in
// `go test | grep FAIL` it is that of grep. Commands that set the stage, as cd
// does, are passed over.
func onlyChecks(judged string) bool {
	found := false
	for p := range strings.SplitSeq(judged, "; ") {
		if p == "cd" || p == "export" || p == "set" || p == "source" || p == "echo" {
			continue
		}
		if !checks(p) {
			return false
		}
		found = true
	}
	return found
}

// checks reports whether one of the programs builds, tests, checks or delivers,
// so that its failure is the run's business.
func checks(programs string) bool {
	for p := range strings.SplitSeq(programs, "; ") {
		switch p {
		case "pytest", "tox", "unittest", "jest", "vitest", "mocha", "tsc", "eslint", "ruff", "mypy", "flake8", "pylint", "ctest", "make", "just", "rspec", "phpunit",
			"golangci-lint", "staticcheck", "shellcheck", "actionlint", "gradlew", "mvnw":
			return true
		}
		tool, sub, _ := strings.Cut(p, " ")
		switch tool {
		case "go", "cargo", "npm", "pnpm", "yarn", "bun", "deno", "make", "just", "mvn", "gradle", "gradlew", "dotnet", "uv", "poetry", "bundle", "docker", "composer":
			if slices.Contains([]string{"test", "t", "vet", "build", "check", "run", "ci", "lint", "clippy", "verify", "package", "install"}, sub) || tool == "make" || tool == "just" {
				return true
			}
		case "git":
			if sub == "commit" || sub == "push" {
				return true
			}
		case "gh":
			if slices.Contains([]string{"pr create", "pr review", "pr merge", "pr comment"}, sub) {
				return true
			}
		}
	}
	return false
}
