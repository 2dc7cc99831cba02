package events

import (
	"encoding/json"
	"fmt"
	"io"

	jsoniter "github.com/json-iterator/go"
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
	Object object
}

// frameReader reads the frames of a watch's body.
type frameReader struct{ s scanner }

func newFrameReader(r io.Reader) frameReader { return frameReader{s: newScanner(r)} }

// next returns the next frame, which the caller owns. It returns io.EOF where
// the body ends between two frames and io.ErrUnexpectedEOF within one.
func (f frameReader) next() (frame, error) {
	var fr frame
	err := f.s.members(func(name string) error {
		raw, whole, err := f.s.value(maxItem)
		if err != nil {
			return err
		}
		switch name {
		case `"type"`:
			return json.Unmarshal(raw, &fr.Type)
		case `"object"`:
			fr.Object = object{raw: raw, whole: whole}
		}
		return nil
	})
	return fr, err
}

// version returns the version of the frame's object.
func (f frame) version() event.ResourceVersion {
	return event.ResourceVersion(jsoniter.Get(f.Object.raw, "metadata", "resourceVersion").ToString())
}

// endsList reports whether the frame is the bookmark that ends a streamed
// list (KEP-3157).
func (f frame) endsList() bool {
	return jsoniter.Get(f.Object.raw, "metadata", "annotations", metav1.InitialEventsAnnotationKey).ToString() == "true"
}

// status returns the error that the frame carries.
func (f frame) status() error {
	var st metav1.Status
	if err := json.Unmarshal(f.Object.raw, &st); err != nil {
		return fmt.Errorf("read watch: decode status: %w", err)
	}
	return &apierrors.StatusError{ErrStatus: st}
}
