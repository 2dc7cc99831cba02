package auditwebhook

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		fmt.Fprintln(os.Stderr, beKilled(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// recordedBodies returns what a real API server has posted, by number.
func recordedBodies(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob("testdata/body-*.json.gz")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no recorded bodies: %v", err)
	}
	bodies := make(map[string][]byte)
	for _, path := range paths {
		packed, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		reader, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			tb.Fatal(err)
		}
		body, err := io.ReadAll(reader)
		if err != nil {
			tb.Fatal(err)
		}
		name := strings.TrimPrefix(filepath.Base(path), "body-")
		bodies[strings.TrimSuffix(name, ".json.gz")] = body
	}
	return bodies
}

func gzipped(tb testing.TB, body []byte) []byte {
	tb.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(body); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return packed.Bytes()
}
