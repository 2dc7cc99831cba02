package deployment_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/deployment"
)

// A release about as large as etcd takes: 400 objects in a manifest of 2.5 MB,
// and a chart with files that do not compress.
func BenchmarkRead(b *testing.B) {
	var manifest strings.Builder
	for i := range 400 {
		fmt.Fprintf(&manifest, "---\n# Source: shop/templates/cm-%d.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm-%d\n  labels:\n    app: shop\ndata:\n", i, i)
		for line := range 100 {
			fmt.Fprintf(&manifest, "  key-%d: %q\n", line, strings.Repeat(fmt.Sprint("value ", i*line, " "), 4))
		}
	}
	noise := make([]byte, 500_000)
	r := rand.NewChaCha8([32]byte{})
	if _, err := r.Read(noise); err != nil {
		b.Fatal(err)
	}
	doc, err := json.Marshal(map[string]any{
		"name": "shop", "namespace": "shop", "version": 1, "manifest": manifest.String(),
		"info":  map[string]any{"status": "deployed", "description": "Install complete"},
		"chart": map[string]any{"metadata": map[string]any{"name": "shop", "version": "1.0.0"}, "files": []any{base64.StdEncoding.EncodeToString(noise)}},
	})
	if err != nil {
		b.Fatal(err)
	}
	l, raw := secretOf(b, wrapped(true, compress(b, doc)))
	b.Logf("an object of %d bytes, a payload of %d, a manifest of %d", len(raw), len(doc), manifest.Len())
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		report, err := deployment.Read(l, raw)
		if err != nil || len(report.Claims) != 400 {
			b.Fatal(len(report.Claims), err)
		}
	}
}

func BenchmarkReadApplication(b *testing.B) {
	ar := archives(b)["testdata/argocd-succeeded.txtar"]
	l, raw := fixture(b, ar)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := deployment.Read(l, raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReleasesWants(b *testing.B) {
	r := deployment.NewReleases(nil)
	l := revision("Secret", "shop", 3, "deployed")
	b.ReportAllocs()
	for b.Loop() {
		if !r.Wants(l) {
			b.Fatal("not wanted")
		}
	}
}
