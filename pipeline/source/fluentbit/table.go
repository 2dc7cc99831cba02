package fluentbit

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"hash/maphash"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	// remembered bounds how many chunks are remembered that were finished while
	// nobody waited, and rememberedFor how long: by default Fluent Bit comes again
	// within 2,000 s (scheduler.cap). What is forgotten is taken apart once more, and
	// the dedup stage drops it.
	remembered    = 4096
	rememberedFor = time.Hour
)

// digest identifies a chunk whose bytes are not kept.
type digest [sha256.Size]byte

// chunk is one chunk under way, or finished.
type chunk struct {
	receipt event.Receipt
	tag     string
	key     key
	// data is nil once the chunk is finished. Its bytes are never changed.
	data []byte
	cost int64
	// fault is why part of it will never be delivered, known before the last item is
	// yielded.
	fault error

	// waiters is how many calls of Flush wait for done, which is closed once result
	// and err are set.
	waiters int
	done    chan struct{}
	result  Result
	err     error

	// digest is that of data, set and digested with it once a call of Flush has given
	// up waiting: the host will come again.
	digest   digest
	digested bool

	// finished is when, and remembered the place in the table's list of those.
	finished   time.Time
	remembered *list.Element
}

// key is what chunks are looked up by. Two that share it are told apart by their
// bytes as long as these are kept, and by a SHA-256 of them afterwards: taken for
// one another, one would be lost. Computing that takes as long as taking the chunk
// apart, so it is computed only for chunks that the host has to come again for.
type key struct {
	hash uint64
	size int
}

// table holds the chunks under way and those remembered.
type table struct {
	seed   maphash.Seed
	chunks map[key][]*chunk
	// finished are the chunks remembered, the oldest first.
	finished *list.List
}

func newTable() table {
	return table{seed: maphash.MakeSeed(), chunks: make(map[key][]*chunk), finished: list.New()}
}

func (t *table) key(data []byte) key {
	return key{maphash.Bytes(t.seed, data), len(data)}
}

// find returns the chunk that consists of data. It needs the digest of data if it
// says so.
func (t *table) find(k key, tag string, data []byte, d *digest) (c *chunk, needsDigest bool) {
	for _, c := range t.chunks[k] {
		switch {
		case c.tag != tag:
		case c.data != nil:
			if bytes.Equal(c.data, data) {
				return c, false
			}
		case d == nil:
			needsDigest = true
		case c.digest == *d:
			return c, false
		}
	}
	return nil, needsDigest
}

func (t *table) add(c *chunk) { t.chunks[c.key] = append(t.chunks[c.key], c) }

func (t *table) remove(c *chunk) {
	if c.remembered != nil {
		t.finished.Remove(c.remembered)
		c.remembered = nil
	}
	same := t.chunks[c.key]
	for i := range same {
		if same[i] == c {
			same[i] = same[len(same)-1]
			same = same[:len(same)-1]
			break
		}
	}
	if len(same) == 0 {
		delete(t.chunks, c.key)
		return
	}
	t.chunks[c.key] = same
}

// remember keeps the result of a chunk for when the host comes again.
func (t *table) remember(c *chunk, now time.Time) {
	c.finished = now
	c.remembered = t.finished.PushBack(c)
	t.forget(now)
}

// forget lets go of what is remembered for too long.
func (t *table) forget(now time.Time) {
	for e := t.finished.Front(); e != nil; e = t.finished.Front() {
		c, _ := e.Value.(*chunk)
		if t.finished.Len() <= remembered && now.Sub(c.finished) < rememberedFor {
			return
		}
		t.remove(c)
	}
}
