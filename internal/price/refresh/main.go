// Command refresh reduces LiteLLM's list of model prices to the table that
// package price embeds: what coding agents use, the standard price of a token
// of each class, and nothing else. Its output depends on its input alone.
//
//	go run ./internal/price/refresh -in model_prices.json -date 2026-11-21 -source "…" -keep internal/price/table.json -out internal/price/table.json
//
// Traces outlive models, so that -keep takes over from an earlier table, with
// its source, what the new one no longer lists.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/price"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "refresh:", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("refresh", flag.ContinueOnError)
	in := flags.String("in", "-", "LiteLLM's JSON: a file, an https URL, or - for standard input")
	date := flags.String("date", time.Now().UTC().Format(time.DateOnly), "when it was taken from the source")
	source := flags.String("source", "", "name and version of the source; the URL if it is read from one")
	keep := flags.String("keep", "", "a table to keep those models of that the source no longer lists")
	out := flags.String("out", "-", "the file to write, or - for standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *source == "" && strings.HasPrefix(*in, "https://") {
		*source = *in
	}
	data, err := read(*in, stdin)
	if err != nil {
		return fmt.Errorf("reading %s: %w", *in, err)
	}
	old, err := former(*keep)
	if err != nil {
		return err
	}
	table, err := reduce(data, header{Source: *source, Date: *date, Licence: "MIT"}, old)
	if err != nil {
		return fmt.Errorf("reading %s: %w", *in, err)
	}
	if *out != "-" {
		return os.WriteFile(*out, table, 0o644)
	}
	_, err = io.Copy(stdout, bytes.NewReader(table))
	return err
}

// former reads the table at path, or an empty one where path is empty.
func former(path string) (*price.Table, error) {
	if path == "" {
		return &price.Table{}, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return price.Parse(data)
}

// maxSource is more than ten times what the source has.
const maxSource = 64 << 20

func read(in string, stdin io.Reader) ([]byte, error) {
	switch {
	case in == "-":
		return io.ReadAll(io.LimitReader(stdin, maxSource))
	case !strings.HasPrefix(in, "https://"):
		return os.ReadFile(in)
	}
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Get(in)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s", resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxSource))
}
