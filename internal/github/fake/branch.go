package fake

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// folder is the files at a commit, by path.
type folder map[string][]byte

// SetBranch makes a branch lead to a new commit with files.
func (f *Forge) SetBranch(name string, files map[string][]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.branches[name] = f.keep(files, f.branches[name])
}

// Branch returns the files of a branch, nil where there is none.
func (f *Forge) Branch(name string) map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trees[f.branches[name]]
}

// keep stores files as a commit or tree, and returns its id.
func (f *Forge) keep(files folder, parent string) string {
	h := sha1.New()
	fmt.Fprintln(h, parent)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
	}
	id := hex.EncodeToString(h.Sum(nil))
	f.trees[id] = files
	return id
}

// branch answers the query for where a branch leads.
func (f *Forge) branch(w io.Writer, v map[string]any) {
	ref, _ := v["ref"].(string)
	var found any
	if at := f.branches[strings.TrimPrefix(ref, "refs/heads/")]; at != "" {
		found = map[string]any{"target": map[string]any{"oid": at}}
	}
	json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"repository": map[string]any{"nameWithOwner": f.Repository, "ref": found}}})
}

// commitOnBranch answers the mutation of that name.
func (f *Forge) commitOnBranch(w io.Writer, body []byte) {
	var q struct {
		Variables struct {
			Input struct {
				Branch struct {
					Name string `json:"branchName"`
				} `json:"branch"`
				Head    string `json:"expectedHeadOid"`
				Changes struct {
					Additions []struct{ Path, Contents string }
					Deletions []struct{ Path string }
				} `json:"fileChanges"`
			} `json:"input"`
		} `json:"variables"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		f.t.Errorf("a mutation that is no JSON: %v", err)
	}
	in := q.Variables.Input
	refuse := func(kind, message string) {
		json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"createCommitOnBranch": nil}, "errors": []any{
			map[string]any{"type": kind, "path": []any{"createCommitOnBranch"}, "message": message},
		}})
	}
	at := f.branches[in.Branch.Name]
	switch {
	case at == "":
		refuse("NOT_FOUND", "Could not resolve to a branch")
		return
	case at != in.Head:
		refuse("STALE_DATA", fmt.Sprintf("Expected branch to point to %q but it did not. Pull and try again.", in.Head))
		return
	}
	files := maps.Clone(f.trees[at])
	for _, d := range in.Changes.Deletions {
		if _, there := files[d.Path]; !there {
			refuse("UNPROCESSABLE", "A path was requested for deletion which does not exist: "+d.Path)
			return
		}
		delete(files, d.Path)
	}
	for _, a := range in.Changes.Additions {
		raw, err := base64.StdEncoding.DecodeString(a.Contents)
		if err != nil {
			f.t.Errorf("%s is no base64: %v", a.Path, err)
		}
		files[a.Path] = raw
	}
	f.branches[in.Branch.Name] = f.keep(files, at)
	json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"createCommitOnBranch": map[string]any{"commit": map[string]any{"oid": f.branches[in.Branch.Name]}}}})
}

func (f *Forge) createTree(w http.ResponseWriter, r *http.Request, _ []string, body []byte) {
	var q struct {
		Tree []struct{ Path, Content string }
	}
	f.decode(body, &q)
	files := folder{}
	for _, e := range q.Tree {
		files[e.Path] = []byte(e.Content)
	}
	answer(w, r, http.StatusCreated, map[string]any{"sha": f.keep(files, "tree")})
}

func (f *Forge) createCommit(w http.ResponseWriter, r *http.Request, _ []string, body []byte) {
	var q struct{ Tree string }
	f.decode(body, &q)
	if f.trees[q.Tree] == nil {
		Status(http.StatusUnprocessableEntity, "Tree SHA does not exist")(w, r)
		return
	}
	answer(w, r, http.StatusCreated, map[string]any{"sha": f.keep(f.trees[q.Tree], "")})
}

func (f *Forge) createRef(w http.ResponseWriter, r *http.Request, _ []string, body []byte) {
	var q struct{ Ref, SHA string }
	f.decode(body, &q)
	name := strings.TrimPrefix(q.Ref, "refs/heads/")
	if f.branches[name] != "" {
		Status(http.StatusUnprocessableEntity, "Reference already exists")(w, r)
		return
	}
	f.branches[name] = q.SHA
	answer(w, r, http.StatusCreated, map[string]any{"ref": q.Ref, "object": map[string]any{"sha": q.SHA}})
}

func (f *Forge) decode(body []byte, v any) {
	if err := json.Unmarshal(body, v); err != nil {
		f.t.Errorf("a body that is no JSON: %v", err)
	}
}

// tarball sends to the archive of a commit, as GitHub does: outside the API.
func (f *Forge) tarball(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	if f.trees[args[0]] == nil {
		Status(http.StatusNotFound, "Not Found")(w, r)
		return
	}
	w.Header().Set("Location", fmt.Sprintf("%s/tarballs/%s?token=secret", f.blobs.URL, args[0]))
	w.WriteHeader(http.StatusFound)
}

// Link is the content of a file that an archive has as a symbolic link.
const Link = "symbolic link: "

// archive returns the files at a commit as GitHub packs them: below a folder
// that is named after the repository, and behind a header with the commit.
func (f *Forge) archive(commit string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	base := strings.ReplaceAll(f.Repository, "/", "-") + "-" + commit[:7] + "/"
	headers := []*tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": commit}},
		{Typeflag: tar.TypeDir, Name: base, Mode: 0o775},
	}
	files := f.trees[commit]
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: base + name, Mode: 0o664, Size: int64(len(files[name]))}
		if to, ok := strings.CutPrefix(string(files[name]), Link); ok {
			h.Typeflag, h.Size, h.Linkname = tar.TypeSymlink, 0, to
		}
		headers = append(headers, h)
	}
	for _, h := range headers {
		if err := t.WriteHeader(h); err != nil {
			f.t.Errorf("packing an archive: %v", err)
		}
		if h.Typeflag == tar.TypeReg {
			t.Write(files[strings.TrimPrefix(h.Name, base)])
		}
	}
	t.Close()
	z.Close()
	return b.Bytes()
}
