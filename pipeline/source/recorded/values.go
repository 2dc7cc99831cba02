package recorded

import (
	"bytes"

	"github.com/fluent-live/live-status/pipeline/event"
)

// values takes a text apart into JSON values, of lists their items. Only one value
// or item is in memory at a time.
type values struct {
	feed
	// within is set in an array, whose next element is the first while first is set.
	// member is set where that is a member of an object.
	within, first, member bool
	version, kind         string
}

func (v *values) consumed() int64 { return v.at + int64(v.pos) }

func (v *values) next() (piece, error) {
	for {
		p, found, err := v.step()
		switch {
		case err != nil:
			return v.lost(), nil
		case found:
			return p, nil
		case !v.within && v.ended():
			return piece{}, v.err
		}
	}
}

// ended reports whether nothing but white space follows.
func (v *values) ended() bool {
	_, ok := v.space()
	return !ok
}

// step takes a part of the text. It reports whether that was a value or an item.
func (v *values) step() (p piece, found bool, err error) {
	if !v.within {
		return v.top()
	}
	ok, err := v.element(v.first)
	if err != nil {
		return piece{}, false, err
	}
	v.first = false
	if ok {
		v.keep()
		if err := v.value(); err != nil {
			return piece{}, false, err
		}
		p = v.taken(v.pos)
		p.list = itemsOf(v.version, v.kind)
		return p, true, nil
	}
	v.within = false
	if v.member {
		// The rest of the list.
		return piece{}, false, v.rest()
	}
	return piece{}, false, nil
}

// rest moves behind the object that pos is in, behind one of its values.
func (v *values) rest() error {
	for {
		_, ok, err := v.feed.member(false)
		if err != nil || !ok {
			return err
		}
		if err := v.value(); err != nil {
			return err
		}
	}
}

// top takes a value by itself, or the beginning of a list.
func (v *values) top() (p piece, found bool, err error) {
	c, ok := v.space()
	if !ok {
		return piece{}, false, nil
	}
	v.version, v.kind = "", ""
	switch c {
	case '[':
		v.pos++
		v.within, v.first, v.member = true, true, false
		return piece{}, false, nil
	case '{':
		v.keep()
		return v.object()
	default:
		v.keep()
		return piece{}, false, errShape
	}
}

// object takes an object, or of a list the beginning.
func (v *values) object() (p piece, found bool, err error) {
	v.pos++
	for first := true; ; first = false {
		name, ok, err := v.feed.member(first)
		if err != nil {
			return piece{}, false, err
		}
		if !ok {
			return v.taken(v.pos), true, nil
		}
		switch string(name) {
		case keyKind, keyVersion:
			to := &v.kind
			if name[0] == keyVersion[0] {
				to = &v.version
			}
			var text []byte
			if text, err = v.text(); err == nil {
				*to = string(text)
			}
		case keyItems:
			if v.buf[v.pos] == '[' && mayBeList(v.kind) {
				v.drop()
				v.pos++
				v.within, v.first, v.member = true, true, true
				return piece{}, false, nil
			}
			err = v.value()
		default:
			err = v.value()
		}
		if err != nil {
			return piece{}, false, err
		}
	}
}

// lost passes over what is no JSON, up to the next line that begins with a brace or
// a bracket: there begins a value, whether they are printed or one a line.
func (v *values) lost() piece {
	if v.mark < 0 {
		v.keep()
	}
	v.within = false
	// Where pos is may be such a line already, and must be passed.
	for {
		end := bytes.IndexByte(v.buf[v.pos:], '\n')
		if end >= 0 {
			v.pos += end + 1
			if v.pos == len(v.buf) && !v.more() {
				break
			}
			if c := v.buf[v.pos]; c == '{' || c == '[' {
				break
			}
			continue
		}
		v.pos = len(v.buf)
		if !v.more() {
			break
		}
	}
	p := v.taken(v.pos)
	// Nobody knows what it is: not to be taken for something that is only too long.
	return piece{offset: p.offset, size: p.size, skipped: event.RejectNotJSON}
}
