package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/andon-ci/andon/internal/cli"
)

func main() {
	// Runners have other work to do: while little memory is in use, garbage may
	// lie; from the limit on, it may not.
	debug.SetGCPercent(200)
	debug.SetMemoryLimit(44 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now}
	code := cli.Main(ctx, env, os.Args[1:])
	stop()
	os.Exit(code)
}
