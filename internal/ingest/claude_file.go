package ingest

import (
	"cmp"

	"github.com/andon-ci/andon/internal/jsonl"
)

// claudeFile reads a file of Claude Code's streams and session files, which may
// be several that somebody has joined. The records say themselves what they are
// of: a session file has sessionId, a stream session_id.
type claudeFile struct {
	s        *sink
	format   string // what the file began with
	stream   *claudeStreamReader
	run      string // that the stream is of
	sessions map[string]*claudeSessionReader
	order    []*claudeSessionReader
	at       *claudeSessionReader // nil while the file is a stream
}

func newClaudeStream(s *sink) reader {
	return &claudeFile{s: s, format: s.source, sessions: map[string]*claudeSessionReader{}}
}

func newClaudeSession(s *sink) reader {
	f := newClaudeStream(s).(*claudeFile)
	f.enter("")
	return f
}

// takes reports that other files of Claude Code are read here too.
func (f *claudeFile) takes(jsonl.Value) bool { return true }

func (f *claudeFile) value(v jsonl.Value, line int) {
	switch id := v.Get("sessionId"); {
	case id.Kind() == jsonl.String:
		f.session(v, id)
	case f.at != nil && v.Get("session_id").Kind() == jsonl.String:
		f.at.leave()
		f.at, f.s.run, f.s.subagent = nil, f.run, ""
		f.s.source = claudeStream
	}
	if f.at != nil {
		f.at.value(v, line)
		return
	}
	if f.stream == nil {
		f.stream = newClaudeStreamReader(f.s)
	}
	f.stream.value(v, line)
}

// session finds the session that a record belongs to. One id after another is
// still one session where the records hang together: in older versions, those
// that a resumed session began with have kept the id that they had.
func (f *claudeFile) session(v, id jsonl.Value) {
	if f.at != nil && id.Is(f.at.id) {
		return
	}
	name := id.String()
	known := f.sessions[name]
	switch {
	case known == nil && f.at != nil && (f.at.id == "" || v.Get("parentUuid").Kind() == jsonl.String):
		f.at.id = cmp.Or(f.at.id, name)
		f.sessions[name] = f.at // goes on
	case known == nil:
		f.enter(name)
	case known != f.at:
		f.switchTo(known)
	}
}

func (f *claudeFile) enter(id string) {
	r := &claudeSessionReader{claude: newClaude(f.s), id: id}
	f.order = append(f.order, r)
	if id != "" {
		f.sessions[id] = r
	}
	f.switchTo(r)
}

func (f *claudeFile) switchTo(r *claudeSessionReader) {
	if f.at != nil {
		f.at.leave()
	} else if f.stream != nil {
		f.run = f.s.run
	}
	f.at, f.s.run, f.s.subagent = r, r.run, ""
	f.s.source = claudeSession
}

func (f *claudeFile) close() {
	if f.at != nil {
		f.at.leave()
	}
	f.s.source = claudeSession
	for _, r := range f.order {
		f.s.run = r.run
		r.close()
	}
	f.s.source = f.format
}
