package deployment

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"

	"github.com/go-faster/jx"
)

// maxPayload is how large a release may be when decompressed. Helm's own are
// at most 1 MB as they are stored, and compress about tenfold; what compresses a
// thousandfold is made for that.
const maxPayload = 32 << 20

var errTooLarge = errors.New("payload too large")

// box is the part of a Secret or ConfigMap that a release is stored in.
type box struct {
	// kind is the type of a Secret.
	kind string
	// release is what data.release says, as part of the object's bytes.
	release []byte
}

func openBox(raw []byte) (b box, err error) {
	d := jx.DecodeBytes(raw)
	err = topObject(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "type":
			return text(d, &b.kind, maxText)
		case "data":
			return object(d, func(d *jx.Decoder, key []byte) error {
				if string(key) != "release" || d.Next() != jx.String {
					return d.Skip()
				}
				b.release, err = d.StrBytes()
				return err
			})
		default:
			return d.Skip()
		}
	})
	return b, err
}

// decodeRelease reads a release as Helm stores it: JSON, compressed unless it
// is very old, in base64; a Secret's data is in base64 once more. The JSON is
// never in memory as a whole.
func decodeRelease(data []byte, secret bool, at stored) (helmRelease, *claims, error) {
	var rel helmRelease
	found := &claims{}
	r := base64.NewDecoder(base64.StdEncoding, bytes.NewReader(data))
	if secret {
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	br := bufio.NewReaderSize(r, 16<<10)
	if magic, err := br.Peek(3); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b, 0x08}) {
		z, err := gzip.NewReader(br)
		if err != nil {
			return rel, nil, err
		}
		// A reader needs no closing but for its own checks, which are over what
		// nobody reads.
		r = z
	} else {
		r = br
	}
	limited := &limit{r: r, left: maxPayload}
	d := jx.Decode(limited, 32<<10)
	if d.Next() != jx.Object {
		return rel, nil, limited.or(errors.New("no object"))
	}
	err := rel.decode(d, at, found)
	return rel, found, limited.or(err)
}

// limit reads up to a limit and fails beyond.
type limit struct {
	r        io.Reader
	left     int
	exceeded bool
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		l.exceeded = true
		return 0, errTooLarge
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// or returns errTooLarge if that is why reading failed, however it was wrapped.
func (l *limit) or(err error) error {
	if err != nil && l.exceeded {
		return errTooLarge
	}
	return err
}
