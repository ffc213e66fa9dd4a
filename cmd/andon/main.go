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
	debug.SetGCPercent(25) // traces are read on runners that have other work to do
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now}
	code := cli.Main(ctx, env, os.Args[1:])
	stop()
	os.Exit(code)
}
