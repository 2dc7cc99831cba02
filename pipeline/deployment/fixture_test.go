package deployment_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// section returns a section of an archive; nil if there is none.
func section(ar *txtar.Archive, name string) []byte {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// fixture returns the object of an archive as the API server would write it. A
// section release.yaml is stored in it as Helm does: as it would by default, or
// without compression if the archive's comment says so.
func fixture(t testing.TB, ar *txtar.Archive) (event.Live, []byte) {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal(section(ar, "object.yaml"), &object); err != nil {
		t.Fatal(err)
	}
	if release := section(ar, "release.yaml"); release != nil {
		doc, err := yaml.YAMLToJSON(release)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(ar.Comment), "uncompressed") {
			doc = compress(t, doc)
		}
		object["data"] = map[string]any{"release": wrapped(object["kind"] == "Secret", doc)}
	}
	return live(t, object)
}

func live(t testing.TB, object map[string]any) (event.Live, []byte) {
	t.Helper()
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	apiVersion, kind := object["apiVersion"].(string), object["kind"].(string)
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "", apiVersion
	}
	l, err := decode.ObjectDecoder{}.Decode(raw, event.APIResource{
		Group: group, Version: version, Kind: kind, Resource: strings.ToLower(kind) + "s", Namespaced: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, raw
}

func compress(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func wrapped(secret bool, data []byte) string {
	s := base64.StdEncoding.EncodeToString(data)
	if secret {
		s = base64.StdEncoding.EncodeToString([]byte(s))
	}
	return s
}

// secretOf stores a release that is given as JSON.
func secretOf(t testing.TB, payload string) (event.Live, []byte) {
	t.Helper()
	return live(t, map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
		"metadata": map[string]any{
			"name": storedName, "namespace": "shop", "uid": "0b5fd8a4-9d5f-4f6e-8f0e-0e6a1c2b3d4e", "resourceVersion": "100",
			"creationTimestamp": "2026-11-21T10:00:00Z", "labels": map[string]any{"owner": "helm"},
		},
		"data": map[string]any{"release": payload},
	})
}
