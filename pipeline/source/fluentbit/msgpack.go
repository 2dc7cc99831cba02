package fluentbit

import (
	"encoding/binary"
	"errors"
)

// What keeps bytes from being msgpack.
var (
	errCut      = errors.New("a value is cut off")
	errReserved = errors.New("a byte that msgpack does not use")
)

// form is what a msgpack value is.
type form uint8

const (
	formNil form = iota
	formFalse
	formTrue
	formInt
	formUint
	formFloat32
	formFloat64
	formStr
	formBin
	formExt
	formArray
	formMap
)

// value is how a msgpack value begins.
type value struct {
	form form
	// ext is the type of an extension.
	ext int8
	// n is the number of bytes of a string, of binary data or of an extension, of
	// elements of an array or of pairs of a map.
	n int
	// bits are those of a number.
	bits uint64
}

// unpacker reads msgpack. Its methods check each length against what is left.
type unpacker struct {
	data []byte
	pos  int
}

// next reads how a value begins, and moves behind that: to the bytes of a
// string, or to the first element.
func (u *unpacker) next() (value, error) {
	if u.pos >= len(u.data) {
		return value{}, errCut
	}
	c := u.data[u.pos]
	u.pos++
	switch {
	case c <= 0x7f:
		return value{form: formUint, bits: uint64(c)}, nil
	case c <= 0x8f:
		return u.sized(formMap, uint64(c&0x0f))
	case c <= 0x9f:
		return u.sized(formArray, uint64(c&0x0f))
	case c <= 0xbf:
		return u.sized(formStr, uint64(c&0x1f))
	case c >= 0xe0:
		return value{form: formInt, bits: uint64(int64(int8(c)))}, nil
	}
	switch c {
	case 0xc0:
		return value{form: formNil}, nil
	case 0xc2:
		return value{form: formFalse}, nil
	case 0xc3:
		return value{form: formTrue}, nil
	case 0xc4, 0xc5, 0xc6:
		return u.long(formBin, 1<<(c-0xc4))
	case 0xc7, 0xc8, 0xc9:
		return u.extension(1<<(c-0xc7), 0)
	case 0xca:
		return u.number(formFloat32, 4)
	case 0xcb:
		return u.number(formFloat64, 8)
	case 0xcc, 0xcd, 0xce, 0xcf:
		return u.number(formUint, 1<<(c-0xcc))
	case 0xd0, 0xd1, 0xd2, 0xd3:
		return u.signed(1 << (c - 0xd0))
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return u.extension(0, 1<<(c-0xd4))
	case 0xd9, 0xda, 0xdb:
		return u.long(formStr, 1<<(c-0xd9))
	case 0xdc, 0xdd:
		return u.long(formArray, 2<<(c-0xdc))
	case 0xde, 0xdf:
		return u.long(formMap, 2<<(c-0xde))
	}
	u.pos--
	return value{}, errReserved
}

// big reads a big-endian number of width bytes.
func (u *unpacker) big(width int) (uint64, error) {
	if len(u.data)-u.pos < width {
		return 0, errCut
	}
	b := u.data[u.pos:]
	u.pos += width
	switch width {
	case 1:
		return uint64(b[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(b)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(b)), nil
	}
	return binary.BigEndian.Uint64(b), nil
}

func (u *unpacker) number(f form, width int) (value, error) {
	bits, err := u.big(width)
	return value{form: f, bits: bits}, err
}

func (u *unpacker) signed(width int) (value, error) {
	bits, err := u.big(width)
	shift := 64 - 8*width
	n := int64(bits<<shift) >> shift
	if n >= 0 {
		return value{form: formUint, bits: uint64(n)}, err
	}
	return value{form: formInt, bits: uint64(n)}, err
}

// long reads the length of a value, which width bytes tell.
func (u *unpacker) long(f form, width int) (value, error) {
	n, err := u.big(width)
	if err != nil {
		return value{}, err
	}
	return u.sized(f, n)
}

// sized checks that n bytes, elements or pairs may follow: each takes a byte at
// least.
func (u *unpacker) sized(f form, n uint64) (value, error) {
	least := n
	if f == formMap {
		least = 2 * n
	}
	if least > uint64(len(u.data)-u.pos) {
		return value{}, errCut
	}
	return value{form: f, n: int(n)}, nil
}

// extension reads the type of an extension, and before it the length where width
// is not zero.
func (u *unpacker) extension(width, n int) (value, error) {
	size := uint64(n)
	if width > 0 {
		var err error
		if size, err = u.big(width); err != nil {
			return value{}, err
		}
	}
	kind, err := u.big(1)
	if err != nil {
		return value{}, err
	}
	v, err := u.sized(formExt, size)
	v.ext = int8(kind)
	return v, err
}

// payload returns the bytes of a string, of binary data or of an extension that
// began with v, and moves behind them.
func (u *unpacker) payload(v value) []byte {
	b := u.data[u.pos : u.pos+v.n : u.pos+v.n]
	u.pos += v.n
	return b
}

// skip moves behind the value that begins here. It does not recurse, however
// deep the value is nested.
func (u *unpacker) skip() error { return u.values(1) }

// rest moves behind the value that began with v.
func (u *unpacker) rest(v value) error {
	left := 0
	if err := u.pass(v, &left); err != nil {
		return err
	}
	return u.values(left)
}

// values moves behind so many values.
func (u *unpacker) values(left int) error {
	for ; left > 0; left-- {
		// Short strings and small numbers are most of what there is.
		if u.pos < len(u.data) {
			switch c := u.data[u.pos]; {
			case c >= 0xa0 && c <= 0xbf:
				if n := int(c & 0x1f); n < len(u.data)-u.pos {
					u.pos += 1 + n
					continue
				}
			case c <= 0x7f:
				u.pos++
				continue
			}
		}
		v, err := u.next()
		if err != nil {
			return err
		}
		if err := u.pass(v, &left); err != nil {
			return err
		}
	}
	return nil
}

// pass moves behind the bytes of v, or adds to left how many values it consists
// of.
func (u *unpacker) pass(v value, left *int) error {
	switch v.form {
	case formStr, formBin, formExt:
		u.pos += v.n
	case formArray:
		*left += v.n
	case formMap:
		*left += 2 * v.n
	default:
		return nil
	}
	if *left > len(u.data)-u.pos+1 {
		return errCut
	}
	return nil
}
