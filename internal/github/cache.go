package github

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Cache keeps answers between commands. Keys are hex digits. What it cannot
// keep is asked for again, so that it has no errors.
type Cache interface {
	Get(key string) ([]byte, bool)
	Put(key string, value []byte)
}

// Folder is a Cache in a folder, for its owner's eyes alone.
type Folder struct {
	dir string
	now time.Time
}

const (
	kept    = 30 * 24 * time.Hour // how long a Folder keeps what nobody asks for
	maxKept = 1 << 30             // bytes that a Folder keeps from one command to the next
)

// NewFolder returns the Cache in dir, which is made where it is not there. What
// was not used for 30 days is removed, and of more than 1 GiB what was not used
// for longest.
func NewFolder(dir string, now time.Time) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && len(e.Name()) == sha256.Size*2 { // and nobody else's
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	size := int64(0)
	for _, info := range files {
		if size += info.Size(); size > maxKept || now.Sub(info.ModTime()) > kept {
			os.Remove(filepath.Join(dir, info.Name())) // or it is removed another time
		}
	}
	return &Folder{dir, now}, nil
}

// Get returns what is kept under a key.
func (f *Folder) Get(key string) ([]byte, bool) {
	path := filepath.Join(f.dir, key)
	b, err := os.ReadFile(path)
	if err == nil {
		os.Chtimes(path, f.now, f.now) // or it is taken for unused
	}
	return b, err == nil
}

// Put keeps a value under a key, whole or not at all.
func (f *Folder) Put(key string, value []byte) {
	tmp, err := os.CreateTemp(f.dir, ".put-") // for its owner alone
	if err != nil {
		return
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(value)
	if closed := tmp.Close(); err == nil && closed == nil {
		os.Rename(tmp.Name(), filepath.Join(f.dir, key)) // or it is not kept
	}
}

// store keeps answers that the forge can say have not changed.
type store struct {
	cache Cache
	owner string // whose answers they are
}

// stored is an answer as it is kept.
type stored struct {
	ETag   string `json:"etag"`
	Link   string `json:"link,omitempty"` // to the next page
	Type   string `json:"type,omitempty"`
	Body   []byte `json:"body"`
	Status int    `json:"status"`
}

func (s *store) key(what string) string {
	sum := sha256.Sum256([]byte(s.owner + "\n" + what))
	return hex.EncodeToString(sum[:])
}

// find returns the kept answer to a request, nil for none.
func (s *store) find(req *http.Request) *stored {
	if s == nil || req.Method != http.MethodGet {
		return nil
	}
	raw, ok := s.cache.Get(s.key(req.URL.String()))
	var out stored
	if !ok || json.Unmarshal(raw, &out) != nil || out.ETag == "" {
		return nil
	}
	return &out
}

// keep keeps an answer that has a tag to ask by.
func (s *store) keep(req *http.Request, res *http.Response, body []byte) {
	tag := res.Header.Get("ETag")
	if s == nil || req.Method != http.MethodGet || res.StatusCode != http.StatusOK || tag == "" {
		return
	}
	raw, err := json.Marshal(stored{ETag: tag, Link: res.Header.Get("Link"), Type: res.Header.Get("Content-Type"), Body: body, Status: res.StatusCode})
	if err == nil {
		s.cache.Put(s.key(req.URL.String()), raw)
	}
}

func (s *stored) response(req *http.Request) *http.Response {
	h := http.Header{"Etag": {s.ETag}, "Content-Type": {s.Type}}
	if s.Link != "" {
		h.Set("Link", s.Link)
	}
	return &http.Response{
		Status: http.StatusText(s.Status), StatusCode: s.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(bytes.NewReader(s.Body)), ContentLength: int64(len(s.Body)), Request: req,
	}
}

// facts keeps what does not change once it is known, such as the content of an
// artifact, which is immutable.
func (s *store) fact(what string) ([]byte, bool) {
	if s == nil {
		return nil, false
	}
	return s.cache.Get(s.key("fact " + what))
}

func (s *store) learn(what string, value []byte) {
	if s != nil {
		s.cache.Put(s.key("fact "+what), value)
	}
}
