package auditwebhook

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// wire reads the body of a request within its times, and remembers what went
// wrong, which a decompressor above would hide.
type wire struct {
	body    io.Reader
	control *http.ResponseController
	// until is when the body must be there, and stall how long it may pause.
	until time.Time
	stall time.Duration
	// extended is when the deadline was last set.
	extended time.Time
	err      error
}

func newWire(w http.ResponseWriter, r *http.Request, o *Options) *wire {
	return &wire{
		// What is compressed is bounded as well: the empty parts that gzip
		// allows would go on for ever without yielding anything.
		body:    http.MaxBytesReader(w, r.Body, o.MaxBody),
		control: http.NewResponseController(w),
		until:   time.Now().Add(o.Limits.BodyTimeout),
		stall:   o.Limits.StallTimeout,
	}
}

func (b *wire) Read(p []byte) (int, error) {
	// Setting it for every few bytes would cost more than reading them.
	if now := time.Now(); now.Sub(b.extended) > b.stall/8 {
		b.extended = now
		deadline := now.Add(b.stall)
		if deadline.After(b.until) {
			deadline = b.until
		}
		if b.err = b.control.SetReadDeadline(deadline); b.err != nil {
			return 0, b.err
		}
	}
	n, err := b.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// done ends the deadline, so that it does not hit the connection while the body
// is being stored.
func (b *wire) done() { b.err = b.control.SetReadDeadline(time.Time{}) }

var (
	errTooLarge = errors.New("the body is too large")
	errBusy     = errors.New("too many bodies are in memory")
)

const (
	firstBuffer = 64 << 10
	// inflater is about what a decompressor takes.
	inflater = 48 << 10
)

// readBody reads to the end into memory that is taken from s as it fills: a
// client does not get what it only announces. No more than limit bytes are
// kept, and announced is how many are expected, if known.
func readBody(from io.Reader, announced, limit int64, s *share) ([]byte, error) {
	// One byte more than expected is needed to see the end.
	size := int64(firstBuffer)
	if announced >= 0 {
		size = min(size, announced+1)
	}
	if !s.take(size) {
		return nil, errBusy
	}
	body := make([]byte, 0, size)
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if int64(len(body)) > limit {
			return nil, errTooLarge
		}
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		if len(body) < cap(body) {
			continue
		}
		larger := min(2*size, limit+1)
		if announced >= size {
			larger = min(larger, announced+1)
		}
		if !s.take(larger) {
			return nil, errBusy
		}
		body = append(make([]byte, 0, larger), body...)
		s.give(size)
		size = larger
	}
}

// receiveBody returns the body of a request, decompressed.
func receiveBody(b *wire, r *http.Request, limit int64, s *share) ([]byte, error) {
	if isGzip(r.Header.Get("Content-Encoding")) {
		return inflate(b, limit, s)
	}
	body, err := readBody(b, r.ContentLength, limit, s)
	if err != nil || !bytes.HasPrefix(body, []byte("\x1f\x8b")) {
		return body, err
	}
	// A compressed log that is posted as it is. JSON does not begin like this.
	packed := s.n
	body, err = inflate(bytes.NewReader(body), limit, s)
	s.give(packed)
	return body, err
}

func inflate(from io.Reader, limit int64, s *share) ([]byte, error) {
	if !s.take(inflater) {
		return nil, errBusy
	}
	defer s.give(inflater)
	unpacked, err := gzip.NewReader(from)
	if err != nil {
		return nil, gzipError{err}
	}
	body, err := readBody(unpacked, -1, limit, s)
	if err != nil && !errors.Is(err, errTooLarge) && !errors.Is(err, errBusy) {
		return nil, gzipError{err}
	}
	return body, err
}

// gzipError is what is wrong with compressed data.
type gzipError struct{ err error }

func (e gzipError) Error() string {
	if errors.Is(e.err, io.EOF) || errors.Is(e.err, io.ErrUnexpectedEOF) {
		return "the gzip data ends early"
	}
	return "the gzip data is broken"
}

func (e gzipError) Unwrap() error { return e.err }

func isGzip(encoding string) bool {
	return strings.EqualFold(encoding, "gzip") || strings.EqualFold(encoding, "x-gzip")
}
