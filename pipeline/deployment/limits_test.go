package deployment_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/event"
)

const storedName = "sh.helm.release.v1.shop.v1"

// release returns a stored release with a manifest.
func release(t testing.TB, manifest string) (event.Live, []byte) {
	t.Helper()
	doc, err := json.Marshal(map[string]any{
		"name": "shop", "namespace": "shop", "version": 1, "manifest": manifest,
		"info":  map[string]any{"status": "deployed", "description": "Install complete"},
		"chart": map[string]any{"metadata": map[string]any{"name": "shop", "version": "1.0.0"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return secretOf(t, wrapped(true, compress(t, doc)))
}

func reasonOf(err error) event.RejectReason {
	if bad, ok := errors.AsType[*deployment.Error](err); ok {
		return bad.Reason
	}
	return ""
}

// What expands a thousandfold is given up, and never in memory as a whole.
func TestZipBomb(t *testing.T) {
	for name, head := range map[string]string{
		"in a field that is skipped": `{"chart":{"files":"`,
		"in a manifest":              `{"manifest":"`,
		"in a key":                   `{"`,
		"of blanks":                  ` `,
		"after the release":          `{"name":"shop","version":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(z, head); err != nil {
				t.Fatal(err)
			}
			fill := bytes.Repeat([]byte(" "), 1<<20)
			for range 200 {
				if _, err := z.Write(fill); err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			l, raw := secretOf(t, wrapped(true, b.Bytes()))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = deployment.Read(l, raw)
			runtime.ReadMemStats(&after)
			if name != "after the release" && reasonOf(err) != event.RejectTooLarge {
				t.Errorf("error %v", err)
			}
			// A string of up to 32 MiB grows by doubling until it is given up.
			if got := after.TotalAlloc - before.TotalAlloc; got > 400<<20 {
				t.Errorf("it took %d MiB", got>>20)
			}
		})
	}
}

func TestHugeManifest(t *testing.T) {
	var m strings.Builder
	const all = 30_000
	for i := range all {
		fmt.Fprintf(&m, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm-%d\ndata:\n  k: v\n", i)
	}
	l, raw := release(t, m.String())
	report, err := deployment.Read(l, raw)
	if err != nil {
		t.Fatal(err)
	}
	d := report.Deployment
	if len(report.Claims) != 10_000 || len(d.Objects) != 200 || d.Omitted != all-200 {
		t.Errorf("%d claims, %d objects, %d omitted", len(report.Claims), len(d.Objects), d.Omitted)
	}
	if report.Claims[9_999].Name != "cm-9999" {
		t.Errorf("the last claim is %s", report.Claims[9_999].Name)
	}
}

// Texts are cut, at a rune, and made UTF-8.
func TestLongTexts(t *testing.T) {
	doc := `{"name":"shop","version":1,"info":{"status":"deployed","description":"` + strings.Repeat("ä", 200<<10) +
		`\ud800"},"chart":{"metadata":{"name":"` + strings.Repeat("n", 5000) + `","version":"\u00001"}}}`
	l, raw := secretOf(t, wrapped(true, []byte(doc)))
	report, err := deployment.Read(l, raw)
	if err != nil {
		t.Fatal(err)
	}
	if m := report.Deployment.Message; m != strings.Repeat("ä", 128<<10) {
		t.Errorf("a message of %d bytes: …%q", len(m), m[len(m)-8:])
	}
	if len(report.Application.Chart) > 1100 {
		t.Errorf("a chart of %d bytes", len(report.Application.Chart))
	}
}

// Nested deeply, it costs no more than its length.
func TestDeepNesting(t *testing.T) {
	deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
	tooDeep := strings.Repeat("[", 900_000)
	for _, manifest := range []string{
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, a: " + strings.Repeat("{a: ", 100_000) + strings.Repeat("}", 100_000) + "}\n",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: " + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) + "}",
	} {
		l, raw := release(t, manifest)
		report, err := deployment.Read(l, raw)
		if err != nil || len(report.Claims) != 1 || report.Claims[0].Name != "x" {
			t.Errorf("%d claims, error %v", len(report.Claims), err)
		}
	}
	l, _ := release(t, "")
	l.Ref.APIVersion, l.Ref.Kind = "argoproj.io/v1alpha1", "Application"
	if _, err := deployment.Read(l, []byte(`{"spec":{"x":`+deep+`}}`)); err != nil {
		t.Error(err)
	}
	if _, err := deployment.Read(l, []byte(`{"spec":{"x":`+tooDeep)); reasonOf(err) != event.RejectNotJSON {
		t.Errorf("error %v", err)
	}
}

// A manifest without separators, or of nothing but separators, takes linear
// time.
func TestManifestIsReadInOneGo(t *testing.T) {
	for name, manifest := range map[string]string{
		"separators":  strings.Repeat("---\n", 4<<20),
		"braces":      strings.Repeat("---\n{", 3<<20),
		"metadata":    "apiVersion: v1\nkind: A\n" + strings.Repeat("metadata: {\n", 100_000),
		"one line":    strings.Repeat("a", 16<<20),
		"quotes":      strings.Repeat("---\n{\"", 2<<20),
		"blank lines": strings.Repeat("\n", 8<<20),
	} {
		t.Run(name, func(t *testing.T) {
			l, raw := release(t, manifest)
			report, err := deployment.Read(l, raw)
			if err != nil || len(report.Claims) != 0 {
				t.Errorf("%d claims, error %v", len(report.Claims), err)
			}
		})
	}
}
