package auditfile

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// skipToEnd takes a file that was there at the first start as read, up to the
// end of its last complete line.
func (s *Source) skipToEnd(ctx context.Context, f *file) error {
	var offset int64
	var sum uint32
	n, exact := f.body.length(f.size)
	if exact {
		var err error
		// A file that could not be read at first has grown since.
		if offset, err = lastLineEnd(f.body, min(n, f.skipSize)); err != nil {
			return err
		}
		if sum, err = endsAt(f.body, offset); err != nil {
			return err
		}
	} else {
		// The length is what it will be recognised by.
		offset = n
	}
	st := s.streams.add(f.head.sum)
	st.offset, st.sum = offset, sum
	f.hold(st, s.opts.MaxLine)
	f.skip, f.settled = false, !exact
	st.finished = f.settled
	if s.started {
		return s.yield(ctx, progress(st, f.path))
	}
	s.skipped[st.name] = st.position()
	return nil
}

// lastLineEnd returns the offset behind the last line feed of a content of
// length n, 0 if there is none.
func lastLineEnd(c content, n int64) (int64, error) {
	buf := make([]byte, sniffSize)
	for n > 0 {
		from := max(n-int64(len(buf)), 0)
		got, err := c.readAt(buf[:n-from], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:got], '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		n = from
	}
	return 0, nil
}
