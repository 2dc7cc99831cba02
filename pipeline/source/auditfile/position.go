package auditfile

import (
	"errors"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// sourceName is the name in statuses and places, and the stream of the marker
// that says that a first start has been completed.
const sourceName = "audit_file"

// streamPrefix begins the names of all streams but the marker.
const streamPrefix = sourceName + "/"

// tailMax is how many bytes before an offset its checksum covers. Two files
// that begin with the same 1024 bytes and agree in these at the same offset
// have the same content up to there, as far as audit logs go.
const tailMax = 256

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the checksum of the last bytes of b.
func checksum(b []byte) uint32 {
	return crc32.Checksum(b[max(len(b)-tailMax, 0):], castagnoli)
}

// place is how far a content was read. Its text is the position that is stored:
//
//	offset:checksum:device:inode:flags:name
//
// The checksum is in base 16, all other numbers in base 10. The flag f says
// that the file was read to its end after a rotation.
type place struct {
	offset   int64
	sum      uint32
	id       inode
	finished bool
	// name is the file's, without its directory, for a person.
	name string
}

const flagFinished = "f"

// suffix returns the part of the position that is the same for all lines.
func (p *place) suffix() string {
	flags := ""
	if p.finished {
		flags = flagFinished
	}
	return strings.Join([]string{
		"", strconv.FormatUint(p.id.dev, 10), strconv.FormatUint(p.id.ino, 10), flags, p.name,
	}, ":")
}

func appendPosition(b []byte, offset int64, sum uint32, suffix string) []byte {
	b = strconv.AppendInt(b, offset, 10)
	b = append(b, ':')
	b = strconv.AppendUint(b, uint64(sum), 16)
	return append(b, suffix...)
}

func (p *place) position() event.Position {
	return event.Position(appendPosition(nil, p.offset, p.sum, p.suffix()))
}

var errPosition = errors.New("not a position of an audit file")

func parsePosition(s event.Position) (place, error) {
	parts := strings.SplitN(string(s), ":", 6)
	if len(parts) != 6 {
		return place{}, errPosition
	}
	offset, err1 := strconv.ParseInt(parts[0], 10, 64)
	sum, err2 := strconv.ParseUint(parts[1], 16, 32)
	dev, err3 := strconv.ParseUint(parts[2], 10, 64)
	ino, err4 := strconv.ParseUint(parts[3], 10, 64)
	if errors.Join(err1, err2, err3, err4) != nil || offset < 0 {
		return place{}, errPosition
	}
	return place{
		offset: offset, sum: uint32(sum), id: inode{dev, ino},
		finished: strings.Contains(parts[4], flagFinished), name: parts[5],
	}, nil
}

// stream is one content and how far it was read, by the last item yielded or,
// at first, by the last one committed.
type stream struct {
	name event.Stream
	head fingerprint
	place
	// holder is the file that the content is read from, nil if there is none.
	holder *file
	// lost is since when no file says this content; warned is set once that was
	// told.
	lost   time.Time
	warned bool
	// proven are the lengths of copies that were compared with the content
	// while it could be read, and the checksums of their ends.
	proven map[int64]uint32
}

// provenMax bounds what is remembered of copies of one content.
const provenMax = 16

func (st *stream) prove(length int64, sum uint32) {
	if len(st.proven) >= provenMax {
		clear(st.proven)
	}
	if st.proven == nil {
		st.proven = make(map[int64]uint32)
	}
	st.proven[length] = sum
}

// catalog is all streams that are known.
type catalog struct {
	byName map[event.Stream]*stream
	byHead map[fingerprint][]*stream
}

func newCatalog() *catalog {
	return &catalog{byName: make(map[event.Stream]*stream), byHead: make(map[fingerprint][]*stream)}
}

// add makes a stream for a content with the given head. Contents with the same
// head are told apart by a number.
func (c *catalog) add(head fingerprint) *stream {
	name := event.Stream(streamPrefix + string(head))
	for n := 2; c.byName[name] != nil; n++ {
		name = event.Stream(streamPrefix + string(head) + "." + strconv.Itoa(n))
	}
	return c.put(name, head, place{})
}

func (c *catalog) put(name event.Stream, head fingerprint, p place) *stream {
	st := &stream{name: name, head: head, place: p}
	c.byName[name] = st
	c.byHead[head] = append(c.byHead[head], st)
	return st
}

// load takes over a stored stream.
func (c *catalog) load(name event.Stream, position event.Position) error {
	p, err := parsePosition(position)
	if err != nil {
		return err
	}
	head, _, _ := strings.Cut(strings.TrimPrefix(string(name), streamPrefix), ".")
	c.put(name, fingerprint(head), p)
	return nil
}

func (c *catalog) remove(st *stream) {
	delete(c.byName, st.name)
	rest := c.byHead[st.head]
	for i, other := range rest {
		if other == st {
			rest = append(rest[:i:i], rest[i+1:]...)
			break
		}
	}
	if len(rest) == 0 {
		delete(c.byHead, st.head)
		return
	}
	c.byHead[st.head] = rest
}
