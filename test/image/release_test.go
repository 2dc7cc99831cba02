package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// script is tools/release.sh with arguments.
func script(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "tools", "release.sh"))
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), path, args...)
}

func TestReleaseVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "1.2.3", "v0.10.0-rc.1": "0.10.0-rc.1",
		"1.2.3": "", "v1.2": "", "v1.02.3": "", "v1.2.3-dirty-": "1.2.3-dirty-", "v1.2.3+x": "", "7fcd821-dirty": "", "": "", "v1.2.3\nv1.2.4": "",
	} {
		out, err := script(t, "version", version).CombinedOutput()
		if got := strings.TrimSpace(string(out)); want != "" && (err != nil || got != want) {
			t.Errorf("%q is %q, %v, want %q", version, got, err, want)
		}
		if want == "" && (err == nil || !strings.Contains(string(out), "make release VERSION=v")) {
			t.Errorf("%q passes, or does not say what to do: %s", version, out)
		}
	}
}

// TestReleasePacksTheSameTwice packs two trees that differ in all that is not in their
// files: order, times, permissions, owner's umask.
func TestReleasePacksTheSameTwice(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "tar", "--version").Output(); err != nil || !bytes.Contains(out, []byte("GNU tar")) {
		t.Skip("NOT RUN: there is no GNU tar")
	}
	files := map[string]os.FileMode{"bin/live-status": 0o755, "conf/a.yaml": 0o644, "conf/B.yaml": 0o644, "LICENSE": 0o644}
	var packed [2][]byte
	for i := range packed {
		dir := t.TempDir()
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range files {
				if !yield(name) {
					return
				}
			}
		})
		if i == 1 {
			slices.Reverse(names)
		}
		for _, name := range names {
			path := filepath.Join(dir, "live-status-1.2.3", name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			mode := files[name]
			if i == 1 {
				// As another umask makes them.
				mode &^= 0o044
			}
			if err := os.WriteFile(path, []byte(name), mode); err != nil {
				t.Fatal(err)
			}
			at := time.Unix(int64(1000*i), 0)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "out.tar.gz")
		run(t, script(t, "pack", filepath.Join(dir, "live-status-1.2.3"), file, "1700000000"))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		packed[i] = data
	}
	if !bytes.Equal(packed[0], packed[1]) {
		t.Error("the same tree packed twice is not the same")
	}
	checkArchive(t, packed[0], files)
}

func checkArchive(t *testing.T, data []byte, files map[string]os.FileMode) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("gzip has the time %s and the name %q", z.ModTime, z.Name)
	}
	seen := 0
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.ModTime.Unix() != 1700000000 {
			t.Errorf("%s is of %d:%d %q:%q, %s", h.Name, h.Uid, h.Gid, h.Uname, h.Gname, h.ModTime)
		}
		if h.Typeflag == tar.TypeReg {
			seen++
			if want := files[strings.TrimPrefix(h.Name, "live-status-1.2.3/")]; h.FileInfo().Mode().Perm()|0o044 != want|0o044 {
				t.Errorf("%s has the mode %s, want %s", h.Name, h.FileInfo().Mode(), want)
			}
		}
	}
	if seen != len(files) {
		t.Errorf("%d files, want %d", seen, len(files))
	}
}

func TestReleaseSums(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.tar.gz", "a name.tgz"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		run(t, script(t, "sums", dir))
	}
	data, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, name := range []string{"a name.tgz", "b.tar.gz"} {
		sum := sha256.Sum256([]byte(name))
		want.WriteString(hex.EncodeToString(sum[:]) + "  " + name + "\n")
	}
	if string(data) != want.String() {
		t.Errorf("SHA256SUMS\n%swant\n%s", data, want.String())
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dir
	run(t, check)
}

// bom is what is looked at of a bill of materials.
type bom struct {
	BOMFormat    string `json:"bomFormat"`
	SpecVersion  string `json:"specVersion"`
	SerialNumber string `json:"serialNumber"`
	Metadata     struct {
		Timestamp string
		Component struct{ Version, PURL string }
	}
	Components []struct {
		Ref                       string `json:"bom-ref"`
		Type, Name, Version, PURL string
		Hashes                    []struct{ Alg, Content string }
	}
}

// TestReleaseSBOM compares the bill of materials with what the go command says of the
// same files.
func TestReleaseSBOM(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "sbom")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tool, "./sbom")
	build.Dir = filepath.Join(root, "tools")
	run(t, build)
	built := filepath.Join(root, "build")
	files := []string{filepath.Join(built, "in_live_status.so"), filepath.Join(built, "live-status")}
	args := append([]string{"-version", "1.2.3", "-time", "1700000000", "-base", built}, files...)
	out := run(t, exec.CommandContext(t.Context(), tool, args...))
	if again := run(t, exec.CommandContext(t.Context(), tool, args...)); again != out {
		t.Error("the bill of the same files is not the same")
	}
	var b bom
	if err := json.Unmarshal([]byte(out), &b); err != nil {
		t.Fatal(err)
	}
	if b.BOMFormat != "CycloneDX" || b.SpecVersion != "1.6" || !strings.HasPrefix(b.SerialNumber, "urn:uuid:") ||
		b.Metadata.Timestamp != "2023-11-14T22:13:20Z" || b.Metadata.Component.Version != "1.2.3" {
		t.Errorf("head %+v", b)
	}
	got := map[string]bool{}
	for _, c := range b.Components {
		if got[c.Ref] {
			t.Errorf("%s stands there twice", c.Ref)
		}
		got[c.Ref] = true
		if c.Type == "file" && (len(c.Hashes) != 1 || len(c.Hashes[0].Content) != 64) {
			t.Errorf("%s has the sums %v", c.Name, c.Hashes)
		}
	}
	want := map[string]bool{}
	for _, file := range files {
		want["file:"+filepath.Base(file)] = true
		for line := range strings.Lines(run(t, exec.CommandContext(t.Context(), "go", "version", "-m", file))) {
			fields := strings.Fields(line)
			switch {
			case len(fields) > 2 && fields[0] == "dep":
				want["pkg:golang/"+fields[1]+"@"+fields[2]] = true
			case strings.HasPrefix(line, file+": go"):
				want["pkg:golang/std@v"+strings.TrimPrefix(strings.Fields(strings.TrimPrefix(line, file+": "))[0], "go")] = true
			}
		}
	}
	for ref := range want {
		if !got[ref] {
			t.Errorf("%s is not in the bill", ref)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d components, want %d", len(got), len(want))
	}
}
