package secrets

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
)

// errNotSecret says that an object is not what a Secret looks like. Errors of
// decoders are not passed on: they may quote.
var errNotSecret = errors.New("not a Secret")

// decoder decodes Secrets into memory that it reuses.
type decoder struct {
	// values holds what the data of the last Secret decoded to.
	values []byte
}

// secret is a decoded Secret.
type secret struct {
	key        Key
	version    event.ResourceVersion
	secretType string
	data       map[string][]byte
}

// decode decodes a Secret. Its data is valid until wipe is called. An object in
// which a member that matters comes twice is refused: which one another reader
// would take is anybody's guess.
func (d *decoder) decode(raw []byte) (secret, error) {
	if !utf8.Valid(raw) {
		return secret{}, errNotSecret
	}
	if size := base64.StdEncoding.DecodedLen(len(raw)); cap(d.values) < size {
		d.values = make([]byte, 0, size)
	}
	d.values = d.values[:0]
	var s secret
	seen := map[string]bool{}
	from := jx.DecodeBytes(raw)
	err := from.Obj(func(j *jx.Decoder, name string) error {
		switch name {
		case "metadata", "type", "data":
			if seen[name] {
				return errNotSecret
			}
			seen[name] = true
		}
		var err error
		switch name {
		case "metadata":
			s.key, s.version, err = metadata(j)
			return err
		case "type":
			s.secretType, err = j.Str()
			return err
		case "data":
			s.data, err = d.data(j)
			return err
		default:
			return j.Skip()
		}
	})
	if err != nil || !s.key.valid() {
		return secret{}, errNotSecret
	}
	return s, nil
}

// data decodes the values of a Secret.
func (d *decoder) data(j *jx.Decoder) (map[string][]byte, error) {
	if j.Next() == jx.Null {
		return nil, j.Null()
	}
	data := map[string][]byte{}
	err := j.Obj(func(j *jx.Decoder, name string) error {
		if _, twice := data[name]; twice {
			return errNotSecret
		}
		if j.Next() == jx.Null {
			data[name] = nil
			return j.Null()
		}
		encoded, err := j.StrBytes()
		if err != nil {
			return err
		}
		begin := len(d.values)
		d.values, err = base64.StdEncoding.AppendDecode(d.values, encoded)
		data[name] = d.values[begin:len(d.values):len(d.values)]
		return err
	})
	return data, err
}

// keepAtMost is how much memory is kept from one Secret to the next.
const keepAtMost = 64 << 10

// wipe overwrites what was decoded last.
func (d *decoder) wipe() {
	clear(d.values[:cap(d.values)])
	if cap(d.values) > keepAtMost {
		d.values = nil
	}
}

// metadata reads what of a Secret's metadata matters.
func metadata(j *jx.Decoder) (key Key, version event.ResourceVersion, err error) {
	seen := map[string]bool{}
	err = j.Obj(func(j *jx.Decoder, name string) error {
		switch name {
		case "name", "namespace", "resourceVersion":
		default:
			return j.Skip()
		}
		if seen[name] {
			return errNotSecret
		}
		seen[name] = true
		text, err := j.Str()
		switch name {
		case "name":
			key.Name = text
		case "namespace":
			key.Namespace = event.Namespace(text)
		default:
			version = event.ResourceVersion(text)
		}
		return err
	})
	return key, version, err
}

func (k Key) valid() bool { return isName(k.Name) && isName(string(k.Namespace)) }

// identify finds the key of a Secret that is cut off or broken. The API server
// writes the metadata before the data.
func identify(raw []byte) (Key, bool) {
	var key Key
	found := errors.New("found")
	err := jx.DecodeBytes(raw).Obj(func(j *jx.Decoder, name string) (err error) {
		if name != "metadata" {
			return j.Skip()
		}
		if key, _, err = metadata(j); err != nil {
			return err
		}
		return found
	})
	return key, errors.Is(err, found) && key.valid()
}
