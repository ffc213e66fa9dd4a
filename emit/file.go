package emit

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
)

// appendLine appends a line to the file at path, with the file's lock and in
// one write, so that neither another Writer nor a program that merely appends
// can come between.
func appendLine(path string, line []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// Reading is for the checks below, and Windows locks no file without it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := lock(f); err != nil {
		return err
	}
	defer unlock(f)
	size, err := trusted(f)
	if err != nil {
		return err
	}
	out := append(slices.Clone(line), '\n')
	if !endsLine(f, size) {
		out = append([]byte{'\n'}, out...) // whoever wrote last was killed: its line stays alone
	}
	if _, err := f.Write(out); err != nil {
		return errors.Join(err, f.Truncate(size)) // a full disk leaves no half line
	}
	return nil
}

var (
	errNotRegular = errors.New("it is not a regular file")
	errNotTrace   = errors.New("it holds something else than a trace")
	errLocked     = errors.New("another process keeps it locked")
)

// trusted returns the file's size, and an error for a file that is not a trace:
// a line of JSON at the end would spoil it.
func trusted(f *os.File) (int64, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errNotRegular
	case info.Size() == 0:
		return 0, nil
	}
	head, err := bufio.NewReaderSize(io.NewSectionReader(f, 0, info.Size()), 64<<10).ReadSlice('\n')
	if err == nil || err == io.EOF {
		var doc jsonl.Doc
		if v, _, err := doc.Parse(head); err != nil || v.Get("type").Kind() != jsonl.String {
			return 0, errNotTrace
		}
	}
	return info.Size(), nil
}

// endsLine reports whether a file of that size ends where a line does.
func endsLine(f *os.File, size int64) bool {
	last := []byte{'\n'}
	if size > 0 {
		f.ReadAt(last, size-1) // what cannot be read is taken for a whole line
	}
	return last[0] == '\n'
}

// patience is how long a Writer waits for others. Each holds the lock for the
// time of one write.
const patience = 10 * time.Second

func lock(f *os.File) error {
	until := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait = min(2*wait, 16*time.Millisecond) {
		locked, err := tryLock(f)
		switch {
		case locked || err != nil:
			return err
		case time.Now().After(until):
			return errLocked
		}
		time.Sleep(wait)
	}
}

// maxOpen bounds how many runs of a file are remembered as begun.
const maxOpen = 1000

// openRun returns the run that the trace at path started last and that has not
// ended; where all have ended, the one that started last; where there is none,
// nothing.
func openRun(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errNotRegular // a pipe would be waited for
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var doc jsonl.Doc
	var open []string
	last := ""
	for r := jsonl.NewReader(f, maxRecord); ; {
		c, err := r.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			return "", err
		}
		if c.Part > 0 || !bytes.Contains(c.Raw, []byte(`"run.`)) {
			continue
		}
		v, _, err := doc.Parse(c.Raw)
		if err != nil {
			continue // collect tells of bad lines
		}
		id := v.Get("run_id").String()
		switch typ := v.Get("type"); {
		case typ.Is("run.start") && id != "":
			last, open = id, append(open[max(0, len(open)-maxOpen):], id)
		case typ.Is("run.end") && id == "":
			open = open[:max(0, len(open)-1)]
		case typ.Is("run.end"):
			open = slices.DeleteFunc(open, func(o string) bool { return o == id })
		}
	}
	if len(open) > 0 {
		last = open[len(open)-1]
	}
	return last, nil
}
