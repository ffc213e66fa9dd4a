package cli

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"andon": func() {
			env := Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now}
			os.Exit(Main(context.Background(), env, os.Args[1:]))
		},
		"killed-sync": killedSync,
	})
}

// TestScript runs testdata/script: each file is a user's story, and the
// specification of a command.
func TestScript(t *testing.T) {
	data, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join(data, "script"),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("DATA", data)
			e.Setenv("COLUMNS", "100")
			return nil
		},
	})
}

var update = flag.Bool("update", false, "rewrite the expected output in testdata")
