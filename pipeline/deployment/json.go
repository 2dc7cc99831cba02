package deployment

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// Bounds of texts, in bytes. Longer ones are cut.
const (
	maxMessage = 256 << 10
	maxText    = 512
)

// The functions below take what has the type asked for and pass over what has
// another: a field that is not understood is one that is not there.

// object calls field with each key, which is valid until field reads. It must
// read the value or skip it.
func object(d *jx.Decoder, field func(d *jx.Decoder, key []byte) error) error {
	if d.Next() != jx.Object {
		return d.Skip()
	}
	return d.ObjBytes(field)
}

func array(d *jx.Decoder, element func(d *jx.Decoder) error) error {
	if d.Next() != jx.Array {
		return d.Skip()
	}
	return d.Arr(element)
}

// text reads a string of at most most bytes into s.
func text(d *jx.Decoder, s *string, most int) error {
	if d.Next() != jx.String {
		return d.Skip()
	}
	b, err := d.StrBytes()
	if err != nil {
		return err
	}
	*s = clip(b, most)
	return nil
}

// texts reads strings, at most 20 of them.
func texts(d *jx.Decoder, s *[]string) error {
	const most = 20
	return array(d, func(d *jx.Decoder) error {
		var one string
		if err := text(d, &one, maxText); err != nil {
			return err
		}
		if len(*s) < most {
			*s = append(*s, one)
		}
		return nil
	})
}

func number(d *jx.Decoder, n *int64) error {
	if d.Next() != jx.Number {
		return d.Skip()
	}
	num, err := d.Num()
	if err != nil {
		return err
	}
	if v, err := num.Int64(); err == nil {
		*n = v
	}
	return nil
}

func boolean(d *jx.Decoder, b *bool) error {
	if d.Next() != jx.Bool {
		return d.Skip()
	}
	v, err := d.Bool()
	*b = v
	return err
}

// instant reads an RFC 3339 time.
func instant(d *jx.Decoder, t *time.Time) error {
	var s string
	if err := text(d, &s, 64); err != nil {
		return err
	}
	// The zero time is written by clients that mean none.
	if v, err := time.Parse(time.RFC3339Nano, s); err == nil && v.Year() > 1 {
		*t = v.UTC()
	}
	return nil
}

// clip returns b as valid UTF-8, cut to most bytes.
func clip(b []byte, most int) string {
	if len(b) > most {
		b = b[:most]
		// A rune that was cut in two goes as a whole.
		for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
			if utf8.RuneStart(b[len(b)-i]) {
				if !utf8.FullRune(b[len(b)-i:]) {
					b = b[:len(b)-i]
				}
				break
			}
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// topObject is object for what must be one.
func topObject(d *jx.Decoder, field func(d *jx.Decoder, key []byte) error) error {
	if d.Next() != jx.Object {
		return errors.New("no object")
	}
	return d.ObjBytes(field)
}
