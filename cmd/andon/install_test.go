package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// installer is a repository that holds nothing but the scripts and a program
// that says where it came from, and a place with releases of it.
type installer struct {
	dir, releases string
}

func newInstaller(t *testing.T) installer {
	t.Helper()
	for _, tool := range []string{"bash", "curl", "tar"} {
		if _, err := exec.LookPath(tool); err != nil || runtime.GOOS == "windows" {
			t.Skipf("%s is not in the PATH", tool)
		}
	}
	i := installer{dir: t.TempDir(), releases: t.TempDir()}
	for _, name := range []string{"scripts/install.sh", "scripts/source.sh"} {
		write(t, filepath.Join(i.dir, name), readFile(t, filepath.Join(root, name)))
	}
	write(t, i.dir+"/go.mod", "module example.org/andon\n\ngo 1.26\n")
	write(t, i.dir+"/go.sum", "")
	write(t, i.dir+"/internal/doc.go", "package internal\n")
	write(t, i.dir+"/schemas/doc.go", "package schemas\n")
	write(t, i.dir+"/cmd/andon/main.go", "package main\n\nfunc main() { print(\"built\") }\n")
	return i
}

// release puts an archive with a script in place of the program among the
// releases, and returns the line of checksums.txt for it.
func (i installer) release(t *testing.T, version, says string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	script := "#!/bin/sh\nprintf '" + says + "' >&2\n"
	if err := w.WriteHeader(&tar.Header{Name: "andon", Mode: 0o755, Size: int64(len(script))}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, script)
	w.Close()
	z.Close()
	name := fmt.Sprintf("andon_%s_%s_%s.tar.gz", version, runtime.GOOS, runtime.GOARCH)
	write(t, filepath.Join(i.releases, "v"+version, name), b.String())
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:]) + "  " + name + "\n"
}

// source returns the line of checksums.txt that says which source it is of.
func (i installer) source(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("bash", i.dir+"/scripts/source.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	return "# source " + string(out)
}

// install runs the installer and then the program, and returns what that says,
// or the exit code and the messages where there is none.
func (i installer) install(t *testing.T, cache string, args ...string) string {
	t.Helper()
	cmd := exec.Command("bash", append([]string{i.dir + "/scripts/install.sh"}, args...)...)
	cmd.Env = append(os.Environ(), "RUNNER_OS=", "RUNNER_ARCH=", "RUNNER_TEMP="+t.TempDir(),
		"RUNNER_TOOL_CACHE="+cache, "ANDON_RELEASES=file://"+i.releases)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, stderr.String())
	}
	said, err := exec.Command(strings.TrimSpace(string(out))).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return string(said)
}

func TestInstall(t *testing.T) {
	i := newInstaller(t)
	sums := i.source(t) + i.release(t, "1.2.3", "released")
	wrong := i.source(t) + strings.Repeat("0", 64) + i.release(t, "1.2.3", "released")[64:]
	older := "# source " + strings.Repeat("0", 64) + "\n" + i.release(t, "1.2.3", "released")
	missing := i.source(t) + i.release(t, "1.2.3", "released") + strings.Repeat("0", 64) +
		fmt.Sprintf("  andon_9.9.9_%s_%s.tar.gz\n", runtime.GOOS, runtime.GOARCH)
	for _, tt := range []struct {
		name, sums string
		args       []string
		want       string // what the program says, or a part of the message
	}{
		{"release of this source", sums, []string{"auto"}, "released"},
		{"release by name", older, []string{"auto", "v1.2.3"}, "released"},
		{"release of another source", older, []string{"auto"}, "built"},
		{"no release", "# none\n", []string{"auto"}, "built"},
		{"build", sums, []string{"build"}, "built"},
		{"download only", "# none\n", []string{"download"}, "exit status 3: andon: no release asset"},
		{"not the bytes of the checksum", wrong, []string{"auto"}, "exit status 3: andon: downloading andon_1.2.3"},
		{"version without a checksum", sums, []string{"auto", "2.0.0"}, "exit status 3: andon: version 2.0.0 cannot be had"},
		{"version that is not there", missing, []string{"download", "9.9.9"}, "exit status 3"},
		{"part of a version", sums, []string{"download", "1.2"}, "exit status 3"},
		{"pattern as a version", sums, []string{"download", ".*"}, "exit status 3"},
		{"unknown way", sums, []string{"$(id)"}, `install does not take "$(id)"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, i.dir+"/scripts/checksums.txt", tt.sums)
			got := i.install(t, t.TempDir(), tt.args...)
			exact := tt.want == "released" || tt.want == "built"
			if exact && got != tt.want || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A copy in the tool cache saves the download, and counts only as long as it
// is what the checksum says.
func TestInstallCache(t *testing.T) {
	i := newInstaller(t)
	cache := t.TempDir()
	write(t, i.dir+"/scripts/checksums.txt", i.source(t)+i.release(t, "1.2.3", "released"))
	if got := i.install(t, cache, "download"); got != "released" {
		t.Fatalf("got %q", got)
	}
	there, err := filepath.Glob(i.releases + "/v1.2.3/*")
	if err != nil || len(there) != 1 {
		t.Fatal(there, err)
	}
	asset := readFile(t, there[0])
	if err := os.Remove(there[0]); err != nil {
		t.Fatal(err)
	}
	if got := i.install(t, cache, "download"); got != "released" {
		t.Errorf("from the cache: got %q", got)
	}
	write(t, filepath.Join(cache, "andon", filepath.Base(there[0])), "another")
	if got := i.install(t, cache, "download"); !strings.Contains(got, "exit status 3") {
		t.Errorf("with another file in the cache: got %q", got)
	}
	write(t, there[0], asset)
	if got := i.install(t, cache, "download"); got != "released" {
		t.Errorf("with another file in the cache, and the asset: got %q", got)
	}
}
