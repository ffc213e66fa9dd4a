package ingest

import (
	"slices"

	"github.com/andon-ci/andon/internal/jsonl"
)

// A file may be several that somebody has joined. Where one of them begins, a
// new reader takes over: at a record that is the first of its file, or at one
// that the reader does not know and another format's does.

// taker is a reader that may go on with a record that begins a file: agents
// begin a fork with a copy of its parent's.
type taker interface {
	takes(v jsonl.Value) bool
}

// beginning returns the id of the session whose file begins with v, "" where v is
// no such record.
func beginning(v jsonl.Value) string {
	typ := v.Get("type")
	switch {
	case typ.Kind() == jsonl.Missing:
		if v.Get("projectHash").Kind() == jsonl.String {
			return v.Get("sessionId").String() // Gemini CLI's chats
		}
		if isBareMeta(v) {
			return v.Get("id").String()
		}
	case typ.StringLen() > len("thread.started"):
	case typ.Is("system"):
		if v.Get("subtype").Is("init") {
			return firstString(v, "session_id", "sessionId")
		}
	case typ.Is("user"):
		if v.Get("parentUuid").Kind() == jsonl.Null {
			return v.Get("sessionId").String()
		}
	case typ.Is("session_meta"):
		return firstString(v.Get("payload"), "id", "session_id")
	case typ.Is("thread.started"):
		return v.Get("thread_id").String()
	case typ.Is("session.start"):
		return v.Get("data", "sessionId").String()
	case typ.Is("init"):
		return v.Get("session_id").String()
	case typ.Is("session"), typ.Is("session_start"):
		return v.Get("id").String()
	}
	return ""
}

// joined opens a new reader where v is the beginning of another file.
func (f *File) joined(v jsonl.Value, c jsonl.Chunk) {
	id := beginning(v)
	if id == "" {
		return
	}
	mark := digestOf(c.Raw)
	switch {
	case f.begun == "" && (f.sink.run == "" || f.sink.run == id):
		f.begun, f.mark = id, mark
		return
	}
	fm, ok := recognise(v, c, formats())
	if !ok || id == f.begun && mark != f.mark && fm.name == f.is.name { // a session that was resumed
		return
	}
	if t, ok := f.reader.(taker); ok && fm.space == f.is.space && t.takes(v) {
		return
	}
	f.reopen(fm, c)
	f.begun, f.mark = id, mark
}

// mistaken opens a new reader for a record that the last one did not know, if
// another format does. What looks like a plain message may be anything, and is
// no sign of another file.
func (f *File) mistaken(v jsonl.Value, c jsonl.Chunk) {
	f.sink.puzzled = false
	if f.is.match(v, c) {
		return
	}
	others := slices.DeleteFunc(formats(), func(fm format) bool { return fm.space == f.sink.space || isLoose(fm) })
	fm, ok := recognise(v, c, others)
	if !ok {
		return
	}
	f.reopen(fm, c)
	f.begun, f.mark = beginning(v), digestOf(c.Raw)
	f.sink.line = c.Line
	f.reader.value(v, c.Line)
}

func isLoose(fm format) bool {
	return slices.ContainsFunc(chatFormats(), func(chat format) bool { return chat.name == fm.name })
}

func recognise(v jsonl.Value, c jsonl.Chunk, among []format) (format, bool) {
	i := slices.IndexFunc(among, func(fm format) bool { return fm.match(v, c) })
	if i < 0 {
		return format{}, false
	}
	return among[i], true
}

// reopen ends what was read so far and goes on as if a file began with c.
func (f *File) reopen(fm format, c jsonl.Chunk) {
	if f.format == "" {
		f.format = f.sink.source
	}
	f.reader.close()
	f.invalid += f.sink.invalid
	unknown := f.sink.unknown
	f.open(fm, c)
	f.sink.unknown = unknown
}
