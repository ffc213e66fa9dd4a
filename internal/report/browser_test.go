package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	unsafe "github.com/yuin/goldmark/renderer/html"
)

// browser draws Markdown as GitHub would, in Chromium.
type browser struct {
	program string
	assets  string // folder with Mermaid and GitHub's style sheet
	work    string
}

// drawing is what the page says of itself.
type drawing struct {
	Errors   []string `json:"errors"`
	Diagrams []struct {
		Kind   string `json:"kind"`   // the first word of its source
		Shapes int    `json:"shapes"` // bars, lines and boxes that can be seen
	} `json:"diagrams"`
	Height int `json:"height"` // in pixels
	Width  int `json:"width"`  // of the widest element
}

// openBrowser skips the test where there is nothing to draw with.
func openBrowser(t *testing.T) browser {
	t.Helper()
	const how = "; it takes Chromium or Chrome, and ANDON_BROWSER=$(scripts/browser.sh DIR)"
	b := browser{assets: os.Getenv("ANDON_BROWSER"), work: t.TempDir()}
	if b.assets == "" {
		t.Skip("ANDON_BROWSER is not set" + how)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			b.program = path
			return b
		}
	}
	t.Skip("there is no browser" + how)
	return b
}

// page writes a page with the rendered Markdown, and returns its address.
func (b browser) page(t *testing.T, markdown string) string {
	t.Helper()
	var body bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(unsafe.WithUnsafe()))
	if err := md.Convert([]byte(markdown), &body); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(b.work, "page.html")
	if err := os.WriteFile(path, []byte(b.around(body.String())), 0o600); err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

func (b browser) around(body string) string {
	asset := func(name string) string {
		return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(b.assets, name))}).String()
	}
	return fmt.Sprintf(`<!doctype html>
<meta charset="utf-8">
<script>
const said = { errors: [], diagrams: [] };
addEventListener("error", (e) => said.errors.push(String(e.message || "a file of the page is missing: " + (e.target.src || e.target.href))), true);
addEventListener("unhandledrejection", (e) => said.errors.push(String(e.reason)));
</script>
<link rel="stylesheet" href="%s">
<style>
body { box-sizing: border-box; width: 980px; margin: 0; padding: 32px; background: #fff }
.markdown-body { font-family: "Liberation Sans", Arial, "Noto Color Emoji", sans-serif }
.markdown-body svg { max-width: 100%% }
.alert { border-left: .25em solid #9a6700; padding: 0 1em; margin-bottom: 16px }
</style>
<body class="markdown-body">
%s
<script src="%s"></script>
<script>
(async () => {
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
  const sources = [...document.querySelectorAll("code.language-mermaid")];
  for (const [i, code] of sources.entries()) {
    const source = code.textContent;
    const kind = source.replace(/^---[^]*?\n---\n/, "").trim().split(/\s/)[0];
    try {
      const { svg } = await mermaid.render("diagram" + i, source);
      const at = document.createElement("div");
      at.innerHTML = svg;
      code.parentElement.replaceWith(at);
      const open = [];
      for (let d = at.closest("details"); d; d = d.parentElement.closest("details")) if (!d.open) { d.open = true; open.push(d) }
      const seen = [...at.querySelectorAll("rect, path, line")].filter((e) => { const r = e.getBoundingClientRect(); return r.width + r.height > 1 });
      if (at.querySelector(".error-icon")) said.errors.push("diagram " + i + " is drawn as an error");
      said.diagrams.push({ kind, shapes: seen.length });
      for (const d of open) d.open = false;
    } catch (e) {
      said.errors.push("diagram " + i + ": " + e);
    }
  }
  for (const q of document.querySelectorAll("blockquote")) {
    const m = q.textContent.trim().match(/^\[!(\w+)\]/);
    if (m) { q.className = "alert"; q.innerHTML = q.innerHTML.replace(m[0], ""); }
  }
  said.height = document.documentElement.scrollHeight;
  said.width = document.documentElement.scrollWidth;
  const out = document.createElement("script");
  out.type = "application/json";
  out.id = "said";
  out.textContent = JSON.stringify(said).replace(/</g, "\\u003c");
  document.body.append(out);
})();
</script>
`, asset("github-markdown-light.css"), body, asset("mermaid.min.js"))
}

// run starts the browser with a profile of its own, and returns its output.
func (b browser) run(t *testing.T, args ...string) []byte {
	t.Helper()
	profile, err := os.MkdirTemp(b.work, "profile")
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--allow-file-access-from-files",
		"--user-data-dir=" + profile, "--virtual-time-budget=60000",
	}, args...)
	cmd := exec.CommandContext(t.Context(), b.program, args...)
	cmd.WaitDelay = time.Minute
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return out
}

var saidIn = regexp.MustCompile(`(?s)<script type="application/json" id="said">(.*?)</script>`)

// draw renders Markdown and returns what came of it.
func (b browser) draw(t *testing.T, markdown string) drawing {
	t.Helper()
	out := b.run(t, "--dump-dom", "--window-size=980,2000", b.page(t, markdown))
	m := saidIn.FindSubmatch(out)
	if m == nil {
		t.Fatalf("the page did not come to its end:\n%.2000s", out)
	}
	var d drawing
	if err := json.Unmarshal(m[1], &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// picture takes a picture of the last page, the upper part of it.
func (b browser) picture(t *testing.T, path string, height int) {
	t.Helper()
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(b.work, "page.html"))}).String()
	b.run(t, "--screenshot="+path, fmt.Sprintf("--window-size=980,%d", height), address)
}

// The check itself must be able to fail.
func TestBrowserSees(t *testing.T) {
	b := openBrowser(t)
	for want, markdown := range map[string]string{
		"":          "# A\n\n```mermaid\nxychart-beta\n  x-axis [a, b]\n  bar [1, 2]\n```\n",
		"diagram 0": "```mermaid\nxychart-beta\n  x-axis [a, b\n  bar [1, 2]\n```\n",
		"boom":      "<script>throw new Error('boom')</script>\n",
	} {
		d := b.draw(t, markdown)
		if all := strings.Join(d.Errors, "\n"); (all == "") != (want == "") || !strings.Contains(all, want) {
			t.Errorf("%s: it says %q", markdown, all)
		}
		if want == "" && (len(d.Diagrams) != 1 || d.Diagrams[0].Kind != "xychart-beta" || d.Diagrams[0].Shapes < 4) {
			t.Errorf("got %+v", d)
		}
	}
}
