package deployment

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// tooLarge reports whether a document of YAML grows beyond most bytes where its
// aliases are replaced by what they stand for.
func tooLarge(doc string, most int) bool {
	if len(doc) > most {
		return true
	}
	if !mayHave(doc, '&') || !mayHave(doc, '*') {
		return false
	}
	var root yaml.Node
	if yaml.Unmarshal([]byte(doc), &root) != nil {
		return true
	}
	e := expansion{most: most, sizes: map[*yaml.Node]int{}}
	return e.size(&root) > most
}

// mayHave reports whether there can be an anchor or alias, which begins with the
// character given: at the beginning of a value.
func mayHave(doc string, indicator byte) bool {
	for {
		at := strings.IndexByte(doc, indicator)
		if at < 0 || at+1 == len(doc) {
			return false
		}
		begins := at == 0 || strings.IndexByte(" \t\n[{,:", doc[at-1]) >= 0
		if begins && strings.IndexByte(" \t\r\n*&", doc[at+1]) < 0 {
			return true
		}
		doc = doc[at+1:]
	}
}

// expansion adds up sizes, each node's once.
type expansion struct {
	most  int
	sizes map[*yaml.Node]int
}

// size returns the size of a node, or more than the most there may be.
func (e *expansion) size(n *yaml.Node) int {
	if size, known := e.sizes[n]; known {
		return size
	}
	// A node within itself has no end.
	e.sizes[n] = e.most + 1
	size := 2 + len(n.Value)
	if n.Kind == yaml.AliasNode {
		size = e.size(n.Alias)
	}
	for _, child := range n.Content {
		if size > e.most {
			break
		}
		size += e.size(child)
	}
	e.sizes[n] = size
	return size
}
