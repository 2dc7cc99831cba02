package emit

import (
	"errors"
	"fmt"
	"io"

	"github.com/tinylib/msgp/msgp"
)

// errNotForward is returned for what is no answer of the forward protocol.
var errNotForward = errors.New("the server answers something that is not of the forward protocol")

// acknowledged reads the answer to a message, and returns nil if it acknowledges
// the one with this id.
func (f *forward) acknowledged(id string) error {
	answer, err := readMessage(f.conn, maxAck)
	if err != nil {
		return fmt.Errorf("read acknowledgement: %w", err)
	}
	if msgp.NextType(answer) == msgp.ArrayType {
		if word, _ := firstWord(answer); word == "HELO" {
			return errors.New("the server demands a shared key: set forward_shared_key_file")
		}
	}
	n, rest, err := msgp.ReadMapHeaderBytes(answer)
	if err != nil {
		return errNotForward
	}
	for range n {
		var key, value []byte
		if key, rest, err = msgp.ReadStringZC(rest); err != nil {
			return errNotForward
		}
		if string(key) != "ack" {
			if rest, err = msgp.Skip(rest); err != nil {
				return errNotForward
			}
			continue
		}
		if value, _, err = msgp.ReadStringZC(rest); err != nil {
			return errNotForward
		}
		if string(value) != id {
			return errors.New("the server acknowledges another message than the one that was sent")
		}
		return nil
	}
	return errNotForward
}

// readMessage reads one msgpack value of at most limit bytes, after which nothing
// may come.
func readMessage(r io.Reader, limit int) ([]byte, error) {
	buf := make([]byte, 0, limit)
	for len(buf) < limit {
		n, err := r.Read(buf[len(buf):limit])
		buf = buf[:len(buf)+n]
		if n > 0 {
			rest, skip := msgp.Skip(buf)
			switch {
			case skip == nil && len(rest) > 0:
				return nil, errNotForward
			case skip == nil:
				return buf, nil
			case !errors.Is(skip, msgp.ErrShortBytes):
				return nil, errNotForward
			}
		}
		if errors.Is(err, io.EOF) {
			return nil, errHungUp
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the server answers more than %d bytes", limit)
}

// firstWord returns the string that an array begins with, and what comes after it.
func firstWord(b []byte) (word string, rest []byte) {
	n, rest, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil || n == 0 {
		return "", nil
	}
	text, rest, err := msgp.ReadStringZC(rest)
	if err != nil {
		return "", nil
	}
	return string(text), rest
}
