package auditwebhook

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	kindList   = "EventList"
	kindEvent  = "Event"
	apiVersion = "audit.k8s.io/v1"
	apiGroup   = "audit.k8s.io/"
)

// head is what an object says it is.
type head struct {
	at            int
	kind, version word
	items, id     bool
	// itemsAt and itemsEnd are where the value of items begins and ends.
	itemsAt, itemsEnd int
}

// word is a short string of a head.
type word struct {
	set  bool
	at   int
	text string
}

// readHead reads the head of the object that begins at pos and moves behind it.
// A member that says twice what the object is makes it none: two readers of it
// could disagree.
func readHead(s *scanner) (head, *flaw) {
	h := head{at: s.pos}
	f := s.members(func(name []byte, begin, end int) *flaw {
		value := s.data[begin:end]
		switch memberName(name) {
		case "kind":
			return h.kind.read(begin, value)
		case "apiVersion":
			return h.version.read(begin, value)
		case "auditID":
			h.id = true
		case "items":
			if h.items {
				return &flaw{begin, "items is there twice"}
			}
			h.items, h.itemsAt, h.itemsEnd = true, begin, end
		}
		return nil
	})
	return h, f
}

// longestWord is the length of the longest kind or apiVersion that is looked at,
// with its quotes, each byte written as an escape.
const longestWord = 6*64 + 2

// memberName returns the name of a member without its quotes; empty where it is
// longer than any that matters.
func memberName(quoted []byte) string {
	if len(quoted) > longestWord {
		return ""
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	return unquote(quoted)
}

func unquote(quoted []byte) string {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return ""
	}
	return text
}

func (w *word) read(at int, value []byte) *flaw {
	if w.set {
		return &flaw{at, "kind or apiVersion is there twice"}
	}
	w.set, w.at = true, at
	if len(value) <= longestWord && value[0] == '"' {
		w.text = unquote(value)
	}
	return nil
}

// isEvent reports whether the object may be an audit Event. Those in lists name
// neither kind nor version.
func (h *head) isEvent() bool {
	kind := h.kind.set && h.kind.text == kindEvent
	version := h.version.set && h.version.text == apiVersion
	return kind && version || h.id && (kind || !h.kind.set) && (version || !h.version.set)
}

// isList reports whether the object is a list of audit Events; items may be
// left out or null, as some servers write an empty list.
func (h *head) isList(data []byte) bool {
	return h.kind.text == kindList && h.version.text == apiVersion && (h.array(data) || h.empty(data))
}

func (h *head) array(data []byte) bool { return h.items && data[h.itemsAt] == '[' }
func (h *head) empty(data []byte) bool {
	return !h.items || string(data[h.itemsAt:h.itemsEnd]) == "null"
}

// complain says why the object is neither a list of audit Events nor one.
func (h *head) complain() *flaw {
	switch {
	case !h.kind.set:
		return &flaw{h.at, "kind is missing where EventList (or Event) is needed"}
	case h.kind.text != kindList && h.kind.text != kindEvent:
		return &flaw{h.kind.at, "kind is " + identifier(h.kind.text) + " where EventList (or Event) is needed"}
	case !h.version.set:
		return &flaw{h.at, "apiVersion is missing where " + apiVersion + " is needed"}
	case h.version.text == apiVersion:
		return &flaw{h.itemsAt, "items is no array"}
	case strings.HasPrefix(h.version.text, apiGroup) && isVersion(h.version.text[len(apiGroup):]):
		return &flaw{h.version.at, "apiVersion is " + h.version.text + " where " + apiVersion +
			" is needed: set --audit-webhook-version=" + apiVersion}
	}
	return &flaw{h.version.at, "apiVersion is not " + apiVersion}
}

// identifier returns text if it is like the name of a kind, and thus may be
// shown.
func identifier(text string) string {
	for i, c := range []byte(text) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if i >= 40 || !letter && (i == 0 || c < '0' || c > '9') {
			return "another"
		}
	}
	if text == "" {
		return "no name"
	}
	return text
}

// isVersion reports whether text is like v1beta1.
func isVersion(text string) bool {
	rest, ok := strings.CutPrefix(text, "v")
	if !ok || len(rest) > 12 {
		return false
	}
	for _, stage := range []string{"alpha", "beta"} {
		rest = strings.Replace(rest, stage, "", 1)
	}
	return strings.Trim(rest, "0123456789") == ""
}
