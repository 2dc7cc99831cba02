package values

import (
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkCurrent is what each record pays.
func BenchmarkCurrent(b *testing.B) {
	s, err := Open(b.Context(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Current()
		}
	})
}

// BenchmarkLook is what a folder of 10,000 files costs each interval.
func BenchmarkLook(b *testing.B) {
	v := folder(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lookAt(v); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadFolder is what such a folder costs when it changes, without the
// matcher, and BenchmarkBuild what the matcher does.
func BenchmarkReadFolder(b *testing.B) {
	v := folder(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := (&place{path: v}).read(room{values: maxValues, bytes: maxBytes}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	s, err := Open(b.Context(), Options{Paths: []string{folder(b)}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.build(b.Context())
	}
	b.ReportMetric(float64(s.Stats().Bytes)/(1<<20), "MiB")
}

func folder(b *testing.B) string {
	b.Helper()
	files := make(map[string]string)
	for i := range maxFiles {
		files[fmt.Sprintf("KEY_%d", i)] = token(i)
	}
	v := volume{dir: filepath.Join(b.TempDir(), "v")}
	v.swap(b, files)
	return v.dir
}

// BenchmarkAdmit is what a Secret of the cluster costs.
func BenchmarkAdmit(b *testing.B) {
	s := one("shop", "db", 1)
	size := 0
	for i := range 20 {
		s.data[fmt.Sprint("key-", i)] = []byte(token(i))
		size += len(token(i))
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		admit(s, minClusterLength)
	}
}
