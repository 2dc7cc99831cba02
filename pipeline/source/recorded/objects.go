package recorded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/fluent-live/live-status/pipeline/event"
)

// objects passes all objects on. Its error ends the run; what cannot be read is
// noted only.
func (s *Source) objects(ctx context.Context) error {
	for _, in := range s.of(objectFile) {
		err := s.dump(ctx, in)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, new(*takerError)):
			return err
		case err != nil:
			s.failed(in, err)
		}
	}
	return nil
}

// takerError is the error of who takes objects or items.
type takerError struct{ error }

func (e *takerError) Unwrap() error { return e.error }

// dump passes the objects of a file on.
func (s *Source) dump(ctx context.Context, in *input) error {
	c, err := in.open(ctx, s.reported(in))
	if err != nil {
		return err
	}
	defer c.close()
	r, _ := newReader(c, objectFile, s.opts.MaxItem)
	unread := 0
	for {
		p, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if p.skipped != "" {
			unread++
			s.opts.Logger.WarnContext(ctx, "an object cannot be read", "file", in.name,
				"offset", p.offset, "bytes", p.size, "reason", string(p.skipped))
			continue
		}
		if err := s.put(in, &p); err != nil {
			return err
		}
	}
	if unread > 0 {
		return fmt.Errorf("%d objects cannot be read", unread)
	}
	return nil
}

// put passes the objects of a piece on.
func (s *Source) put(in *input, p *piece) (err error) {
	unpack(p.raw, p.list, func(u unpacked) {
		switch {
		case err != nil, u.change == event.Deleted:
		case u.failed:
			s.complain(in, p.offset+int64(u.at))
		default:
			err = s.opts.Put(named(&u))
		}
	})
	if err != nil {
		return &takerError{fmt.Errorf("pass on an object of %s: %w", in.name, err)}
	}
	return nil
}

// named returns an object with the kind that its list gives it, if it has none
// itself: an API server writes it once for all items of a list.
func named(u *unpacked) []byte {
	of := u.list
	if u.members.kinded || of == nil || len(u.raw) < 2 || u.raw[0] != '{' {
		return slices.Clone(u.raw)
	}
	b := make([]byte, 0, len(u.raw)+len(of.kind)+len(of.version)+len(`"apiVersion":"","kind":"",`))
	b = append(b, `{"apiVersion":`...)
	b = strconv.AppendQuote(b, of.version)
	b = append(b, `,"kind":`...)
	b = strconv.AppendQuote(b, of.kind)
	f := scan(u.raw)
	f.pos = 1
	if c, _ := f.space(); c != '}' {
		b = append(b, ',')
	}
	return append(b, u.raw[1:]...)
}

// failed notes what is wrong with a file.
func (s *Source) failed(in *input, err error) {
	s.fail(fmt.Errorf("read %s: %w", in.name, err))
}

// reported returns what tells how far a file was read.
func (s *Source) reported(in *input) func(int64) {
	var n int64
	return func(more int64) {
		n += more
		s.read.Add(more)
		s.opts.Progress(Progress{File: in.name, Read: n, Total: in.size})
	}
}
