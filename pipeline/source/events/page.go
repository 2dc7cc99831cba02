package events

import (
	"encoding/json"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

// page is what a page of a list says of itself.
type page struct {
	ResourceVersion event.ResourceVersion
	Continue        string
}

// object is an undecoded object, which belongs to whoever it is given to.
type object struct {
	raw []byte
	// whole is false where the object was larger than maxItem: raw then is its
	// beginning.
	whole bool
}

// skipped says why the object cannot be used, if it cannot.
func (o object) skipped() event.RejectReason {
	if o.whole {
		return ""
	}
	return event.RejectTooLarge
}

// readPage reads a List and calls each with every item. It holds one item at a
// time, so that the size of a list does not matter.
func readPage(r io.Reader, each func(object) error) (page, error) {
	var p page
	s := newScanner(r)
	err := s.members(func(name string) error {
		switch name {
		case `"metadata"`:
			raw, _, err := s.value(maxItem)
			if err != nil {
				return err
			}
			var meta metav1.ListMeta
			if err := json.Unmarshal(raw, &meta); err != nil {
				return fmt.Errorf("decode metadata: %w", err)
			}
			p = page{ResourceVersion: event.ResourceVersion(meta.ResourceVersion), Continue: meta.Continue}
			return nil
		case `"items"`:
			return s.elements(func() error {
				raw, whole, err := s.value(maxItem)
				if err != nil {
					return err
				}
				return each(object{raw: raw, whole: whole})
			})
		default:
			return s.skip()
		}
	})
	if err != nil {
		return page{}, fmt.Errorf("read list: %w", inside(err))
	}
	return p, nil
}
