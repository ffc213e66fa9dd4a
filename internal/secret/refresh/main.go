// Command refresh turns the rules of gitleaks, or of a scanner that reads the
// same configuration, into the data that package secret embeds. Its output
// depends on its input alone, so that it is run again for each release:
//
//	go run ./internal/secret/refresh -in gitleaks.toml -source "gitleaks v8.30.1 (MIT)" -out internal/secret/rules/gitleaks.json
//
// A rule of a name that is given a value becomes a description of both, for
// which package secret has one matcher; any other keeps its regular expression,
// with the strings of which one stands in all that it matches. With -without,
// rules that an earlier file has are left out.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "refresh:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("refresh", flag.ContinueOnError)
	in := flags.String("in", "", "the configuration, in TOML")
	source := flags.String("source", "", "name, version and licence of the source")
	without := flags.String("without", "", "a file of rules; those that it has are left out")
	out := flags.String("out", "", "the file to write")
	regexes := flags.String("regexes", "", "a file to write with the regular expressions as they are, for the test that compares")
	if err := flags.Parse(args); err != nil {
		return err
	}
	data, err := os.ReadFile(*in)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	known, err := patterns(*without)
	if err != nil {
		return fmt.Errorf("reading %s: %w", *without, err)
	}
	file := file{Source: *source}
	rules := readTOML(string(data))
	if *regexes != "" {
		if err := os.WriteFile(*regexes, asTheyAre(rules), 0o644); err != nil {
			return err
		}
	}
	for _, r := range rules {
		if r.part || r.regex == "" || skipped()[plainID(r.id)] || known[r.regex] {
			continue
		}
		made, err := convert(r)
		if err != nil {
			fmt.Fprintf(os.Stderr, "refresh: leaving out %s: %v\n", r.id, err)
			continue
		}
		file.Rules = append(file.Rules, made.illustrate())
	}
	return os.WriteFile(*out, file.bytes(), 0o644)
}

// patterns returns the regular expressions that the rules of a file were made
// from.
func patterns(name string) (map[string]bool, error) {
	known := map[string]bool{}
	if name == "" {
		return known, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	for _, r := range f.Rules {
		known[r.From] = true
	}
	return known, nil
}

// asTheyAre returns what of the rules says what they find, a line each.
func asTheyAre(rules []source) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, r := range rules {
		if r.regex != "" {
			_ = e.Encode(map[string]any{"id": r.id, "regex": r.regex, "entropy": r.entropy, "keywords": r.keywords})
		}
	}
	return b.Bytes()
}
