package host_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// decoder is a running testdata/driver.c.
type decoder struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
}

func newDecoder(t testing.TB) *decoder {
	t.Helper()
	//nolint:usetesting // the test's context ends before the driver is told to stop, which is when it looks for leaks
	d := &decoder{cmd: exec.CommandContext(context.Background(), tools.driver, filepath.Join(t.TempDir(), "frame.yaml"))}
	d.cmd.Stderr = os.Stderr
	var err error
	if d.stdin, err = d.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if d.stdout, err = d.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return d
}

// stop ends the driver, which fails if a sanitizer found a leak.
func (d *decoder) stop(t testing.TB) {
	t.Helper()
	if err := d.stdin.Close(); err != nil {
		t.Error(err)
	}
	if err := d.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func (d *decoder) decode(t testing.TB, kind byte, data []byte) string {
	t.Helper()
	frame := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(data)))
	if _, err := d.stdin.Write(append(frame, data...)); err != nil {
		t.Fatal(err)
	}
	var head [4]byte
	if _, err := io.ReadFull(d.stdout, head[:]); err != nil {
		t.Fatal("the decoder died: ", err)
	}
	answer := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(d.stdout, answer); err != nil {
		t.Fatal("the decoder died: ", err)
	}
	return string(answer)
}

// drive decodes one frame.
func drive(t *testing.T, kind byte, data []byte) string {
	t.Helper()
	d := newDecoder(t)
	defer d.stop(t)
	return d.decode(t, kind, data)
}

// FuzzRecords: whatever the bytes, each line printed is valid JSON in valid
// UTF-8, and an error names a byte of the data or its end.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(event("\x80")))
	f.Add([]byte(valued([]byte("\x94\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00\xa3\xe2\x82\xff\xc4\x01\x00\xd4\x85\x41"))))
	f.Add([]byte("\x92\x05\x81\xc3\x91\x91\x80" + event("\x81\xa1")))
	f.Add([]byte("\x92\xca\x3f\x80\x00\x00\xde\x00\x01\xd9\x01\x22\xd3\x80\x00\x00\x00\x00\x00\x00\x00"))
	d := newDecoder(f)
	f.Cleanup(func() { d.stop(f) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		for _, kind := range []byte("mt") {
			answer := d.decode(t, kind, data)
			if !utf8.ValidString(answer) {
				t.Fatalf("%q is not UTF-8", answer)
			}
			for line := range strings.Lines(answer) {
				if message, ok := strings.CutPrefix(line, "!"); ok {
					offset, _, _ := strings.Cut(message, " ")
					if !inside(offset, len(data)) {
						t.Fatalf("offset in %q of %d bytes", line, len(data))
					}
					continue
				}
				if !json.Valid([]byte(line)) {
					t.Fatalf("%q is not JSON", line)
				}
			}
		}
	})
}

func inside(offset string, size int) bool {
	var n int
	if err := json.Unmarshal([]byte(offset), &n); err != nil {
		return false
	}
	return n >= 0 && n <= size
}

// FuzzYAML: what the host's parser accepts, another parser understands in the
// same way. The other way round there is much that the host refuses.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		"a: b\n", "a:\n  - b\n  - c: d\n    e: 'f''g'\n", "a:\n- b\n-\n  c: d\n", "- - a\n  - b\n- c\n", "---\n# c\na: |\n  x\n   y\n\nb: |-\n  z\n\n",
		"a: \"x\\ty\\u00e9\" # c\nb : c#d\n", "'a b': ${X}\n", "a: http://b:80/c\n", "a:\n  b: |\n    c\n  d: e\r\n",
	} {
		f.Add([]byte(seed))
	}
	d := newDecoder(f)
	f.Cleanup(func() { d.stop(f) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1000 || !plain(data) {
			return // YAML's own limit for a key is 1,024 characters, the host has none
		}
		answer := d.decode(t, 'y', data)
		if strings.HasPrefix(answer, "!") {
			return
		}
		var got, want any
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatalf("%q: %v", answer, err)
		}
		err := yaml.Unmarshal(data, &want)
		if err != nil && strings.Contains(err.Error(), "unsupported map key") {
			return // JSON's rule, not YAML's
		}
		if err != nil {
			t.Fatalf("accepted as %s, but: %v", answer, err)
		}
		if !alike(got, want) {
			t.Fatalf("taken for %s, but is %v", answer, want)
		}
	})
}

// plain leaves out what YAML parsers treat each in their own way.
func plain(data []byte) bool {
	for _, c := range data {
		if c != '\n' && (c < ' ' || c > '~') {
			return false
		}
	}
	return !bytes.Contains(data, []byte("<<"))
}

// alike tells whether two documents agree where both have strings: the host
// keeps scalars as they are written, so numbers, booleans and nulls of the
// other parser only have to be scalars. So do maps that its types make
// smaller: keys given twice, and keys that are not strings.
func alike(got, want any) bool {
	switch want := want.(type) {
	case string:
		s, ok := got.(string)
		return ok && s == want
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !alike(list[i], want[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		values, ok := got.(map[string]any)
		if !ok {
			return false
		}
		if len(values) != len(want) {
			return true // 0 and 00 are one key to the other
		}
		for key, value := range values {
			if other, ok := want[key]; ok && !alike(value, other) {
				return false
			}
		}
		return true
	default:
		switch got.(type) {
		case nil, string:
			return true
		}
		return false
	}
}
