package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// page is a Markdown file of the repository.
type page struct {
	// path is relative to the repository, with slashes.
	path string
	// prose is the text with blank space in the place of blocks and code spans, so
	// that offsets stay.
	prose   string
	anchors map[string]bool
	blocks  []block
	spans   []span
}

// block is a fenced block of code.
type block struct {
	file string
	line int
	lang string
	// marks are the HTML comments right before it.
	marks []string
	text  string
}

// mark returns what the comment before the block says after its name, and whether
// there is one.
func (b block) mark(name string) (string, bool) {
	for _, m := range b.marks {
		if rest, found := strings.CutPrefix(m, name); found && (rest == "" || rest[0] == ':') {
			return strings.TrimSpace(strings.TrimPrefix(rest, ":")), true
		}
	}
	return "", false
}

// span is code within a line.
type span struct {
	line int
	text string
}

// repository is the path of one of the repository's files.
func repository(t testing.TB, elements ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// pages are all Markdown files of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	root := repository(t)
	var all []page
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() && (name == "build" || len(name) > 1 && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(name, ".md") {
			all = append(all, parse(filepath.ToSlash(name), read(t, path)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%d Markdown files", len(all))
	}
	return all
}

var (
	fence   = regexp.MustCompile("^( *)(```+)([A-Za-z0-9-]*)\\s*$")
	comment = regexp.MustCompile(`^<!-- (.*) -->$`)
	heading = regexp.MustCompile(`^#{1,6} +(.*?)(?: +#+)?$`)
	named   = regexp.MustCompile(`<[a-z]+ [^>]*\b(?:id|name)="([^"]+)"`)
)

// parse reads a Markdown file as far as these tests need it.
func parse(path, text string) page {
	p := page{path: path, anchors: map[string]bool{}}
	var (
		prose strings.Builder
		marks []string
		open  *block
		fill  string
	)
	for i, line := range strings.Split(text, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case open != nil && m != nil && m[2] == fill && m[3] == "":
			p.blocks = append(p.blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case m != nil:
			open, fill, marks = &block{file: path, line: i + 1, lang: m[3], marks: marks}, m[2], nil
		default:
			if c := comment.FindStringSubmatch(line); c != nil {
				marks = append(marks, c[1])
			} else if strings.TrimSpace(line) != "" {
				marks = nil
			}
			if h := heading.FindStringSubmatch(line); h != nil {
				p.addAnchor(h[1])
			}
			for _, a := range named.FindAllStringSubmatch(line, -1) {
				p.anchors[a[1]] = true
			}
			prose.WriteString(line)
		}
		prose.WriteByte('\n')
	}
	if open != nil {
		// A fence that is not closed takes the rest, as a renderer has it.
		p.blocks = append(p.blocks, *open)
	}
	p.prose = p.takeSpans(prose.String())
	return p
}

// takeSpans blanks code spans, and keeps them. A span may go over a line's end, not
// over a paragraph's.
func (p *page) takeSpans(text string) string {
	out := []byte(text)
	for at := 0; at < len(text); {
		open := strings.IndexByte(text[at:], '`')
		if open < 0 {
			break
		}
		open += at
		n := len(text[open:]) - len(strings.TrimLeft(text[open:], "`"))
		rest := text[open+n:]
		if end := strings.Index(rest, "\n\n"); end >= 0 {
			rest = rest[:end]
		}
		end := closing(rest, n)
		if end < 0 {
			at = open + n
			continue
		}
		p.spans = append(p.spans, span{
			line: strings.Count(text[:open], "\n") + 1,
			text: strings.Join(strings.Fields(rest[:end]), " "),
		})
		for i := open; i < open+n+end+n; i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
		at = open + n + end + n
	}
	return string(out)
}

// closing finds the run of exactly n backticks that closes a span.
func closing(text string, n int) int {
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '`')
		if i < 0 {
			return -1
		}
		i += at
		run := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
		if run == n {
			return i
		}
		at = i + run
	}
	return -1
}

var linkInHeading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// addAnchor adds what GitHub makes of a heading: lower case, without punctuation,
// spaces to dashes, and a number behind what is there already.
func (p *page) addAnchor(title string) {
	title = linkInHeading.ReplaceAllString(title, "$1")
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(title)) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mn, r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	name := b.String()
	for n := 1; p.anchors[name]; n++ {
		name = b.String() + "-" + strconv.Itoa(n)
	}
	p.anchors[name] = true
}
