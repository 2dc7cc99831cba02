package kube

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/fluent-live/live-status/pipeline/config"
)

// fingerprint stands for the contents of files. Contents rather than times and
// sizes: they are a few kilobytes, looked at once a minute, and a rewrite in
// place within a file system's clock tick shows too.
type fingerprint [sha256.Size]byte

// watched are the files that a client was built from.
type watched struct {
	files []string
	// dir is a folder of certificates, empty for none.
	dir string
}

func (w watched) fingerprint() fingerprint {
	h := sha256.New()
	for _, path := range w.files {
		add(h, path)
	}
	for _, path := range certificateFiles(w.dir) {
		add(h, path)
	}
	return fingerprint(h.Sum(nil))
}

// add writes a file's name, length and contents to a hash, which never fails.
func add(h hash.Hash, path string) {
	f, err := os.Open(path)
	if err != nil {
		h.Write(fmt.Appendf(nil, "%q none\n", path))
		return
	}
	defer f.Close() //nolint:errcheck // Nothing was written to it.
	n, err := io.Copy(h, f)
	h.Write(fmt.Appendf(nil, "\n%q %d %v\n", path, n, err))
}

// certificateFiles returns the files of a kube_ca_path, none if there is no
// such folder.
func certificateFiles(dir string) []string {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var paths []string
	for _, e := range entries {
		if config.IsCertificateFile(e.Name()) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}
