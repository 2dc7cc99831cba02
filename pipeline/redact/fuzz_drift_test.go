package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// FuzzDrift hides a value at a field that is not as it was deployed, and looks
// for it in what is encoded. The path and the rest are anything.
func FuzzDrift(f *testing.F) {
	for i := range uint64(64) {
		f.Add(i, []byte{byte(i / 3), byte(i / 7)}, "spec.a", `"b"`, uint16(0))
	}
	f.Add(uint64(1), []byte{}, `spec.containers[name="app"].env[name="X"]`, `{"a":[1]}`, uint16(9))
	f.Add(uint64(2), []byte{1}, "data[a].b[0][x=1]", "{", uint16(0))
	r := redact.New(redact.Options{Salt: salt})
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte, path, value string, cut uint16) {
		if len(ops) > 70 {
			t.Skip("too large to be of use")
		}
		h := newHider(seed)
		about, hidden := h.drift(ops)
		if cut > 0 {
			hidden.Live = hidden.Live[:int(cut)%len(hidden.Live)]
		}
		rec := event.Record{Type: event.TypeObjectStatus, ID: "i", Object: about, ObjectState: &event.ObjectState{
			Drifts: []event.Drift{{Path: path, Desired: event.JSON(value), Live: event.JSON(value)}, hidden},
		}}
		out := r.Redact(rec)
		inJSON, err := encode.AppendJSON(nil, out)
		if err != nil {
			t.Fatalf("%v\nof %q and %+v", err, value, hidden)
		}
		inMsgpack, err := encode.AppendMsgpack(nil, out)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(inJSON, &decoded); err != nil {
			t.Fatal(err)
		}
		for name, form := range map[string][]byte{"JSON": inJSON, "msgpack": inMsgpack, "text": []byte(fmt.Sprint(decoded))} {
			if leaked := h.leak(form); leaked != "" {
				t.Fatalf("leaks in %s as %q\nfor %+v\nfrom %+v\nin %s", name, leaked, about, hidden, inJSON)
			}
		}
	})
}

// drift returns an object and a field of it that holds a secret, which it does
// because of the object, of the path, or by itself.
func (h *hider) drift(ops []byte) (*event.ObjectRef, event.Drift) {
	secret := &event.ObjectRef{APIVersion: "v1", Kind: h.cased("Secret"), Name: "db"}
	other := pick(h, &event.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment"}, &event.ObjectRef{APIVersion: "v1", Kind: "ConfigMap"},
		&event.ObjectRef{APIVersion: "example.com/v1", Kind: "Widget"}, nil)
	value, encoded := h.quote(h.value), h.quote(base64.StdEncoding.EncodeToString([]byte(h.value)))
	key := pick(h, ".a", "[a.b]", "[0]", "")
	member := func(v string) string {
		if key == "" {
			return h.object("a", v)
		}
		return v
	}
	list := pick(h, `containers[name="app"].`, "", "items[0].", `ports[containerPort=80,protocol="TCP"].`)
	var path, v string
	switch h.IntN(6) {
	case 0: // What stands at the data of a Secret is its.
		other, path, v = secret, h.cased("data")+key, member(encoded)
	case 1:
		other, path, v = pick(h, secret, other), pick(h, "", "spec.template.")+h.cased("stringData")+key, member(value)
	case 2: // A Secret may stand anywhere, under its kind.
		path, v = "spec."+list+"template", h.enclose(h.secret(), ops)
	case 3: // A variable is known by its name, a credential by its key.
		path, v = "spec."+list+`env[name="`+pick(h, "DB_PASSWORD", "token")+`"].value`, value
	case 4:
		path, v = "spec."+list+pick(h, "password", "accessToken", "token")+pick(h, "", "[0]"), value
	default:
		path, v = "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]", h.quote(h.enclose(h.secret(), ops))
	}
	return other, event.Drift{Path: path, Live: event.JSON(strings.TrimSpace(v))}
}
