package auditfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzGzip reads whatever begins like a gzip file, piece by piece and partly
// twice, and compares with what the decompressor says by itself.
func FuzzGzip(f *testing.F) {
	good := []byte(zip("one\ntwo\n"))
	f.Add(good, byte(3), byte(1))
	f.Add(good[:len(good)-9], byte(100), byte(2))
	f.Add(append(bytes.Clone(good), good...), byte(5), byte(5))
	f.Add(append(bytes.Clone(good), 0, 0, 0), byte(9), byte(0))
	f.Fuzz(func(t *testing.T, b []byte, size, back byte) {
		b = append([]byte(gzipMagic), b...)
		if len(b) > 4 && string(b[2:4]) == gzipMagic {
			b = b[2:]
		}
		var want []byte
		r, wantErr := gzip.NewReader(bytes.NewReader(b))
		if wantErr == nil {
			want, wantErr = io.ReadAll(io.LimitReader(r, 1<<20))
		}
		if len(want) == 1<<20 {
			return
		}
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		}()
		c, err := contentOf(file, path)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for err == nil {
			p := make([]byte, int(size)+1+int(back))
			from := max(len(got)-int(back), 0)
			var n int
			n, err = c.readAt(p, int64(from))
			got = append(got[:from], p[:n]...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if (wantErr == nil) != errors.Is(err, io.EOF) || wantErr != nil && !cut(err) {
			t.Fatalf("got %v, want %v", err, wantErr)
		}
	})
}
