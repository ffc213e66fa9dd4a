package artifact

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func folderOf(files []file) fstest.MapFS {
	out := fstest.MapFS{}
	for _, f := range files {
		out[f.name] = &fstest.MapFile{Data: []byte(f.content), Mode: f.mode | 0o644}
	}
	return out
}

func TestOpenFolder(t *testing.T) {
	key := "AKIA" + "QWERTYUIOPASDFGH"
	small := Default()
	small.Bytes, small.Entries = 20<<20, 50
	big := file{name: "traces/big.jsonl", content: strings.Repeat("0123456789abcdef ", 2<<20)}
	for _, tt := range []struct {
		name  string
		files []file
		says  string // empty for a bundle
	}{
		{"whole", good(file{name: "traces/r1.jsonl", content: "{}\n"}), ""},
		{"a file less", good()[1:], "the file is not there"},
		{"a link", append(good(), file{name: "traces/r1.jsonl", mode: fs.ModeSymlink}), "a link"},
		{"a name", append(good(), file{name: "traces/r 1.jsonl"}), "a name"},
		{"large", append(good(), big), "20 MiB"},
		{"a credential", append(good(), file{name: "traces/r1.jsonl", content: key + "\n"}), "AWS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, found := opener(t, small).OpenFolder(folderOf(tt.files), "bundle")
			switch {
			case tt.says == "" && (b == nil || len(b.Rollups) != 1 || len(found) > 0):
				t.Errorf("%+v", found)
			case tt.says != "" && (b != nil || len(found) == 0 || !strings.Contains(found[0].Message, tt.says)):
				t.Errorf("%+v", found)
			}
		})
	}
}
