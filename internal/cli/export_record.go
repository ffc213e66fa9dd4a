package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"regexp"

	"github.com/andon-ci/andon/internal/override"
)

// maxRecords bounds how many overrides and agreements one command reads.
const maxRecords = 100_000

// recordsBegin is how a file of overrides begins: what `andon overrides` prints
// as json or as jsonl.
var recordsBegin = regexp.MustCompile(`^\s*\{\s*"(?:overrides"\s*:|schema"\s*:\s*"andon\.(?:override|agreement)/v1")`)

// readRecords takes the files of overrides out of a list, and reads them.
func readRecords(env Env, files []input) (records []override.Record, rest []input, err error) {
	for _, in := range files {
		if in.path == "-" {
			rest = append(rest, in)
			continue
		}
		found, is, err := recordsIn(env, in.path)
		switch {
		case !is:
			rest = append(rest, in)
		case err != nil:
			return nil, nil, failure(err, "reading overrides from "+in.path, "it takes what `andon overrides --format json` or jsonl prints")
		}
		records = append(records, found...)
		if len(records) > maxRecords {
			return nil, nil, failure(errors.New("more than 100,000 records"), "reading overrides from "+in.path, "export them in parts")
		}
	}
	return records, rest, nil
}

// recordsIn returns the records of a file, and whether it is one of records.
func recordsIn(env Env, path string) (records []override.Record, is bool, err error) {
	r, err := open(path, env.Stdin)
	if err != nil {
		return nil, false, nil // collecting says so
	}
	defer r.Close()
	br := bufio.NewReaderSize(r, 4<<10)
	head, _ := br.Peek(200)
	if !recordsBegin.Match(head) {
		return nil, false, nil
	}
	dec := json.NewDecoder(io.LimitReader(br, 1<<30))
	for len(records) <= maxRecords {
		var v struct {
			override.Record
			Overrides  []override.Record `json:"overrides"`
			Agreements []override.Record `json:"agreements"`
		}
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			return records, true, nil
		case err != nil:
			return nil, true, errors.New("not the JSON of overrides") // never its text
		}
		records = append(append(records, v.Overrides...), v.Agreements...)
		if v.Schema != "" {
			records = append(records, v.Record)
		}
	}
	return records, true, nil
}
