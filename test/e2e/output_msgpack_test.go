package e2e

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// errMsgpack says that something is no msgpack of those kinds that are expected here.
var errMsgpack = errors.New("not the msgpack that was expected")

// readMsgpack reads a value: nil, bool, int64, float64, string, []byte (of binary data
// and extensions), []any or map[string]any.
func readMsgpack(r *bufio.Reader) (any, error) {
	c, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	switch {
	case c <= 0x7f:
		return int64(c), nil
	case c <= 0x8f:
		return readPairs(r, int(c&0x0f))
	case c <= 0x9f:
		return readArray(r, int(c&0x0f))
	case c <= 0xbf:
		s, err := readBytes(r, int(c&0x1f))
		return string(s), err
	case c >= 0xe0:
		return int64(int8(c)), nil
	}
	switch c {
	case 0xc0:
		return nil, nil
	case 0xc2, 0xc3:
		return c == 0xc3, nil
	case 0xc4, 0xc5, 0xc6:
		return readLong(r, 1<<(c-0xc4), 0)
	case 0xc7, 0xc8, 0xc9:
		return readLong(r, 1<<(c-0xc7), 1)
	case 0xca:
		n, err := readNumber(r, 4)
		return float64(math.Float32frombits(uint32(n))), err
	case 0xcb:
		n, err := readNumber(r, 8)
		return math.Float64frombits(n), err
	case 0xcc, 0xcd, 0xce, 0xcf:
		n, err := readNumber(r, 1<<(c-0xcc))
		return int64(n), err
	case 0xd0, 0xd1, 0xd2, 0xd3:
		width := 1 << (c - 0xd0)
		n, err := readNumber(r, width)
		shift := 64 - 8*width
		return int64(n) << shift >> shift, err
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return readBytes(r, 1+1<<(c-0xd4))
	case 0xd9, 0xda, 0xdb:
		b, err := readLong(r, 1<<(c-0xd9), 0)
		return string(b), err
	case 0xdc, 0xdd:
		n, err := readNumber(r, 2<<(c-0xdc))
		if err != nil {
			return nil, err
		}
		return readArray(r, int(n))
	case 0xde, 0xdf:
		n, err := readNumber(r, 2<<(c-0xde))
		if err != nil {
			return nil, err
		}
		return readPairs(r, int(n))
	}
	return nil, errMsgpack
}

// readLong reads bytes whose number stands in width bytes before them, and more.
func readLong(r *bufio.Reader, width, more int) ([]byte, error) {
	n, err := readNumber(r, width)
	if err != nil {
		return nil, err
	}
	return readBytes(r, int(n)+more)
}

func readNumber(r *bufio.Reader, width int) (uint64, error) {
	var b [8]byte
	_, err := io.ReadFull(r, b[8-width:])
	return binary.BigEndian.Uint64(b[:]), err
}

// mostBytes bounds lengths.
const mostBytes = 64 << 20

func readBytes(r *bufio.Reader, n int) ([]byte, error) {
	if n > mostBytes {
		return nil, errMsgpack
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

func readArray(r *bufio.Reader, n int) ([]any, error) {
	var out []any
	for range n {
		v, err := readMsgpack(r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func readPairs(r *bufio.Reader, n int) (map[string]any, error) {
	out := map[string]any{}
	for range n {
		k, err := readMsgpack(r)
		if err != nil {
			return nil, err
		}
		v, err := readMsgpack(r)
		if err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			return nil, errMsgpack
		}
		out[name] = v
	}
	return out, nil
}
