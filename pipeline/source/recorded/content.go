package recorded

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fluent-live/live-status/pipeline/crash"
)

// content is what a file says, decompressed, from its beginning to its end.
type content struct {
	r io.Reader
	// zipped is set where the bytes read are not those of the file.
	zipped bool
	// stored counts bytes of the file that were taken, and told is how many of
	// them report was told of.
	stored, told int64
	report       func(more int64)
	// alive returns an error once nobody wants to read on.
	alive func() error
	close func()
}

// readSize is how much is read of a file at a time, and compressedSize of one that
// is compressed.
const (
	readSize       = 256 << 10
	compressedSize = 64 << 10
)

// open opens a file and finds out in what format it is. Its reader's errors name
// the file no more than they quote it.
func (in *input) open(ctx context.Context, report func(more int64)) (*content, error) {
	c := &content{report: report, alive: ctx.Err, close: func() {}}
	var source io.Reader
	if in.once {
		ctx, cancel := context.WithCancel(ctx)
		source, c.close = in.pipe(ctx), cancel
	} else {
		f, err := os.Open(in.name)
		if err != nil {
			return nil, err
		}
		source, c.close = f, func() { f.Close() } //nolint:errcheck // Nothing was written.
	}
	buffered := bufio.NewReaderSize(&counter{source, &c.stored}, compressedSize)
	begin, err := buffered.Peek(magicSize)
	if err != nil && !errors.Is(err, io.EOF) {
		c.close()
		return nil, err
	}
	if advice := foreignTo(begin); advice != "" {
		c.close()
		return nil, errors.New(advice)
	}
	c.r = buffered
	if len(begin) >= len(gzipMagic) && string(begin[:len(gzipMagic)]) == gzipMagic {
		c.zipped = true
		if c.r, err = gzip.NewReader(buffered); err != nil {
			c.close()
			return nil, torn(err)
		}
	}
	return c, nil
}

// Read reads on, and tells how far.
func (c *content) Read(p []byte) (int, error) {
	if err := c.alive(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	if more := c.stored - c.told; more > 0 && c.report != nil {
		c.told = c.stored
		c.report(more)
	}
	if err != nil && !errors.Is(err, io.EOF) && c.zipped {
		err = torn(err)
	}
	return n, err
}

// torn says of a compressed file what is wrong with it.
func torn(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the compressed file is incomplete: %w", io.ErrUnexpectedEOF)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("the compressed file is damaged: %w", err)
	}
	return err
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n *int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

// pipe reads in a goroutine of its own what may keep a reader waiting, so that the
// end of ctx can be heeded. It ends once ctx has.
func (in *input) pipe(ctx context.Context) io.Reader {
	p := &pipe{chunks: make(chan chunk), done: ctx.Done(), err: ctx.Err}
	go crash.Run(func() {
		defer close(p.chunks)
		r := in.reader
		if r == nil {
			f, err := os.Open(in.name)
			if err != nil {
				p.send(chunk{err: err})
				return
			}
			// To close it ends a read that waits.
			stop := context.AfterFunc(ctx, func() { f.Close() }) //nolint:errcheck // Nothing was written.
			defer func() {
				if stop() {
					f.Close() //nolint:errcheck // Likewise.
				}
			}()
			r = f
		}
		for {
			b := make([]byte, compressedSize)
			n, err := r.Read(b)
			if !p.send(chunk{b[:n], err}) || err != nil {
				return
			}
		}
	})
	return p
}

// pipe takes what another goroutine reads.
type pipe struct {
	chunks chan chunk
	done   <-chan struct{}
	err    func() error
	last   chunk
}

type chunk struct {
	b   []byte
	err error
}

func (p *pipe) send(c chunk) bool {
	select {
	case <-p.done:
		return false
	case p.chunks <- c:
		return true
	}
}

// Read waits for what comes next.
func (p *pipe) Read(b []byte) (int, error) {
	for len(p.last.b) == 0 {
		if p.last.err != nil {
			return 0, p.last.err
		}
		select {
		case <-p.done:
			return 0, p.err()
		case c, ok := <-p.chunks:
			if !ok {
				c.err = io.ErrUnexpectedEOF
			}
			p.last = c
		}
	}
	n := copy(b, p.last.b)
	p.last.b = p.last.b[n:]
	return n, nil
}
