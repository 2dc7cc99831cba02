package decode

import (
	"errors"

	"github.com/fluent-live/live-status/pipeline/event"
)

// body is where a body stands in the text.
type body struct {
	at   int
	text event.JSON
}

// head is what the beginning of a body says about the object it is.
type head struct {
	apiVersion, kind     string
	namespace, name, uid string
}

// readBody reads a JSON value of any kind; null counts as none.
func (d *AuditDecoder) readBody(to *body) error {
	s, err := d.skip()
	if *to = (body{at: d.i - len(s), text: event.JSON(s)}); s == "null" {
		*to = body{}
	}
	return err
}

// fromBodies completes a's object by what its bodies say about it. A body is
// the object itself if it is of the API version that was asked for, of no kind
// in which answers and options are written, and has its name; only one that is
// being created may have none. Bodies of subresources are objects of their own.
// The namespace is taken from them only if nothing else can tell it.
func (d *AuditDecoder) fromBodies(a *event.Audit, namespace bool) {
	o := &a.Object
	if o.Subresource != "" || o.APIVersion == "" {
		return
	}
	for i, body := range [...]body{d.response, d.request} {
		h, ok := d.head(body)
		if !ok || h.apiVersion != o.APIVersion || h.kind == "" || h.kind == "Status" || h.kind == "DeleteOptions" {
			continue
		}
		if h.name != o.Name && o.Name != "" || h.name == "" && a.Verb != "create" {
			continue
		}
		if h.namespace != string(o.Namespace) && h.namespace != "" && o.Namespace != "" {
			continue
		}
		o.Kind, o.Name = h.kind, h.name
		if o.Namespace == "" && namespace {
			o.Namespace = event.Namespace(h.namespace)
		}
		known := i == 0 || uidCompared(a)
		if o.UID == "" && known {
			o.UID = event.UID(h.uid)
		}
		return
	}
}

// uidCompared reports whether the server took the request only because the UID
// in it, if any, is the object's. An answer of 201 says that the object was
// created and has got another.
func uidCompared(a *event.Audit) bool {
	return a.Code == 200 && (a.Verb == "update" || a.Verb == "patch")
}

// uidFromServer reports whether the UID in objectRef can be relied on. The API
// server fills it from what the client sends to create or update an object.
func uidFromServer(a *event.Audit) bool {
	return a.Verb != "create" && a.Verb != "update" || uidCompared(a)
}

// errEnough ends the reading of a body.
var errEnough = errors.New("enough")

// head reads the beginning of a body, as far as its metadata. The server writes
// them first and repeats no key, so that the rest need not be read again.
func (d *AuditDecoder) head(b body) (h head, ok bool) {
	if b.text == "" || b.text[0] != '{' {
		return head{}, false
	}
	d.i = b.at
	err := d.object(func(key string) error {
		switch key {
		case "apiVersion":
			return d.word(&h.apiVersion)
		case "kind":
			return d.word(&h.kind)
		case "metadata":
			if err := d.metadata(&h); err != nil {
				return err
			}
			return errEnough
		}
		return d.ignore()
	})
	return h, errors.Is(err, errEnough)
}

// metadata ends where its name and UID are known, too: what is long, such as
// managedFields, comes later.
func (d *AuditDecoder) metadata(h *head) error {
	_, err := d.objectOrSkip(func(key string) error {
		switch key {
		case "name":
			return d.word(&h.name)
		case "namespace":
			return d.word(&h.namespace)
		case "uid":
			if err := d.word(&h.uid); err != nil {
				return err
			}
			if h.name != "" {
				return errEnough
			}
			return nil
		}
		return d.ignore()
	})
	return err
}
