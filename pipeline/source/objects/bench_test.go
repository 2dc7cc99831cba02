package objects

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// forgetful is an index that keeps nothing.
type forgetful struct {
	event.Live
	n int
}

func (f *forgetful) Put(l event.Live, _ []byte, _ uint64)                { f.Live = l; f.n++ }
func (f *forgetful) Remove(event.Live)                                   {}
func (f *forgetful) Listed(event.GroupResource, event.Namespace, uint64) {}
func (f *forgetful) Serve([]event.ServedKind)                            {}
func (f *forgetful) Readable(event.GroupResource, bool)                  {}
func (f *forgetful) Yield(context.Context, event.Item) error             { return nil }

// BenchmarkList reads a list of 10,000 objects' metadata, as large as that of
// pods of a Deployment, from the answer to the index.
func BenchmarkList(b *testing.B) {
	const objects = 10_000
	var list bytes.Buffer
	list.WriteString(`{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9"},"items":[`)
	managed := strings.Repeat(`"f:field":{".":{},"f:inner":{}},`, 30)
	for i := range objects {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"metadata":{"name":"web-7d4b9c6f5d-%05d","generateName":"web-7d4b9c6f5d-","namespace":"shop","uid":"00000000-0000-4000-8000-%012d","resourceVersion":"%d","creationTimestamp":"2026-11-21T10:00:00Z","labels":{"app.kubernetes.io/name":"web","app.kubernetes.io/instance":"shop","pod-template-hash":"7d4b9c6f5d"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d4b9c6f5d","uid":"00000000-0000-4000-8000-999999999999","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-21T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{%s"f:end":{}}}}]}}`, i, i, i+1, managed)
	}
	list.WriteString(`]}`)
	s := cluster("/v1/configmaps/ConfigMap")
	s.answer = func(r request) *http.Response {
		switch {
		case r.query.Get("sendInitialEvents") != "":
			return failure(422, "Invalid", "not streamed")
		case r.watch():
			return response(200, strings.NewReader(""))
		default:
			return response(200, bytes.NewReader(list.Bytes()))
		}
	}
	ix := &forgetful{}
	src, err := New(Options{
		Server: s, Index: ix, Catalog: ix, Sink: ix, Logger: slog.New(slog.DiscardHandler), Describe: error.Error,
		Decode: decode.ObjectDecoder{}.Decode, PageSize: 500,
	})
	if err != nil {
		b.Fatal(err)
	}
	p := place{APIResource: event.APIResource{Version: "v1", Resource: "configmaps", Kind: "ConfigMap", Namespaced: true}}
	src.board.add(p)
	b.SetBytes(int64(list.Len()))
	b.ReportAllocs()
	for b.Loop() {
		w := src.idleWatcher(p, &progress{})
		if err := w.session(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/objects, "ns/object")
	if ix.n != b.N*objects {
		b.Fatalf("%d objects", ix.n)
	}
}
