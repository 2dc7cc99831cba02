package manifest

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Manifest is an object and where it was read.
type Manifest struct {
	Object *unstructured.Unstructured
	At     Position
}

// Position is a place in the input.
type Position struct {
	// File is as the user named it.
	File string
	// Document counts from 1; separators without a document between them do not
	// count. It is 0 for the input as a whole.
	Document int
	// Item counts from 1 within a List; 0 is not an item.
	Item int
	// Line counts from 1.
	Line int
}

// String is for error messages.
func (p Position) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Document > 0 {
		fmt.Fprintf(&b, ": document %d", p.Document)
	}
	if p.Item > 0 {
		fmt.Fprintf(&b, ", item %d", p.Item)
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, ", line %d", p.Line)
	}
	return b.String()
}

// Error is what is wrong with a part of the input.
type Error struct {
	At  Position
	Err error
}

// Error names the place.
func (e *Error) Error() string { return e.At.String() + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

var (
	errNoObject   = errors.New("this is no object: a manifest has apiVersion, kind and metadata")
	errNoKind     = errors.New("the object has no kind: set kind, as in `kubectl get -o yaml`")
	errNoVersion  = errors.New("the object has no apiVersion: set apiVersion, as in `kubectl get -o yaml`")
	errNoName     = errors.New("the object has no metadata.name: set it, as in `kubectl get -o yaml`")
	errVersion    = errors.New("apiVersion is neither version nor group/version")
	errNamespace  = errors.New("metadata.namespace is no text: put it in quotes")
	errStatusKind = errors.New("this is no object but an answer of the API server (kind Status): look at what wrote the input")
)

// object checks what every object must have.
func object(value any) (*unstructured.Unstructured, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, errNoObject
	}
	kind, _ := fields["kind"].(string)
	if kind == "" {
		return nil, errNoKind
	}
	version, _ := fields["apiVersion"].(string)
	if version == "" {
		return nil, errNoVersion
	}
	if _, err := schema.ParseGroupVersion(version); err != nil {
		return nil, errVersion
	}
	meta, _ := fields["metadata"].(map[string]any)
	if name, _ := meta["name"].(string); name == "" {
		if kind == "Status" && version == "v1" {
			return nil, errStatusKind
		}
		return nil, errNoName
	}
	if ns, ok := meta["namespace"]; ok && ns != nil {
		if _, ok := ns.(string); !ok {
			return nil, errNamespace
		}
	}
	return &unstructured.Unstructured{Object: fields}, nil
}

// header is what a List says of its items: those of a typed one, as the API
// serves it, have neither kind nor apiVersion.
type header struct{ kind, version string }

func headerOf(fields map[string]any) header {
	var h header
	h.kind, _ = fields["kind"].(string)
	h.version, _ = fields["apiVersion"].(string)
	return h
}

// complete gives an item what the List says of all.
func (h header) complete(value any) {
	fields, ok := value.(map[string]any)
	kind, found := strings.CutSuffix(h.kind, "List")
	if !ok || !found || kind == "" || h.version == "" {
		return
	}
	if fields["kind"] == nil && fields["apiVersion"] == nil {
		fields["kind"], fields["apiVersion"] = kind, h.version
	}
}

// items returns the items of a List. Like for kubectl, anything with a list of
// items at its root is one.
func items(value any) ([]any, header, bool) {
	fields, ok := value.(map[string]any)
	if !ok {
		list, ok := value.([]any)
		return list, header{}, ok
	}
	list, ok := fields["items"].([]any)
	if !ok {
		if none, found := fields["items"]; !found || none != nil {
			return nil, header{}, false
		}
		// The API's older Lists have null where there are none.
		if kind, _ := fields["kind"].(string); !strings.HasSuffix(kind, "List") {
			return nil, header{}, false
		}
	}
	return list, headerOf(fields), true
}
