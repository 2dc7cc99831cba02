package auditfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// file is a file that the path names, or named until it was deleted.
type file struct {
	id      inode
	path    string
	symlink bool
	// log is the path of the log that the file belongs to; rotated is set where
	// its name says that it is a backup, and gone where it has no name any more.
	log     string
	rotated bool
	gone    bool

	size  int64
	mtime time.Time
	// changed is when the file was last seen to be another than before.
	changed time.Time
	// looked is set once the content was checked since then.
	looked bool

	handle *os.File
	body   content

	head head
	// stream is the content that is read from the file, nil until that is
	// known, and forkOf the one that it goes on from under another name.
	// mismatched are those that it was found not to be.
	stream, forkOf *stream
	mismatched     map[*stream]bool
	// settled is set while there is nothing to be read: it was read to its end,
	// or has nothing that another file does not have.
	settled bool
	// copyOf is the stream that a settled file is a copy of.
	copyOf *stream
	// skip is set at a first start: what is there already is not read, up to
	// skipSize bytes.
	skip     bool
	skipSize int64
	// doubted is since when it is undecided which content it has.
	doubted time.Time

	// at is how far the file was read, and sum the checksum before it. They are
	// ahead of the stream's while something is being skipped.
	at    int64
	sum   uint32
	split splitter
	// want is how many bytes to read at a time, more than chunkSize only for a
	// line that is longer.
	want int
	// atEnd is set when nothing more can be read until the file changes, and
	// torn when it should go on but does not; tornTold once that was said.
	atEnd, torn, tornTold bool

	// opened counts the files that are open.
	opened *int

	trouble trouble
}

// chunkSize is how much is read at a time. The items in it share its memory.
const chunkSize = 256 << 10

func (f *file) name() string { return filepath.Base(f.path) }

// known reports whether it is clear which content the file has.
func (f *file) known() bool { return f.head.sum != "" }

// open makes sure that the file can be read.
func (f *file) open() error {
	if f.handle == nil {
		if f.gone {
			return fmt.Errorf("open %s: %w", f.path, os.ErrNotExist)
		}
		h, err := os.OpenFile(f.path, os.O_RDONLY|openFlags, 0)
		if err != nil {
			return err
		}
		info, err := h.Stat()
		if err == nil && (!info.Mode().IsRegular() || inodeOf(info) != f.id) {
			err = errReplaced
		}
		if err != nil {
			return errors.Join(err, h.Close())
		}
		f.handle = h
		*f.opened++
	}
	if f.body != nil {
		return nil
	}
	body, err := contentOf(f.handle, f.path)
	if err != nil {
		return err
	}
	f.body = body
	return nil
}

// errReplaced is returned for a name that now belongs to another file than a
// moment ago.
var errReplaced = errors.New("it was replaced")

func (f *file) close() {
	if f.handle != nil {
		// Nothing was written through it.
		_ = f.handle.Close()
		*f.opened--
	}
	f.handle, f.body = nil, nil
}

// refresh notes what the file is like now.
func (f *file) refresh(size int64, mtime, now time.Time) {
	if size == f.size && mtime.Equal(f.mtime) {
		return
	}
	if size < f.size {
		// What was to be skipped is no more.
		f.skipSize = 0
	}
	f.size, f.mtime, f.changed = size, mtime, now
	f.looked, f.settled, f.copyOf = false, false, nil
	f.atEnd, f.torn, f.tornTold = false, false, false
}

// check finds out whether the file still has the content that is being read,
// and lets go of it if not. It reports false then.
func (f *file) check() (bool, error) {
	if f.looked {
		return true, nil
	}
	if !f.known() {
		f.body = nil
		if f.size < f.head.at {
			f.head.at = 0
		}
		if err := f.open(); err != nil {
			return true, err
		}
		f.looked = true
		return true, nil
	}
	if err := f.open(); err != nil {
		return true, err
	}
	_, compressed := f.body.(*zipped)
	if f.body != nil && !compressed {
		ok, err := f.head.holds(f.body)
		if err != nil {
			return true, err
		}
		if ok && (f.stream == nil || f.size >= f.at) {
			f.looked = true
			return true, nil
		}
	}
	was := f.head.sum
	f.body, f.head = nil, head{}
	if err := f.open(); err != nil {
		return true, err
	}
	if compressed && f.body != nil {
		// It grew, or was written anew: its beginning says whether it is the
		// same.
		if err := f.head.find(f.body, false); err == nil && f.head.sum == was {
			f.looked = true
			return true, nil
		}
		f.head = head{}
	}
	f.looked = true
	f.release()
	return false, nil
}

// release gives the stream back.
func (f *file) release() {
	if f.stream != nil && f.stream.holder == f {
		f.stream.holder = nil
	}
	f.stream, f.forkOf, f.copyOf = nil, nil, nil
	f.mismatched, f.settled = nil, false
	f.at = 0
}

// hold begins, or goes on, to read a content from the file.
func (f *file) hold(st *stream, maxLine int) {
	f.stream, st.holder = st, f
	f.forkOf, f.copyOf, f.doubted = nil, nil, time.Time{}
	st.id, st.place.name = f.id, f.name()
	st.finished, st.warned = false, false
	f.at, f.sum = st.offset, st.sum
	f.split = newSplitter(maxLine)
	f.want, f.atEnd, f.torn, f.tornTold = chunkSize, false, false, false
}

// behind returns how many bytes are there and not read yet. Of a compressed
// file it counts compressed ones.
func (f *file) behind() int64 {
	z, compressed := f.body.(*zipped)
	switch {
	case f.settled, f.known() && f.stream == nil && f.doubted.IsZero(), compressed && f.atEnd:
		return 0
	case compressed:
		return max(f.size-z.raw.n, 0)
	}
	return max(f.size-f.at, 0)
}

func (f *file) isPlain() bool {
	_, ok := f.body.(plain)
	return ok
}

// errOther says that the file is not the content that it was taken for.
var errOther = errors.New("the content is another")

// chunk reads what comes next. It returns it with up to tailMax bytes before
// it, how many these are, and whether the content ends there for now.
func (f *file) chunk() (b []byte, before int, end bool, err error) {
	before = int(min(f.at, tailMax))
	from := f.at - int64(before)
	size := before + f.want
	if f.isPlain() {
		// Nothing is gained by a buffer for more than is there.
		size = int(min(int64(size), max(f.size-from, int64(before))))
	}
	b = make([]byte, size)
	n, err := f.body.readAt(b, from)
	end = errors.Is(err, io.EOF) || f.isPlain() && from+int64(n) >= f.size
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil && !cut(err) {
		return nil, 0, false, err
	}
	if n < before || before > 0 && checksum(b[:before]) != f.sum {
		if err != nil {
			return nil, 0, false, err
		}
		return nil, 0, false, errOther
	}
	return b[:n], before, end, err
}

// items makes items of lines of a chunk. They share its memory, and their
// positions share that of one string.
func (f *file) items(lines []line, b []byte, before int) []event.Item {
	if len(lines) == 0 {
		return nil
	}
	suffix := f.stream.suffix()
	text := make([]byte, 0, len(lines)*(len(suffix)+20))
	ends := make([]int, len(lines))
	items := make([]event.Item, len(lines))
	from := f.at - int64(before)
	for i, l := range lines {
		end := before + l.next
		text = appendPosition(text, from+int64(end), checksum(b[:end]), suffix)
		ends[i] = len(text)
		items[i] = event.Item{
			Kind: event.KindAudit, Stream: f.stream.name, Skipped: l.skipped, Size: l.size,
			Place: event.Place{Source: sourceName, Name: f.path, Offset: l.offset},
		}
		switch {
		case l.skipped == "":
			items[i].Raw = b[before+l.start : before+l.end : before+l.end]
		case l.ends != nil:
			items[i].Raw, items[i].Tail = l.ends.head, l.ends.tail
		}
	}
	positions, start := string(text), 0
	for i, end := range ends {
		items[i].Position = event.Position(positions[start:end])
		start = end
	}
	return items
}

// advance notes that used bytes of a chunk are dealt with.
func (f *file) advance(lines []line, b []byte, before, used int) {
	from := f.at - int64(before)
	f.at += int64(used)
	f.sum = checksum(b[:before+used])
	switch {
	case f.split.within == "":
		f.stream.offset, f.stream.sum = f.at, f.sum
	case len(lines) > 0:
		end := before + lines[len(lines)-1].next
		f.stream.offset, f.stream.sum = from+int64(end), checksum(b[:end])
	}
}
