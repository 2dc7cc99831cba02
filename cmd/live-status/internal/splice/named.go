package splice

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

var errNamed = errors.New("an anchor, a tag or a directive has something to hide in its name")

// isCleanHead reports whether there is nothing to hide in directives. They hold for
// all that follows, so that they cannot be changed.
func isCleanHead(head string, r Redactor) bool {
	for line := range strings.Lines(head) {
		if strings.HasPrefix(line, "%") && !isClean(line, r) {
			return false
		}
	}
	return true
}

// hasCleanNames reports whether there is nothing to hide in the names of anchors and
// tags, which are no values and stay as they are.
func hasCleanNames(n *yaml.Node, r Redactor) bool {
	if n.Anchor != "" && !isClean(n.Anchor, r) {
		return false
	}
	if n.Tag != "" && !strings.HasPrefix(n.Tag, "!!") && !isClean(n.Tag, r) {
		return false
	}
	for _, kid := range n.Content {
		if !hasCleanNames(kid, r) {
			return false
		}
	}
	return true
}

func isClean(text string, r Redactor) bool {
	out, _ := r.Comment(0, text)
	return out == text
}
