package watch

import (
	"encoding/json"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The frame types of a watch, as the API server writes them.
const (
	frameAdded    = "ADDED"
	frameModified = "MODIFIED"
	frameDeleted  = "DELETED"
	frameBookmark = "BOOKMARK"
	frameError    = "ERROR"
)

// frame is one message of a watch.
type frame struct {
	Type   string
	Object Object
}

// frameReader reads the frames of a watch's body.
type frameReader struct {
	s       scanner
	objects memory
}

func (c Connection) newFrameReader(r io.Reader) *frameReader {
	return newFrameReader(r, c.Collection.maxItem(), c.Collection.Reuse)
}

func newFrameReader(r io.Reader, limit int, reuse bool) *frameReader {
	return &frameReader{s: newScanner(r, frameBuffer), objects: memory{limit: limit, reuse: reuse}}
}

// next returns the next frame. It returns io.EOF where
// the body ends between two frames and io.ErrUnexpectedEOF within one.
func (f *frameReader) next() (frame, error) {
	var fr frame
	err := f.s.members(func(name string) error {
		switch name {
		case `"type"`:
			raw, _, err := f.s.value(nil, maxName)
			if err != nil {
				return err
			}
			return json.Unmarshal(raw, &fr.Type)
		case `"object"`:
			var err error
			fr.Object, err = f.objects.object(f.s)
			return err
		default:
			return f.s.skip()
		}
	})
	return fr, err
}

// version returns the version of the frame's object.
func (f frame) version() event.ResourceVersion {
	metadata, _ := member(f.Object.Raw, "metadata")
	return event.ResourceVersion(text(metadata, "resourceVersion"))
}

// endsList reports whether the frame is the bookmark that ends a streamed
// list (KEP-3157).
func (f frame) endsList() bool {
	metadata, _ := member(f.Object.Raw, "metadata")
	annotations, _ := member(metadata, "annotations")
	return text(annotations, metav1.InitialEventsAnnotationKey) == "true"
}

// status returns the error that the frame carries.
func (f frame) status() error {
	var st metav1.Status
	if err := json.Unmarshal(f.Object.Raw, &st); err != nil {
		return fmt.Errorf("read watch: decode status: %w", err)
	}
	return &apierrors.StatusError{ErrStatus: st}
}
