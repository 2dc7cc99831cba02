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
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// frameReader reads the frames of a watch's body.
type frameReader struct{ dec *json.Decoder }

func newFrameReader(r io.Reader) frameReader { return frameReader{dec: json.NewDecoder(r)} }

// next returns the next frame, which the caller owns. It returns io.EOF where
// the body ends between two frames and io.ErrUnexpectedEOF within one.
func (f frameReader) next() (frame, error) {
	var fr frame
	err := f.dec.Decode(&fr)
	return fr, err
}

// version returns the version of the frame's object.
func (f frame) version() event.ResourceVersion {
	return event.ResourceVersion(jsoniter.Get(f.Object, "metadata", "resourceVersion").ToString())
}

// endsList reports whether the frame is the bookmark that ends a streamed
// list (KEP-3157).
func (f frame) endsList() bool {
	return jsoniter.Get(f.Object, "metadata", "annotations", metav1.InitialEventsAnnotationKey).ToString() == "true"
}

// status returns the error that the frame carries.
func (f frame) status() error {
	var st metav1.Status
	if err := json.Unmarshal(f.Object, &st); err != nil {
		return fmt.Errorf("read watch: decode status: %w", err)
	}
	return &apierrors.StatusError{ErrStatus: st}
}
