package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// exitError is an error with an exit code and, for people, what to type next.
type exitError struct {
	code int
	msg  string
	hint string
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return e.msg
	}
	return e.msg + ": " + e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// errGate says that findings reached the gate. They have been printed.
var errGate = errors.New("findings at or above the gate")

func usage(msg, hint string) error { return &exitError{code: exitUsage, msg: msg, hint: hint} }

// gated is errGate for a command that prints no findings.
func gated(msg, hint string) error { return &exitError{code: exitGate, msg: msg, hint: hint} }

func failure(err error, msg, hint string) error {
	return &exitError{code: exitFailure, msg: msg, hint: hint, err: err}
}

// exit prints an error and returns the exit code that stands for it.
func exit(w io.Writer, err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitClean
	case errors.Is(err, errGate):
		return exitGate
	case !errors.As(err, &e):
		e = &exitError{code: exitFailure, msg: err.Error()}
	}
	fmt.Fprintf(w, "andon: %s\n", plain(e.Error()))
	if e.hint != "" {
		fmt.Fprintf(w, "hint: %s\n", plain(e.hint))
	}
	return e.code
}

// unsaid returns an error without the credentials that it quotes: of a path, of
// what a forge answered, of the environment.
func unsaid(env Env, err error) error {
	if err == nil || errors.Is(err, errGate) {
		return err
	}
	scan, scanErr := newKeyedScanner(env, nil, append(jobSecrets(env), "GITHUB_TOKEN", "GH_TOKEN", "ANDON_APP_KEY"))
	if scanErr != nil {
		return err
	}
	out := exitError{code: exitFailure, msg: err.Error()}
	var e *exitError
	if errors.As(err, &e) {
		out = exitError{code: e.code, msg: e.Error(), hint: e.hint}
	}
	words := newCleaner(scan)
	words.text(&out.msg)
	words.text(&out.hint)
	return &out
}

// plain makes text that may hold a file's or an agent's name harmless for a
// terminal and for a workflow log.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || 0x80 <= r && r <= 0x9f {
			return '?'
		}
		return r
	}, s)
}
