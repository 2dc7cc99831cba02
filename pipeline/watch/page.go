package watch

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

// readPage reads a List and calls each with every item.
func (c Connection) readPage(r io.Reader, each func(Object) error) (page, error) {
	return readPage(r, c.Collection.maxItem(), c.Collection.Reuse, each)
}

func readPage(r io.Reader, limit int, reuse bool, each func(Object) error) (page, error) {
	var p page
	s := newScanner(r, pageBuffer)
	items := memory{limit: limit, reuse: reuse}
	err := s.members(func(name string) error {
		switch name {
		case `"metadata"`:
			raw, _, err := s.value(nil, MaxItem)
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
				o, err := items.object(s)
				if err != nil {
					return err
				}
				return each(o)
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

// memory is what objects are read into.
type memory struct {
	limit int
	reuse bool
	kept  []byte
}

// keepAtMost is how much memory is kept from one object to the next. Most fit;
// one that is large must not hold its size for as long as the watch lasts.
const keepAtMost = 64 << 10

func (m *memory) object(s scanner) (Object, error) {
	raw, whole, err := s.value(m.kept, m.limit)
	if m.reuse && cap(raw) <= keepAtMost {
		m.kept = raw[:0]
	}
	return Object{Raw: raw, Whole: whole}, err
}
