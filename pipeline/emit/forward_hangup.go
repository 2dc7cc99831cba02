package emit

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The protocol has no word for a message that a server will not take: Fluent Bit
// closes the connection where one is larger than buffer_max_size. A record that is
// larger by itself would be sent for ever, and all others would wait behind it. So a
// record that is larger than partSize is refused once the server has taken
// connections and closed them over it as often as this; less often where it did so
// with one that was no larger.
const (
	manyHangUps = 10
	fewHangUps  = 2
)

// errHungUp says that the server went instead of answering.
var errHungUp = errors.New("the server closed the connection without a whole answer")

// hangUps counts how often the server has closed the connection over a large record.
type hangUps struct {
	record event.RecordID
	count  int
	// size is that of the smallest record, in bytes, that was refused for it; 0 for
	// none.
	size int
}

// judge returns what an attempt to send one message means: err, or that the server
// will not take the record.
func (h *hangUps) judge(b Batch, err error) error {
	size := len(b.Bytes())
	switch {
	case b.Len() > 1 || size <= partSize:
		return err
	case err == nil:
		if size >= h.size {
			h.size = 0 // It takes more by now.
		}
		h.record, h.count = "", 0
		return nil
	case !errors.Is(err, errHungUp) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE):
		return err
	}
	if h.record != b.IDs[0] {
		h.record, h.count = b.IDs[0], 0
	}
	most := manyHangUps
	if h.size > 0 && size >= h.size {
		most = fewHangUps
	}
	if h.count++; h.count < most {
		return err
	}
	if h.size == 0 || size < h.size {
		h.size = size
	}
	return &RefusedError{Reason: fmt.Sprintf("%v, as %d times before, over a record of %d bytes: "+
		"it may be larger than the server takes (buffer_max_size of Fluent Bit's forward input)", err, h.count-1, size)}
}
