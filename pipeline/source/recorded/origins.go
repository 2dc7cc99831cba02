package recorded

import (
	"errors"
	"io"
	"os"
)

// origins reads parts of files, of which it keeps the ones read last open.
type origins struct{ open []origin }

type origin struct {
	in *input
	f  *os.File
}

// mostOrigins is how many files are kept open.
const mostOrigins = 16

func (o *origins) read(in *input, off int64, size int) ([]byte, error) {
	f, err := o.file(in)
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, off); errors.Is(err, io.EOF) {
		return nil, errors.New("it has become shorter while it was read")
	} else if err != nil {
		return nil, err
	}
	return b, nil
}

func (o *origins) file(in *input) (*os.File, error) {
	for i, g := range o.open {
		if g.in == in {
			copy(o.open[1:], o.open[:i])
			o.open[0] = g
			return g.f, nil
		}
	}
	f, err := os.Open(in.name)
	if err != nil {
		return nil, err
	}
	if len(o.open) == mostOrigins {
		o.open[mostOrigins-1].f.Close() //nolint:errcheck // Nothing was written.
		o.open = o.open[:mostOrigins-1]
	}
	o.open = append([]origin{{in, f}}, o.open...)
	return f, nil
}

func (o *origins) close() {
	for _, g := range o.open {
		g.f.Close() //nolint:errcheck // Nothing was written.
	}
	o.open = nil
}
