package report

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	dom "golang.org/x/net/html"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// hostileTexts returns the corpus: one text a line, as between the quotes of a
// Go string.
func hostileTexts(t testing.TB) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS("../../testdata/hostile"), "*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("reading the corpus: %d files, %v", len(files), err)
	}
	var out []string
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join("../../testdata/hostile", f))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
			if strings.HasPrefix(line, "// ") {
				continue
			}
			text, err := strconv.Unquote(`"` + line + `"`)
			if err != nil {
				text, err = line, nil // a quote that stands for itself
			}
			if text == "" || err != nil {
				t.Fatalf("%s:%d: %v", f, i+1, err)
			}
			out = append(out, text)
		}
	}
	return out
}

// fill puts s into every string of v, also into keys of maps. What has a type
// of its own, such as a status, stays as it is unless all is set.
func fill(v reflect.Value, s string, all bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), s, all)
		}
	case reflect.String:
		if v.CanSet() && (all || v.Type().Name() == "string") {
			v.SetString(s)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), s, all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s, all)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			value := v.MapIndex(k)
			v.SetMapIndex(k, reflect.Value{})
			if k.Kind() == reflect.String {
				v.SetMapIndex(reflect.ValueOf(s).Convert(k.Type()), value)
			}
		}
	}
}

// filled returns a report in which every string is s.
func filled(s string, all bool) *session.Report {
	r := several()
	r.Coverage.UnknownTypes = map[string]int{"one": 1}
	for _, run := range r.Sessions[0].Runs {
		run.Formats = []string{"a", "b"}
		run.Tools = map[string]session.ToolStat{"one": {Calls: 1}}
	}
	r.Sessions[0].Runs[0].Cost.UnpricedModels = []string{"a", "b", "c", "d"}
	fill(reflect.ValueOf(r), s, all)
	return r
}

func markdownOf(t testing.TB, s string, all bool) string {
	return render(t, filled(s, all), Options{PriceNote: s, Content: true})
}

// page is what a browser would make of a summary.
type page struct {
	tags    []string // elements with their attributes, in order
	text    string   // outside code
	diagram []string // sources of the diagrams
}

// pageOf renders Markdown as GitHub would, and what it lets pass as HTML.
func pageOf(t testing.TB, markdown string) page {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList),
		goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	root, err := dom.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	var p page
	p.walk(root)
	return p
}

func (p *page) walk(n *dom.Node) {
	switch {
	case n.Type == dom.ElementNode && n.Data == "code" && len(n.Attr) > 0:
		p.diagram = append(p.diagram, n.FirstChild.Data)
		p.tags = append(p.tags, "diagram")
		return
	case n.Type == dom.ElementNode && n.Data == "code", n.Type == dom.ElementNode && n.Data == "span" && len(n.Attr) == 0:
		p.text += "\x00" // harmless whatever is in it, and no part of the text around it
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != dom.TextNode && c.Data != "span" {
				p.tags = append(p.tags, "within code: "+c.Data)
			}
		}
		return
	case n.Type == dom.ElementNode:
		tag := n.Data
		for _, a := range n.Attr {
			tag += " " + a.Key + "=" + a.Val
		}
		p.tags = append(p.tags, tag)
	case n.Type == dom.TextNode:
		p.text += n.Data + "\x00" // GitHub looks at each text of its own
	case n.Type == dom.CommentNode, n.Type == dom.DoctypeNode:
		p.tags = append(p.tags, "comment or doctype")
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c)
	}
}

// effect matches what GitHub acts on in rendered text.
var effect = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|(?:gh|ghsa|cve)-[0-9]|://|www\.|:[a-z0-9_+-]*[a-z+-][a-z0-9_+-]*:|[0-9a-f]{7}|\$[^$\n]*\$|##\[`)

// mermaidLine matches every line of a diagram that we write.
var mermaidLine = regexp.MustCompile(`^(gantt|    dateFormat YYYY-MM-DDTHH:mm:ss\.SSS|    axisFormat %H:%M:%S|    section [\pL\pN_./… -]+|` +
	`    \d+ [\pL\pN_./… -]+ :(crit|active|done), s\d+, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})$`)

// harmless returns the pages of summaries full of a harmless word, one with
// statuses and decisions as they are and one without.
func harmless(t testing.TB) map[bool]page {
	return map[bool]page{false: pageOf(t, markdownOf(t, "harmless", false)), true: pageOf(t, markdownOf(t, "harmless", true))}
}

// checkMarkdown holds a summary full of s equal, but for words, to one full of
// a harmless word.
func checkMarkdown(t testing.TB, s string, all bool, want page) {
	t.Helper()
	markdown := markdownOf(t, s, all)
	checkPlain(t, s, markdown)
	got := pageOf(t, markdown)
	if i := firstDifference(got.tags, want.tags); i >= 0 {
		t.Errorf("%q makes other elements, from the %d. on: %.200q, not %.200q", s, i, got.tags[i:], want.tags[i:])
	}
	if m := effect.FindString(got.text); m != "" {
		t.Errorf("%q has an effect: %q", s, m)
	}
	for _, d := range got.diagram {
		for line := range strings.Lines(d) {
			if !mermaidLine.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%q breaks a diagram: %q", s, line)
			}
		}
	}
}

func firstDifference(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return min(i, len(a), len(b))
		}
	}
	return -1
}

// checkPlain looks for what acts in the log of a job or in a terminal.
func checkPlain(t testing.TB, s, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("%q: the output is not UTF-8", s)
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("%q starts a workflow command: %q", s, line)
		}
	}
	for i, r := range out {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
			t.Errorf("%q: control character %U in %q", s, r, out[max(0, i-20):i])
			return
		}
	}
}

func TestHostileMarkdown(t *testing.T) {
	want := harmless(t)
	for _, s := range hostileTexts(t) {
		checkMarkdown(t, s, false, want[false])
		checkMarkdown(t, s, true, want[true])
	}
}

// The check itself must be able to fail.
func TestHostileCheckSees(t *testing.T) {
	want := pageOf(t, "a b\n")
	for _, s := range []string{"# h", "[a](b)", "<b>x</b>", "![a](b)", "www.a.example", "a\n\nb", "<!-- a -->", "- x", "a@b.example", "[^1]\n\n[^1]: a"} {
		if firstDifference(pageOf(t, s+"\n").tags, want.tags) < 0 {
			t.Errorf("%q is not seen", s)
		}
	}
	for _, s := range []string{"@octocat", "\\@octocat", "&#64;octocat", "#12", "GH-1", "8d3f2c1", ":tada:", "$x$"} {
		if effect.FindString(pageOf(t, s+"\n").text) == "" {
			t.Errorf("%q is not seen", s)
		}
	}
}

// checkTerminal holds the renderers for terminals to plain lines of the width.
func checkTerminal(t testing.TB, s string, all bool) {
	t.Helper()
	r := filled(s, all)
	for _, o := range []TerminalOptions{{Width: 100}, {Width: 60}, {Width: 100, Color: true}} {
		var b bytes.Buffer
		if err := Terminal(&b, r, o); err != nil {
			t.Fatal(err)
		}
		if err := Steps(&b, r.Sessions[0].Runs[0], o); err != nil {
			t.Fatal(err)
		}
		if err := Explain(&b, r, o); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		if o.Color {
			out = regexp.MustCompile("\x1b\\[[0-9]{1,2}m").ReplaceAllString(out, "")
		}
		checkPlain(t, s, out)
		for line := range strings.Lines(out) {
			if w := wide(strings.TrimSuffix(line, "\n")); w > o.Width {
				t.Errorf("%q: a line of %d columns, over %d: %q", s, w, o.Width, line)
			}
		}
	}
}

func TestHostileTerminal(t *testing.T) {
	want := bytes.Count(terminalBytes(t, "harmless"), []byte("\n"))
	for _, s := range hostileTexts(t) {
		checkTerminal(t, s, false)
		checkTerminal(t, s, true)
		// a text may be wrapped, but adds no line of its own making
		if got := bytes.Count(terminalBytes(t, s), []byte("\n")); got > 3*want {
			t.Errorf("%q makes %d lines, not %d", s, got, want)
		}
	}
}

func terminalBytes(t testing.TB, s string) []byte {
	var b bytes.Buffer
	if err := Terminal(&b, filled(s, false), TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkPrograms holds JSON, SARIF and the text of findings to harmless bytes.
func checkPrograms(t testing.TB, s string) {
	t.Helper()
	r := filled(s, true)
	fs := allFindings(r)
	var b bytes.Buffer
	for _, err := range []error{
		JSON(&b, r), FindingsJSON(&b, fs, r.Coverage), SARIF(&b, fs, nil, s), FindingsText(&b, fs, r.Coverage),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	checkPlain(t, s, strings.ReplaceAll(b.String(), "\ue000", ""))
}

// A finding without a line, in a file that is named to begin a command.
func TestHostilePlace(t *testing.T) {
	for _, s := range []string{":", "::", " :", "\u200b:", "::error file=a::"} {
		var b bytes.Buffer
		if err := FindingsText(&b, []finding.Finding{{Rule: "r", Message: "m", Pos: trace.Pos{File: s}}}, session.Coverage{}); err != nil {
			t.Fatal(err)
		}
		checkPlain(t, s, b.String())
	}
}

func TestHostilePrograms(t *testing.T) {
	for _, s := range hostileTexts(t) {
		checkPrograms(t, s)
	}
}

func FuzzHostile(f *testing.F) {
	texts := hostileTexts(f)
	for i := 0; i < len(texts); i += 7 {
		f.Add(texts[i])
		f.Add(strings.Join(texts[i:min(i+7, len(texts))], " "))
	}
	want := harmless(f)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 500 || s == "" || repositoryName.MatchString(s) || commitSHA.MatchString(s) {
			return // the name of a repository and a commit make links, as they are meant to
		}
		checkMarkdown(t, s, false, want[false])
		checkMarkdown(t, s, true, want[true])
		checkTerminal(t, s, false)
		checkPrograms(t, s)
	})
}

// places is a small page with a text in each place that a text can have.
func places(s string) string {
	text, code := mdText(s, maxMessage), mdCode(s, maxName)
	return text + "\n\nA " + text + " b " + code + ", " + code + "\n\n- " + text + " – " + code + "\n- " + code + " <sub>" + text + "</sub><br>" + text +
		"\n\n| a | b |\n|---|---|\n| " + text + " | " + code + " |\n\n> " + text + "\n\n### " + text + "\n\n### [" + code + "](https://github.com)\n\n" +
		"<details><summary>" + htmlCode(s, maxName) + ": x</summary>\n\n" + text + "\n\n</details>\n"
}

// FuzzEscape is FuzzHostile for the functions that escape, which is faster.
func FuzzEscape(f *testing.F) {
	for _, s := range hostileTexts(f) {
		f.Add(s)
	}
	want := pageOf(f, places("harmless"))
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1000 || s == "" {
			return
		}
		markdown := places(s)
		checkPlain(t, s, markdown)
		got := pageOf(t, markdown)
		if i := firstDifference(got.tags, want.tags); i >= 0 {
			t.Errorf("%q makes other elements, from the %d. on: %.200q, not %.200q in\n%s", s, i, got.tags[i:], want.tags[i:], markdown)
		}
		if m := effect.FindString(got.text); m != "" {
			t.Errorf("%q has an effect: %q", s, m)
		}
		if name := mermaidText(s, 40); !mermaidLine.MatchString("    section "+name) || utf8.RuneCountInString(name) > 40 {
			t.Errorf("%q breaks a diagram: %q", s, name)
		}
		if line := termText(s, maxName); wide(line) > 2*maxName {
			t.Errorf("%q: %d columns", s, wide(line))
		}
	})
}
