package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func FuzzDecodeCut(f *testing.F) {
	for _, body := range hostileBodies() {
		f.Add("/api/v1/namespaces/shop/pods", "agent", "name", body, "key", "value", uint16(600), uint16(300))
	}
	f.Add("/api/v1/x", "a", "n", `,"requestReceivedTimestamp":"`, "requestReceivedTimestamp", `"x","requestReceivedTimestamp":"`, uint16(700), uint16(100))
	f.Fuzz(func(t *testing.T, uri, agent, name, body, key, value string, head, tail uint16) {
		w := newWireCut()
		w.RequestURI, w.UserAgent, w.ObjectRef.Name = uri, agent, name
		w.Annotations = map[string]string{key: value}
		if w.RequestObject = json.RawMessage(body); !json.Valid(w.RequestObject) {
			w.RequestObject, _ = json.Marshal(body)
		}
		w.ResponseObject = w.RequestObject
		line := w.line(t)
		var d AuditDecoder
		want, err := d.Decode(line)
		if err != nil {
			if bad, ok := errors.AsType[*Error](err); ok && bad.Reason == event.RejectNotJSON {
				t.Skip("a body nests too deep")
			}
			t.Fatal(err)
		}
		cutHead, cutTail := line[:min(int(head), len(line))], line[len(line)-min(int(tail), len(line)):]
		from := bytes.Index(line, []byte(`,"requestObject":`))
		to := bytes.LastIndex(line, []byte(`,"requestReceivedTimestamp":"2026-11-21T10:00:00.100000Z"`))
		whole := len(cutHead) >= from && len(line)-len(cutTail) <= to
		got, err := d.DecodeCut(cutHead, cutTail)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok || whole {
				t.Fatalf("%v, of %q and %q", err, cutHead, cutTail)
			}
			return
		}
		// Each field is what it is in the whole event, or it is not there.
		for _, f := range []struct{ want, got any }{
			{want.AuditID, got.AuditID},
			{want.Stage, got.Stage},
			{want.Verb, got.Verb},
			{want.RequestURI, got.RequestURI},
			{want.User, got.User},
			{want.SourceIPs, got.SourceIPs},
			{want.UserAgent, got.UserAgent},
			{want.Object.Resource, got.Object.Resource},
			{want.Object.Namespace, got.Object.Namespace},
			{want.Code, got.Code},
			{want.Decision, got.Decision},
			{want.ReceivedTime, got.ReceivedTime},
			{want.StageTime, got.StageTime},
			{want.Annotations, got.Annotations},
		} {
			if !reflect.DeepEqual(f.want, f.got) && (whole || !reflect.ValueOf(f.got).IsZero()) && !partial(f.want, f.got, &got) {
				t.Fatalf("%+v, want %+v, of %q and %q", f.got, f.want, cutHead, cutTail)
			}
		}
	})
}

// partial reports whether a value that differs may do so in an event that was
// cut before its bodies: what objectRef would say is then told by the path.
func partial(want, got any, a *event.Audit) bool {
	if user, ok := got.(event.User); ok {
		return user.Name == want.(event.User).Name && user.Groups == nil
	}
	path, ok := parsePath(a.RequestURI)
	return ok && (got == any(path.resource) || got == any(event.Namespace(path.namespace)))
}

func BenchmarkDecodeCut(b *testing.B) {
	w := newWireCut()
	w.RequestObject, _ = json.Marshal(strings.Repeat("<", 200_000))
	line := w.line(b)
	head, tail := line[:1<<20], line[len(line)-1<<16:]
	var d AuditDecoder
	b.ReportAllocs()
	b.SetBytes(int64(len(head) + len(tail)))
	for b.Loop() {
		if _, err := d.DecodeCut(head, tail); err != nil {
			b.Fatal(err)
		}
	}
}
