package fluentbit

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// deepest is how deep the maps and arrays of an object may be nested. The API
// server takes no deeper custom resources than some hundred levels.
const deepest = 512

// spill is by how much an item may exceed what is kept of it before its middle is
// dropped.
const spill = 64 << 10

// errNoJSON says that JSON has nothing like it: a map whose key is neither a
// string nor a whole number, or nesting without end.
var errNoJSON = errors.New("an object that JSON cannot express")

// The names of the times that a parser of Fluent Bit may take out of an audit
// event, to make them the log event's.
const (
	keyReceived = "requestReceivedTimestamp"
	keyStage    = "stageTimestamp"
)

// lost says which of its two times an audit event lacks, and what it was.
type lost struct {
	received, stage bool
	time            time.Time
}

// transcoder appends msgpack to a buffer as JSON, keys in the order that they
// came in.
type transcoder struct {
	unpacker
	buf []byte
	// from is where the object begins in buf.
	from int
	keep keep
	// most is how many bytes of the object buf may hold, and dropped how many were
	// taken out behind the first keep.head of them.
	most    int
	dropped int64
}

// keep says how much is kept of an object: all of it up to whole bytes, else that
// much of its head and its tail.
type keep struct{ whole, head, tail int }

// object appends the map that begins at pos. It returns how many bytes that were,
// dropped ones included.
func (t *transcoder) object(pos int, what lost) (size int64, err error) {
	t.pos, t.from, t.dropped = pos, len(t.buf), 0
	t.most = t.keep.whole + spill
	v, err := t.next()
	if err != nil {
		return 0, err
	}
	if err := t.top(v.n, what); err != nil {
		return 0, err
	}
	return int64(len(t.buf)-t.from) + t.dropped, nil
}

// top writes the pairs of the object itself, and the time that it lacks where
// the API server writes them: received before stage, behind all bodies.
func (t *transcoder) top(n int, what lost) error {
	t.buf = append(t.buf, '{')
	for i := range n {
		if i > 0 {
			t.buf = append(t.buf, ',')
		}
		name, err := t.key()
		if err != nil {
			return err
		}
		if what.received && string(name) == keyStage {
			t.buf = t.buf[:len(t.buf)-len(keyStage)-len(`"":`)]
			t.time(keyReceived, what.time)
			t.buf = append(t.buf, `,"`+keyStage+`":`...)
		}
		if err := t.value(1); err != nil {
			return err
		}
		if what.stage && string(name) == keyReceived {
			t.buf = append(t.buf, ',')
			t.time(keyStage, what.time)
		}
	}
	t.buf = append(t.buf, '}')
	return nil
}

// time writes a time as audit.k8s.io/v1 does, in microseconds. Fluent Bit has
// computed the fraction, and not always rounded it.
func (t *transcoder) time(key string, at time.Time) {
	t.buf = append(append(append(t.buf, '"'), key...), `":"`...)
	t.buf = at.Round(time.Microsecond).AppendFormat(t.buf, "2006-01-02T15:04:05.000000Z")
	t.buf = append(t.buf, '"')
}

// key writes a key and the colon, and returns it if it is a string.
func (t *transcoder) key() ([]byte, error) {
	v, err := t.next()
	if err != nil {
		return nil, err
	}
	var name []byte
	switch v.form {
	case formStr, formBin:
		name = t.payload(v)
		t.text(name)
	case formUint:
		t.buf = append(strconv.AppendUint(append(t.buf, '"'), v.bits, 10), '"')
	case formInt:
		t.buf = append(strconv.AppendInt(append(t.buf, '"'), int64(v.bits), 10), '"')
	default:
		return nil, errNoJSON
	}
	t.buf = append(t.buf, ':')
	return name, nil
}

// value writes the value that begins here, which stands in depth maps and arrays.
func (t *transcoder) value(depth int) error {
	v, err := t.next()
	if err != nil {
		return err
	}
	if err := t.write(v, depth); err != nil {
		return err
	}
	if len(t.buf)-t.from > t.most {
		t.drop()
	}
	return nil
}

func (t *transcoder) write(v value, depth int) error {
	switch v.form {
	case formStr, formBin:
		t.text(t.payload(v))
	case formMap:
		return t.pairs(v.n, depth)
	case formArray:
		return t.elements(v.n, depth)
	case formNil:
		t.buf = append(t.buf, "null"...)
	case formFalse:
		t.buf = append(t.buf, "false"...)
	case formTrue:
		t.buf = append(t.buf, "true"...)
	case formUint:
		t.buf = strconv.AppendUint(t.buf, v.bits, 10)
	case formInt:
		t.buf = strconv.AppendInt(t.buf, int64(v.bits), 10)
	case formFloat32:
		t.float(float64(math.Float32frombits(uint32(v.bits))), 32)
	case formFloat64:
		t.float(math.Float64frombits(v.bits), 64)
	case formExt:
		// Nothing that comes from JSON has one.
		t.pos += v.n
		t.buf = append(t.buf, "null"...)
	}
	return nil
}

func (t *transcoder) pairs(n, depth int) error {
	if depth >= deepest {
		return errNoJSON
	}
	t.buf = append(t.buf, '{')
	for i := range n {
		if i > 0 {
			t.buf = append(t.buf, ',')
		}
		if _, err := t.key(); err != nil {
			return err
		}
		if err := t.value(depth + 1); err != nil {
			return err
		}
	}
	t.buf = append(t.buf, '}')
	return nil
}

func (t *transcoder) elements(n, depth int) error {
	if depth >= deepest {
		return errNoJSON
	}
	t.buf = append(t.buf, '[')
	for i := range n {
		if i > 0 {
			t.buf = append(t.buf, ',')
		}
		if err := t.value(depth + 1); err != nil {
			return err
		}
	}
	t.buf = append(t.buf, ']')
	return nil
}

// text writes a string. A long one is written piece by piece: each of its bytes
// may become six.
func (t *transcoder) text(s []byte) {
	if len(s) <= spill {
		t.buf = append(appendEscaped(append(t.buf, '"'), s), '"')
		return
	}
	t.buf = append(t.buf, '"')
	for len(s) > spill {
		n := piece(s, spill)
		t.buf = appendEscaped(t.buf, s[:n])
		s = s[n:]
		if len(t.buf)-t.from > t.most {
			t.drop()
		}
	}
	t.buf = appendEscaped(t.buf, s)
	t.buf = append(t.buf, '"')
}

// float writes a number, with an exponent only where it would be long without.
// JSON has no other numbers than finite ones.
func (t *transcoder) float(f float64, bits int) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		t.buf = append(t.buf, "null"...)
		return
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	t.buf = strconv.AppendFloat(t.buf, f, format, -1, bits)
}

// drop takes out the middle of an object that is too large to be kept whole.
func (t *transcoder) drop() {
	head := t.from + t.keep.head
	tail := len(t.buf) - t.keep.tail
	t.most = t.keep.head + 2*t.keep.tail + spill
	if tail <= head {
		return
	}
	t.dropped += int64(tail - head)
	t.buf = append(t.buf[:head], t.buf[tail:]...)
}
