package deployment

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// addManifest takes the objects that a stream of YAML documents names. Those
// without a namespace get the one given.
//
// It is no YAML parser: charts are other people's, and what a parser makes of
// aliases and nesting has no bound. It reads the lines that bear apiVersion, kind,
// metadata.name and metadata.namespace, as templates write them, or the keys of
// the same names of a document in braces, as JSON is. A document in which these
// are written in another way (over several lines, as an alias, with escapes) is
// one that cannot be read.
func (c *claims) addManifest(manifest string, namespace event.Namespace) {
	for len(manifest) > 0 {
		var doc string
		doc, manifest = nextDocument(manifest)
		h, ok := readHead(doc)
		switch {
		case ok && h == head{}:
			// Nothing but comments.
		case !ok:
			c.unread++
		default:
			ref := event.ObjectRef{APIVersion: h.apiVersion, Kind: h.kind, Namespace: event.Namespace(h.namespace), Name: h.name}
			if isClusterScoped(ref.APIVersion, ref.Kind) {
				ref.Namespace = ""
			} else if ref.Namespace == "" {
				ref.Namespace = namespace
			}
			c.add(ref)
		}
	}
}

// nextDocument cuts the first document off a stream. Helm takes each line that
// begins with three dashes for a separator, whatever follows them.
func nextDocument(stream string) (doc, rest string) {
	const dashes = "---"
	stream = strings.TrimPrefix(stream, dashes)
	if end := strings.Index(stream, "\n"+dashes); end >= 0 {
		return stream[:end], stream[end+1:]
	}
	return stream, ""
}

// head is what names the object of a document.
type head struct{ apiVersion, kind, name, namespace string }

func (h *head) field(key string) *string {
	switch key {
	case "apiVersion":
		return &h.apiVersion
	case "kind":
		return &h.kind
	default:
		return nil
	}
}

func (h *head) metadata(key string) *string {
	switch key {
	case "name":
		return &h.name
	case "namespace":
		return &h.namespace
	default:
		return nil
	}
}

// readHead reads the head of a document: an empty one where there is nothing in
// it, and false where it cannot be read.
func readHead(doc string) (h head, ok bool) {
	// The indentation of the document's own keys and of those of its metadata;
	// -1 until the first of them is seen.
	root, inner := -1, -1
	inMetadata, hadMetadata := false, false
	for len(doc) > 0 {
		here := doc
		var line string
		line, doc, _ = strings.Cut(doc, "\n")
		content := strings.TrimLeft(line, " ")
		indent := len(line) - len(content)
		content = strings.TrimRight(content, " \t\r")
		if content == "" || content[0] == '#' || content[0] == '%' || content[0] == '\t' {
			continue
		}
		if root < 0 {
			root = indent
			if content[0] == '{' {
				ok := eachOfFlow(here[indent:], h.fromFlow)
				return h, ok && h.named()
			}
		}
		switch {
		case indent < root:
			return h, false
		case indent == root:
			key, value, ok := splitKey(content)
			if !ok {
				return h, false
			}
			inMetadata, inner = key == "metadata", -1
			if !inMetadata {
				if !assign(h.field(key), value) {
					return h, false
				}
				continue
			}
			if hadMetadata {
				// A key that comes twice is no YAML, and what is read of it here could
				// be the rest of the document each time.
				return h, false
			}
			hadMetadata = true
			value = withoutProperties(value)
			switch {
			case value == "" || value[0] == '#':
			case value[0] == '{':
				at := strings.IndexByte(here, '{')
				if !eachOfFlow(here[at:], h.fromFlowMetadata) {
					return h, false
				}
			default:
				return h, false
			}
		case inMetadata:
			if inner < 0 {
				inner = indent
				if content[0] == '{' {
					if !eachOfFlow(here[indent:], h.fromFlowMetadata) {
						return h, false
					}
					inMetadata = false
					continue
				}
			}
			if indent != inner {
				continue
			}
			// What has no key here continues the text of the line before.
			if key, value, ok := splitKey(content); ok && !assign(h.metadata(key), value) {
				return h, false
			}
		}
	}
	return h, root < 0 || h.named()
}

func (h *head) named() bool { return h.apiVersion != "" && h.kind != "" && h.name != "" }

func (h *head) fromFlow(key, value string) bool {
	if key == "metadata" {
		return strings.HasPrefix(value, "{") && eachOfFlow(value, h.fromFlowMetadata)
	}
	return assign(h.field(key), value)
}

func (h *head) fromFlowMetadata(key, value string) bool { return assign(h.metadata(key), value) }

// assign sets a field that is wanted to a scalar, unless it is set: a key that
// comes twice is no YAML. It reports false if the scalar cannot be read.
func assign(field *string, value string) bool {
	if field == nil || *field != "" {
		return true
	}
	s, ok := scalar(value)
	*field = s
	return ok
}

// splitKey splits a line into key and value.
func splitKey(line string) (key, value string, ok bool) {
	if q := line[0]; q == '"' || q == '\'' {
		end := strings.IndexByte(line[1:], q)
		if end < 0 {
			return "", "", false
		}
		key, line = line[1:1+end], strings.TrimLeft(line[end+2:], " \t")
		if line == "" || line[0] != ':' {
			return "", "", false
		}
		return key, strings.TrimLeft(line[1:], " \t"), true
	}
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == ':' && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t'):
			return strings.TrimRight(line[:i], " \t"), strings.TrimLeft(line[i+1:], " \t"), true
		case line[i] == '#' && i > 0 && line[i-1] == ' ':
			return "", "", false
		}
	}
	return "", "", false
}

// withoutProperties removes an anchor and a tag from before a value.
func withoutProperties(value string) string {
	for range 2 {
		if value == "" || value[0] != '&' && value[0] != '!' {
			break
		}
		_, value, _ = strings.Cut(value, " ")
		value = strings.TrimLeft(value, " \t")
	}
	return value
}

// scalar reads a text that is written on one line.
func scalar(value string) (string, bool) {
	value = withoutProperties(value)
	if value == "" {
		return "", true
	}
	switch q := value[0]; q {
	case '"', '\'':
		end := strings.IndexByte(value[1:], q)
		if end < 0 {
			return "", false
		}
		rest := strings.TrimLeft(value[end+2:], " \t")
		if rest != "" && rest[0] != '#' {
			return "", false
		}
		s := value[1 : 1+end]
		return s, q == '\'' || strings.IndexByte(s, '\\') < 0
	case '*', '|', '>', '{', '[', '@', '`':
		return "", false
	case '#':
		return "", true
	}
	if i := strings.Index(value, " #"); i >= 0 {
		value = value[:i]
	}
	value = strings.TrimRight(value, " \t\r\n")
	if value == "null" || value == "~" {
		return "", true
	}
	return value, true
}
