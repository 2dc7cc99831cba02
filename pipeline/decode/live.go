package decode

import (
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What is kept of one object ends here. Whoever may create an object chooses its
// metadata, and the API server's own limit is the size of the whole object.
const (
	maxOwners = 64
	// maxLabels is for labels and annotations each, maxMetadata for the bytes of
	// their keys and values, and maxValue for a single value.
	maxLabels   = 256
	maxMetadata = 16 << 10
	maxValue    = 4 << 10
	// maxName is for names, kinds and UIDs. The API server's limit is 253 bytes
	// nearly everywhere, but not for the UID of an owner.
	maxName = 512
)

// annotationServiceAccount says whose token a Secret is. It stands for an owner
// reference, so it is always kept.
const annotationServiceAccount = "kubernetes.io/service-account.name"

// annotationApplied holds what kubectl apply applied. It may have hundreds of
// kilobytes, and is never kept.
const annotationApplied = "kubectl.kubernetes.io/last-applied-configuration"

// The metadata of any kind of objects is served as this one.
const (
	kindPartial    = "PartialObjectMetadata"
	apiGroupOfMeta = "meta.k8s.io/"
)

// ObjectDecoder takes from objects what is kept of them. It has no state, so any
// number of goroutines may use it.
type ObjectDecoder struct {
	// Annotations says which annotations are kept, by their key; nil keeps none
	// but those that the owner is read from.
	Annotations func(key string) bool
}

// Decode reads one object of the resource: a whole one or its
// PartialObjectMetadata, by itself or as an item of a list, where objects of
// built-in kinds have neither apiVersion nor kind.
//
// The result shares no memory with raw. Of repeated keys the last one wins. A
// field of another type than Kubernetes gives it counts as absent; what is not
// UTF-8 becomes U+FFFD. Of owners, labels and annotations only so many are kept
// that their memory is bounded, the first ones.
//
// A failure is always an *Error.
func (d ObjectDecoder) Decode(raw []byte, resource event.APIResource) (event.Live, error) {
	// jx's own pool would keep raw alive.
	r := liveReader{keep: d.Annotations}
	r.json.ResetBytes(raw)
	if err := r.read(); err != nil {
		return event.Live{}, notJSON(err)
	}
	return r.finish(resource)
}

// liveReader reads one object.
type liveReader struct {
	json jx.Decoder
	keep func(key string) bool

	live             event.Live
	apiVersion, kind string
	// spec is the object's spec, unread: what it means is known only once the
	// kind is.
	spec jx.Raw
}

func (r *liveReader) read() error {
	if r.json.Next() != jx.Object {
		// The error tells an empty input from one of another shape.
		if _, err := r.json.Raw(); err != nil {
			return err
		}
		return errSyntax
	}
	err := r.object(func(key []byte) (err error) {
		switch string(key) {
		case "apiVersion":
			return r.word(&r.apiVersion)
		case "kind":
			return r.word(&r.kind)
		case "metadata":
			return r.metadata()
		case "spec":
			r.spec, err = r.json.Raw()
			return err
		}
		return r.json.Skip()
	})
	if err != nil {
		return err
	}
	// Next does not tell the end from what is no JSON; Skip does.
	if r.json.Next() != jx.Invalid {
		return errTrailing
	}
	if err := r.json.Skip(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return errTrailing
	}
	return nil
}

// finish completes the object by what is known of its resource.
func (r *liveReader) finish(resource event.APIResource) (event.Live, error) {
	l := &r.live
	if r.kind == kindPartial && strings.HasPrefix(r.apiVersion, apiGroupOfMeta) {
		r.apiVersion, r.kind = "", ""
	}
	if r.apiVersion == "" {
		r.apiVersion = resource.APIVersion()
	}
	if r.kind == "" {
		r.kind = resource.Kind
	}
	l.Ref.APIVersion, l.Ref.Kind, l.Ref.Resource = r.apiVersion, r.kind, resource.Resource

	reject := func(reason event.RejectReason, detail string) (event.Live, error) {
		return event.Live{}, &Error{Reason: reason, Detail: detail}
	}
	switch {
	case r.kind == "" || l.Ref.Name == "":
		return reject(event.RejectUnidentified, "its kind or metadata.name is missing")
	case resource.Kind != "" && r.kind != resource.Kind:
		return reject(event.RejectNotAnEvent, "it is of another kind than was asked for")
	}
	if r.spec != nil {
		r.json.ResetBytes(r.spec)
		if err := r.readSpec(); err != nil {
			return event.Live{}, notJSON(err)
		}
	}
	return *l, nil
}

func (r *liveReader) metadata() error {
	r.live = event.Live{}
	l := &r.live
	return r.object(func(key []byte) error {
		switch string(key) {
		case "name":
			return r.word(&l.Ref.Name)
		case "namespace":
			return r.word((*string)(&l.Ref.Namespace))
		case "uid":
			return r.word((*string)(&l.Ref.UID))
		case "resourceVersion":
			return r.word((*string)(&l.Ref.ResourceVersion))
		case "creationTimestamp":
			return r.time(&l.Created)
		case "deletionTimestamp":
			var t time.Time
			err := r.time(&t)
			l.Deleting = !t.IsZero()
			return err
		case "labels":
			return r.labels(&l.Labels, nil)
		case "annotations":
			l.Applied = false
			return r.labels(&l.Annotations, r.kept)
		case "ownerReferences":
			return r.owners()
		}
		return r.json.Skip()
	})
}

// kept reports whether the annotation is one that is kept.
func (r *liveReader) kept(key string) bool {
	return key == annotationServiceAccount || r.keep != nil && r.keep(key)
}

// labels reads labels or annotations, of which it keeps those that keep allows.
func (r *liveReader) labels(to *[]event.Label, keep func(key string) bool) error {
	*to = nil
	size := 0
	err := r.object(func(key []byte) error {
		if r.json.Next() != jx.String {
			return r.json.Skip()
		}
		if to == &r.live.Annotations && string(key) == annotationApplied {
			r.live.Applied = true
			return r.json.Skip()
		}
		value, err := r.json.StrBytes()
		if err != nil || len(key) > maxName || len(value) > maxValue {
			return err
		}
		n := len(key) + len(value)
		if len(*to) == maxLabels || size+n > maxMetadata {
			return nil
		}
		k := text(key)
		if keep != nil && !keep(k) {
			return nil
		}
		if *to == nil {
			*to = make([]event.Label, 0, 6)
		}
		size += n
		*to = append(*to, event.Label{Key: k, Value: text(value)})
		return nil
	})
	*to = sortedByKey(*to, func(l event.Label) string { return l.Key })
	return err
}

func (r *liveReader) owners() error {
	r.live.Owners = nil
	return r.array(func() error {
		if len(r.live.Owners) == maxOwners {
			return r.json.Skip()
		}
		var o event.Owner
		err := r.object(func(key []byte) (err error) {
			switch string(key) {
			case "apiVersion":
				return r.word(&o.APIVersion)
			case "kind":
				return r.word(&o.Kind)
			case "name":
				return r.word(&o.Name)
			case "uid":
				return r.word((*string)(&o.UID))
			case "controller":
				return r.flag(&o.Controller)
			}
			return r.json.Skip()
		})
		if o.Kind != "" && o.Name != "" {
			r.live.Owners = append(r.live.Owners, o)
		}
		return err
	})
}

// object reads an object, and skips anything else.
func (r *liveReader) object(member func(key []byte) error) error {
	if r.json.Next() != jx.Object {
		return r.json.Skip()
	}
	return r.json.ObjBytes(func(_ *jx.Decoder, key []byte) error { return member(key) })
}

// array reads an array, and skips anything else.
func (r *liveReader) array(element func() error) error {
	if r.json.Next() != jx.Array {
		return r.json.Skip()
	}
	return r.json.Arr(func(*jx.Decoder) error { return element() })
}

// word reads a string that is a name of some sort; anything else counts as the
// empty one, and so does one that is too long to be a name.
func (r *liveReader) word(to *string) error {
	*to = ""
	if r.json.Next() != jx.String {
		return r.json.Skip()
	}
	b, err := r.json.StrBytes()
	if err == nil && len(b) <= maxName {
		*to = text(b)
	}
	return err
}

func (r *liveReader) flag(to *bool) (err error) {
	*to = false
	if r.json.Next() != jx.Bool {
		return r.json.Skip()
	}
	*to, err = r.json.Bool()
	return err
}

func (r *liveReader) time(to *time.Time) error {
	var s string
	err := r.word(&s)
	*to = instant(s)
	return err
}

// text copies b.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return valid(string(b))
}
