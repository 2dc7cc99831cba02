package recorded

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// documents takes YAML apart into documents, of lists their items, and makes JSON
// of these. It looks at how lines are indented: what is within an item is indented
// further than its dash. Only one document or item is in memory at a time.
type documents struct {
	feed
	// text is what was gathered of the next document or item, from offset on, and
	// size how long that is even where it is too long to be gathered.
	text   []byte
	offset int64
	size   int64
	// within is set in a list, whose items' dashes are indented by indent; -1 before
	// the first.
	within bool
	indent int
	// over is set behind the items of a list.
	over bool
	// version and kind are those of the document.
	version, kind string
	ended         bool
}

func (d *documents) consumed() int64 { return d.at + int64(d.pos) }

// A document or list ends with one of these.
var (
	documentStart = []byte("---")
	documentEnd   = []byte("...")
)

func (d *documents) next() (piece, error) {
	for !d.ended {
		at := d.consumed()
		line, ok := d.line()
		if !ok {
			d.ended = true
			if p, found := d.finish(); found {
				return p, nil
			}
			break
		}
		if p, found := d.take(line, at); found {
			return p, nil
		}
	}
	return piece{}, d.err
}

// line moves behind the next line and returns it without its line end; of one that
// is too long, the beginning.
func (d *documents) line() ([]byte, bool) {
	if d.pos == len(d.buf) && !d.more() {
		return nil, false
	}
	d.keep()
	for {
		if end := indexFrom(d.buf, d.pos, '\n'); end >= 0 {
			d.pos = end + 1
			break
		}
		d.pos = len(d.buf)
		if !d.more() {
			break
		}
	}
	size := d.at + int64(d.pos) - d.begun
	p := d.taken(d.pos)
	if p.skipped != "" {
		// What it belongs to is too large as well.
		if d.size == 0 {
			d.offset = p.offset
		}
		d.size += size
		return nil, true
	}
	return bytes.TrimRight(p.raw, "\r\n"), true
}

// take deals with a line, and returns what ends before it.
func (d *documents) take(line []byte, at int64) (p piece, found bool) {
	depth := len(line) - len(bytes.TrimLeft(line, " "))
	blank := depth == len(line)
	if depth == 0 && (bytes.HasPrefix(line, documentStart) || bytes.HasPrefix(line, documentEnd)) {
		p, found = d.finish()
		d.within, d.over, d.version, d.kind = false, false, "", ""
		// What stands behind the mark belongs to the next document.
		if rest := bytes.TrimSpace(line[len(documentStart):]); len(rest) > 0 && rest[0] != '#' && line[0] == '-' {
			d.add(rest, at)
		}
		return p, found
	}
	switch {
	case blank && len(d.text) == 0, d.over:
		return piece{}, false
	case d.within:
		return d.item(line, depth, blank, at)
	case depth == 0:
		d.head(line)
		if d.within {
			if bytes.HasPrefix(line, []byte("- ")) {
				return d.item(line, depth, blank, at)
			}
			return piece{}, false
		}
	}
	d.add(line, at)
	return piece{}, false
}

// head looks at a line that begins at the margin, for what tells a list.
func (d *documents) head(line []byte) {
	key, value, ok := bytes.Cut(line, []byte{':'})
	value = bytes.Trim(value, " \t\"'")
	switch {
	case bytes.HasPrefix(line, []byte("- ")) && len(bytes.TrimSpace(d.text)) == 0:
		d.within, d.indent = true, -1
	case !ok:
	case string(key) == keyKind:
		d.kind = string(value)
	case string(key) == keyVersion:
		d.version = string(value)
	case string(key) == keyItems && mayBeList(d.kind) && (len(value) == 0 || value[0] == '#'):
		d.within, d.indent = true, -1
		d.clear()
	}
}

// item deals with a line in the items of a list.
func (d *documents) item(line []byte, depth int, blank bool, at int64) (p piece, found bool) {
	dash := !blank && line[depth] == '-' && (len(line) == depth+1 || line[depth+1] == ' ')
	switch {
	case blank:
		d.add(line, at)
		return piece{}, false
	case d.indent < 0 && dash:
		d.indent = depth
	case d.indent >= 0 && depth > d.indent:
		d.add(line, at)
		return piece{}, false
	case line[depth] == '#':
		return piece{}, false
	case d.indent != depth || !dash:
		p, found = d.finish()
		d.within, d.over = false, true
		return p, found
	}
	p, found = d.finish()
	// The dash is part of the indentation of what it begins.
	line[depth] = ' '
	d.add(line, at)
	return p, found
}

// add adds a line, found at that offset, to what is gathered.
func (d *documents) add(line []byte, at int64) {
	if d.size == 0 {
		d.offset = at
	}
	d.size += int64(len(line)) + 1
	if d.size <= int64(d.limits.item) {
		d.text = append(append(d.text, line...), '\n')
	}
}

func (d *documents) clear() { d.text, d.size = d.text[:0], 0 }

// finish makes JSON of what was gathered, if that is anything.
func (d *documents) finish() (piece, bool) {
	p := piece{offset: d.offset, size: d.size}
	text := d.text
	defer d.clear()
	switch {
	case d.size > int64(d.limits.item):
		p.skipped = event.RejectTooLarge
		return p, true
	case len(bytes.TrimSpace(text)) == 0:
		return p, false
	}
	raw, err := toJSON(text)
	switch {
	case err != nil:
		p.skipped = event.RejectNotJSON
	case string(raw) == "null":
		// A comment.
		return p, false
	default:
		p.raw = raw
	}
	if d.within {
		p.list = itemsOf(d.version, d.kind)
	}
	return p, true
}

// toJSON makes JSON of a document. Aliases are refused: kubectl writes none, and by
// them a small document becomes a huge one.
func toJSON(text []byte) ([]byte, error) {
	if bytes.IndexByte(text, '*') >= 0 && bytes.IndexByte(text, '&') >= 0 {
		var root yaml.Node
		if err := yaml.Unmarshal(text, &root); err != nil {
			return nil, err
		}
		if hasAlias(&root) {
			return nil, errShape
		}
	}
	return sigsyaml.YAMLToJSON(text)
}

func hasAlias(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || slices.ContainsFunc(n.Content, hasAlias)
}
