package auditwebhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxItems bounds the items of a body. The smallest events are some hundred
// bytes long; a body of 16 million bytes could otherwise make 8 million records
// of nothing.
const maxItems = 1 << 18

// receive takes a post and returns why it is refused, or nil once its body is
// stored.
func (s *server) receive(storing context.Context, w http.ResponseWriter, r *http.Request) *refusal {
	if refused := s.glance(r); refused != nil {
		hangUp(w)
		return refused
	}
	network := networkOf(sender(r))
	if !s.inside.enter(network) {
		hangUp(w)
		return busy("too many requests are under way")
	}
	defer s.inside.leave(network)
	mine := share{of: s.memory, network: network}
	if !mine.fits(max(r.ContentLength, 0)) {
		hangUp(w)
		return busy(errBusy.Error())
	}
	defer mine.release()
	wire := newWire(w, r, s.opts)
	body, err := receiveBody(wire, r, s.opts.MaxBody, &mine)
	if err != nil {
		hangUp(w)
		return s.unread(wire, err)
	}
	wire.done()
	received := s.opts.Now()
	if refused, empty := examine(body); refused != nil || empty {
		return refused
	}
	return s.store(storing, event.Spooled{Sender: senderText(r), Received: received, Body: body})
}

// glance looks at what a request says before its body.
func (s *server) glance(r *http.Request) *refusal {
	if refused := s.keys.admit(r); refused != nil {
		if refused.status == http.StatusUnauthorized && s.keys.token != nil {
			refused.header = [2]string{"WWW-Authenticate", "Bearer"}
		}
		return refused
	}
	trust(r)
	if r.Method != http.MethodPost {
		return &refusal{
			status: http.StatusMethodNotAllowed, reason: "method",
			message: "only POST is allowed here", header: [2]string{"Allow", http.MethodPost},
		}
	}
	encodings := r.Header.Values("Content-Encoding")
	if len(encodings) > 1 || len(encodings) == 1 && encodings[0] != "" && encodings[0] != "identity" && !isGzip(encodings[0]) {
		return &refusal{
			status: http.StatusUnsupportedMediaType, reason: "encoding",
			message: "the Content-Encoding must be gzip or none", header: [2]string{"Accept-Encoding", "gzip"},
		}
	}
	if r.ContentLength > s.opts.MaxBody {
		return tooLarge(s.opts.MaxBody)
	}
	return nil
}

// unread says why a body could not be read.
func (s *server) unread(b *wire, err error) *refusal {
	var over *http.MaxBytesError
	var timeout net.Error
	var packed gzipError
	switch {
	case errors.As(b.err, &over) || errors.Is(err, errTooLarge):
		return tooLarge(s.opts.MaxBody)
	case errors.Is(err, errBusy):
		return busy(errBusy.Error())
	case errors.Is(b.err, os.ErrDeadlineExceeded) || errors.As(b.err, &timeout) && timeout.Timeout():
		return &refusal{status: http.StatusRequestTimeout, reason: "slow", message: "the body came too slowly"}
	case b.err != nil:
		return &refusal{status: http.StatusBadRequest, reason: "aborted", message: "the request ended early"}
	case errors.As(err, &packed):
		return &refusal{status: http.StatusBadRequest, reason: "gzip", message: packed.Error()}
	}
	return &refusal{status: http.StatusBadRequest, reason: "unread", message: "the body cannot be read"}
}

// examine finds out whether a body can be split into items later, and whether
// there are none.
func examine(body []byte) (refused *refusal, empty bool) {
	items := 0
	f := split(body, func([]byte) bool {
		items++
		return items <= maxItems
	})
	if f != nil {
		return &refusal{
			status: http.StatusBadRequest, reason: "content",
			message: "the body is no list of audit events: " + f.explain(body),
		}, false
	}
	if items > maxItems {
		return &refusal{
			status: http.StatusRequestEntityTooLarge, reason: "too_many",
			message: fmt.Sprintf("the body has more than %d items", maxItems),
		}, false
	}
	return nil, items == 0
}

// store hands the body to the spool. Should the client go away meanwhile, it is
// stored all the same: no one can tell how far it got, and a repeat does no
// harm.
func (s *server) store(storing context.Context, item event.Spooled) *refusal {
	ctx, cancel := context.WithTimeout(storing, s.opts.Limits.StoreTimeout)
	defer cancel()
	size, _ := s.opts.Spool.Size()
	err := s.opts.Spool.Append(ctx, item)
	s.ready.wrote(err, s.opts.Now(), size)
	s.observe(answer{stored: true, err: err})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, event.ErrSpoolFull):
		return &refusal{status: http.StatusTooManyRequests, reason: "spool_full", message: storeMessage(err), retryAfter: retryFull}
	}
	s.reports.warn(storing, "spool", "a body cannot be stored", "error", err)
	return &refusal{status: http.StatusServiceUnavailable, reason: "spool_error", message: storeMessage(err), retryAfter: retryError}
}

// storeMessage is what a client gets to know of an error of the spool.
func storeMessage(err error) string {
	if errors.Is(err, event.ErrSpoolFull) {
		return "the spool is full until events have been handed on"
	}
	return "the spool cannot be written now"
}

// unreadWithin is how long a connection that is to be closed may go on sending:
// net/http reads a little more of a body that nobody wanted, so that the client
// is not reset before it has the answer.
const unreadWithin = time.Second

// hangUp has the connection closed after the answer.
func hangUp(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	// Where this fails, the server's own timeout is left.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unreadWithin))
}
