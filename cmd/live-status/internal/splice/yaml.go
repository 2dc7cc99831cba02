package splice

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Redactor redacts parts of a YAML document.
type Redactor interface {
	// Document returns JSON as it may leave, and why a part was withheld. Withheld
	// as a whole it is no JSON.
	Document(json string) (out, reason string)
	// Comment returns a text that begins on a line, counted from 0, as it may
	// leave, all of it or the word that stands for what was withheld.
	Comment(line int, text string) (out, reason string)
}

// YAML returns a document as it may leave, and why a part was withheld. With an
// error the document as a whole must be withheld; it says nothing of what is in it.
// Values are replaced where they stand; where that cannot be done the document is
// written anew, by which comments, order, anchors and the styles of scalars stay
// and blank lines do not.
func YAML(text string, r Redactor) (out, reason string, err error) {
	head, body := cutHead(text)
	// What is no directive would otherwise pass as one.
	if _, err := parseYAML(text); err != nil {
		return "", "", err
	}
	root, err := parseYAML(body)
	if err != nil {
		return "", "", err
	}
	if !isCleanHead(head, r) || (root != nil && !hasCleanNames(root, r)) {
		return "", "", errNamed
	}
	if root != nil {
		body, reason, err = redactBody(body, root, r)
		if err != nil {
			return "", "", err
		}
		if head == "" && strings.HasPrefix(text, "---") && !strings.HasPrefix(body, "---") {
			head = "---\n"
		}
	}
	out = head + body
	clean, why := comments(out, r)
	if clean != out {
		if err := stays(clean, r); err != nil {
			return "", "", err
		}
	}
	if reason == "" {
		reason = why
	}
	return clean, reason, nil
}

// cutHead cuts off what stands before the document: directives and the separator,
// unless content follows on its line.
func cutHead(text string) (head, body string) {
	for at := 0; at < len(text); {
		line, _, _ := strings.Cut(text[at:], "\n")
		next := min(len(text), at+len(line)+1)
		if rest, ok := strings.CutPrefix(line, "---"); ok {
			if rest != "" && !strings.ContainsRune(" \t\r", rune(rest[0])) {
				break
			}
			if rest = strings.TrimSpace(rest); rest == "" || rest[0] == '#' {
				return text[:next], text[next:]
			}
			return text[:at], text[at:]
		}
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '%' {
			break
		}
		at = next
	}
	return "", text
}

// parseYAML reads one document; nil is an empty one.
func parseYAML(text string) (*yaml.Node, error) {
	dec := yaml.NewDecoder(strings.NewReader(text))
	var root, more yaml.Node
	switch err := dec.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, nil //nolint:nilnil // An empty document is a common one.
	case err != nil:
		return nil, errYAML
	case !errors.Is(dec.Decode(&more), io.EOF):
		return nil, errMany
	}
	return &root, nil
}

// redactBody redacts all but comments.
func redactBody(body string, root *yaml.Node, r Redactor) (out, reason string, err error) {
	json, err := toJSON(root)
	if err != nil {
		return "", "", err
	}
	bare := !strings.HasPrefix(json, "{") && !strings.HasPrefix(json, "[")
	if bare {
		json = "[" + json + "]"
	}
	clean, reason := r.Document(json)
	if clean == json {
		return body, reason, nil
	}
	want, err := parse(clean)
	if err != nil || (bare && len(want.kids) != 1) {
		return "", "", errors.New(orElse(reason, errPlaced.Error()))
	}
	if bare {
		want = want.kids[0]
	}
	a := apply{became: map[*yaml.Node]*value{}, names: map[*yaml.Node]string{}}
	if err := a.value(root.Content[0], want); err != nil {
		return "", "", err
	}
	if out, ok := inPlace(body, &a); ok && says(out, want) {
		return out, reason, nil
	}
	out, err = anew(body, root)
	if err != nil || !says(out, want) {
		return "", "", errPlaced
	}
	return out, reason, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// says reports whether a document says what it should.
func says(text string, want *value) bool {
	root, err := parseYAML(text)
	if err != nil || root == nil {
		return false
	}
	json, err := toJSON(root)
	if err != nil {
		return false
	}
	got, err := parse(json)
	return err == nil && got.same(want)
}

// stays reports whether redacting a document once more leaves it as it is.
func stays(text string, r Redactor) error {
	_, body := cutHead(text)
	root, err := parseYAML(body)
	if err != nil || root == nil {
		return err
	}
	json, err := toJSON(root)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(json, "{") && !strings.HasPrefix(json, "[") {
		json = "[" + json + "]"
	}
	if again, _ := r.Document(json); again != json {
		return errPlaced
	}
	return nil
}

// anew writes a document in the style that it had.
func anew(body string, root *yaml.Node) (string, error) {
	var b bytes.Buffer
	unmarkMerges(root)
	enc := yaml.NewEncoder(&b)
	indent, compact := style(root.Content[0])
	enc.SetIndent(indent)
	if compact {
		enc.CompactSeqIndent()
	}
	if err := enc.Encode(root); err != nil {
		return "", err
	}
	if err := enc.Close(); err != nil {
		return "", err
	}
	out := b.String()
	if left := root.Content[0].Column - 1; left > 0 && strings.TrimSpace(firstLine(body)) != "" && !strings.HasPrefix(body, "---") {
		margin := strings.Repeat(" ", left)
		var shifted strings.Builder
		for line := range strings.Lines(out) {
			if line != "\n" {
				shifted.WriteString(margin)
			}
			shifted.WriteString(line)
		}
		out = shifted.String()
	}
	if strings.HasSuffix(strings.TrimRight(body, " \t\r\n"), "\n...") {
		out += "...\n"
	}
	return out, nil
}

// unmarkMerges keeps the tag of merge keys, which nobody writes, from being written.
func unmarkMerges(n *yaml.Node) {
	for i, kid := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && kid.ShortTag() == "!!merge" {
			kid.Tag = ""
		}
		unmarkMerges(kid)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// style finds out by how much a document is indented, and whether lists are not.
func style(n *yaml.Node) (indent int, compact bool) {
	indent = 2
	if n.Kind == yaml.SequenceNode {
		for _, kid := range n.Content {
			if kid.Kind == yaml.MappingNode {
				return style(kid)
			}
		}
		return indent, false
	}
	found := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, kid := n.Content[i], n.Content[i+1]
		if kid.Style&yaml.FlowStyle != 0 || len(kid.Content) == 0 || kid.Line == key.Line {
			continue
		}
		switch kid.Kind {
		case yaml.MappingNode:
			if by := kid.Column - key.Column; !found && by >= 2 && by <= 9 {
				indent, found = by, true
			}
			if _, c := style(kid); c {
				compact = true
			}
		case yaml.SequenceNode:
			compact = compact || kid.Column == key.Column
		default:
		}
	}
	return indent, compact
}
