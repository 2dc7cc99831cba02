package docs

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// A link's text may have brackets of its own, and go over a line's end.
	inlineLink = regexp.MustCompile(`\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?([^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\s*\)`)
	definition = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s+"[^"]*")?$`)
	autolink   = regexp.MustCompile(`<([a-z][a-z0-9+.-]*:[^\s<>]+)>`)
	// Links with a text by reference alone would not be looked at.
	byReference = regexp.MustCompile(`\[[^\[\]]+\]\[[^\[\]]*\]`)
)

// Every link of the documentation leads to a file and a heading that are there, or to
// an https address of the right form, which is not asked.
func TestLinks(t *testing.T) {
	all := map[string]page{}
	for _, p := range pages(t) {
		all[p.path] = p
	}
	links, external := 0, 0
	for _, p := range all {
		for _, form := range []*regexp.Regexp{inlineLink, definition, autolink} {
			for _, m := range form.FindAllStringSubmatchIndex(p.prose, -1) {
				target, line := p.prose[m[2]:m[3]], strings.Count(p.prose[:m[0]], "\n")+1
				if problem := leads(t, all, p, target); problem != "" {
					t.Errorf("%s:%d: %s: %s", p.path, line, target, problem)
				}
				links++
				if strings.Contains(target, ":") {
					external++
				}
			}
		}
		if m := byReference.FindString(p.prose); m != "" && !definition.MatchString(p.prose) {
			t.Errorf("%s: the link %s is defined nowhere", p.path, m)
		}
	}
	t.Logf("%d links in %d files, %d of them to elsewhere (not asked)", links, len(all), external)
}

// leads says what is wrong with a link, or nothing.
func leads(t *testing.T, all map[string]page, from page, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return "is no URL"
	case u.Scheme != "":
		if u.Scheme != "https" || u.Host == "" || !strings.Contains(u.Hostname(), ".") || u.User != nil {
			return "is no https address of another site"
		}
		return ""
	case strings.HasPrefix(target, "/"):
		return "is absolute: readers of a checkout cannot follow it"
	}
	file := from.path
	if u.Path != "" {
		file = path.Join(path.Dir(from.path), u.Path)
	}
	if strings.HasPrefix(file, "..") {
		return "leads out of the repository"
	}
	info, err := os.Stat(repository(t, filepath.FromSlash(file)))
	switch {
	case err != nil:
		return "there is no such file"
	case u.Fragment == "":
		return ""
	case info.IsDir() || !strings.HasSuffix(file, ".md"):
		return "only Markdown has anchors that hold"
	case !all[file].anchors[u.Fragment]:
		return "there is no such heading"
	}
	return ""
}

// pathLike finds what looks like a path of this repository; build/ is there once it
// is built.
var pathLike = regexp.MustCompile(`^(?:\.\./)*((?:build|charts|cmd|conf|docs|pipeline|plugin|test|tools|\.ci)/[A-Za-z0-9_./*-]+|Makefile|Dockerfile|LICENSE|\.golangci\.yml|[A-Z]+\.md)$`)

// Every path in backticks that looks like one of the repository is one.
func TestPaths(t *testing.T) {
	paths := 0
	for _, p := range pages(t) {
		for _, s := range p.spans {
			m := pathLike.FindStringSubmatch(s.text)
			if m == nil {
				continue
			}
			paths++
			found := false
			// From the top or, as in plugin/host/README.md, from where the file is.
			for _, base := range []string{".", path.Dir(p.path)} {
				matches, err := filepath.Glob(repository(t, filepath.FromSlash(path.Join(base, m[1]))))
				if err != nil {
					t.Fatal(err)
				}
				found = found || len(matches) > 0
			}
			if !found {
				t.Errorf("%s:%d: `%s` is no file of the repository", p.path, s.line, s.text)
			}
		}
	}
	if paths < 50 {
		t.Errorf("%d paths: are they still found?", paths)
	}
}

// The rules by which this package reads Markdown.
func TestMarkdown(t *testing.T) {
	p := parse("x.md", strings.Join([]string{
		"# One & two", "## Same", "## Same", "## `kube_events` off, a_b?", "## [Linked](y.md) end",
		"A `span [no](link)` and [a [b]", "c](z.md#d).", "",
		"<!-- not run: why -->", "", "```sh", "# no heading", "```",
		"  ```json", "  {}", "  ```",
	}, "\n"))
	for _, want := range []string{"one--two", "same", "same-1", "kube_events-off-a_b", "linked-end"} {
		if !p.anchors[want] {
			t.Errorf("no anchor %q in %v", want, p.anchors)
		}
	}
	if len(p.anchors) != 5 {
		t.Errorf("anchors %v", p.anchors)
	}
	if m := inlineLink.FindAllStringSubmatch(p.prose, -1); len(m) != 2 || m[1][1] != "z.md#d" {
		t.Errorf("links %v", m)
	}
	if len(p.blocks) != 2 || p.blocks[0].lang != "sh" || p.blocks[1].lang != "json" || p.blocks[0].line != 11 {
		t.Fatalf("blocks %+v", p.blocks)
	}
	if why, found := p.blocks[0].mark("not run"); !found || why != "why" {
		t.Errorf("mark %q %t", why, found)
	}
}
