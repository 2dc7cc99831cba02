package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fluent-live/live-status/pipeline/event"
)

// wireCut has the fields of an Event of audit.k8s.io/v1 in the order in which a
// kube-apiserver writes them.
type wireCut struct {
	Kind           string          `json:"kind"`
	APIVersion     string          `json:"apiVersion"`
	Level          string          `json:"level"`
	AuditID        string          `json:"auditID"`
	Stage          string          `json:"stage"`
	RequestURI     string          `json:"requestURI"`
	Verb           string          `json:"verb"`
	User           map[string]any  `json:"user"`
	SourceIPs      []string        `json:"sourceIPs,omitempty"`
	UserAgent      string          `json:"userAgent,omitempty"`
	ObjectRef      *wireCutRef     `json:"objectRef,omitempty"`
	ResponseStatus map[string]any  `json:"responseStatus,omitempty"`
	RequestObject  json.RawMessage `json:"requestObject,omitempty"`
	ResponseObject json.RawMessage `json:"responseObject,omitempty"`
	Received       string          `json:"requestReceivedTimestamp"`
	StageTime      string          `json:"stageTimestamp"`

	Annotations map[string]string `json:"annotations,omitempty"`
}

type wireCutRef struct {
	Resource    string `json:"resource,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name,omitempty"`
	UID         string `json:"uid,omitempty"`
	APIGroup    string `json:"apiGroup,omitempty"`
	APIVersion  string `json:"apiVersion,omitempty"`
	Subresource string `json:"subresource,omitempty"`
}

func (w *wireCut) line(t testing.TB) []byte {
	t.Helper()
	line, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func newWireCut() *wireCut {
	return &wireCut{
		Kind: "Event", APIVersion: "audit.k8s.io/v1", Level: "RequestResponse", AuditID: "id", Stage: "ResponseComplete",
		RequestURI: "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=x", Verb: "patch",
		User: map[string]any{"username": "mallory", "groups": []string{"g"}}, SourceIPs: []string{"10.0.0.1", "10.0.0.2"}, UserAgent: "agent",
		ObjectRef:      &wireCutRef{Resource: "deployments", Namespace: "shop", Name: "web", APIGroup: "apps", APIVersion: "v1"},
		ResponseStatus: map[string]any{"metadata": map[string]any{}, "code": 200},
		RequestObject:  json.RawMessage(`{"spec":{"replicas":2}}`),
		ResponseObject: json.RawMessage(`{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","namespace":"shop","uid":"u"}}`),
		Received:       "2026-11-21T10:00:00.100000Z", StageTime: "2026-11-21T10:00:00.200000Z",
		Annotations: map[string]string{"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC", "mutation.webhook.admission.k8s.io/round_0": "x"},
	}
}

// withoutBodies is what DecodeCut is to make of an event that Decode makes a of.
func withoutBodies(a event.Audit) event.Audit {
	a.Request, a.Response = "", ""
	return a
}

// hostileBodies are what a client may send, to have it taken for the event.
func hostileBodies() map[string]string {
	forged := `"requestReceivedTimestamp":"2000-01-01T00:00:00Z","stageTimestamp":"2000-01-01T00:00:00Z","verb":"forged","auditID":"forged","user":{"username":"forged"},"annotations":{"authorization.k8s.io/decision":"forged"}`
	text, _ := json.Marshal(`x",` + forged + `}`)
	slashes, _ := json.Marshal(`\",` + forged + `}`)
	return map[string]string{
		"fields":            `{` + forged + `}`,
		"nested":            `{"a":[{"b":{` + forged + `}}]}`,
		"first in an array": `[{` + forged + `}]`,
		"text":              string(text),
		"slashes":           string(slashes),
		"keys":              `{` + string(text) + `:"x","x":` + string(slashes) + `}`,
		"many":              `[` + strings.Repeat(`{"requestReceivedTimestamp":"x"},`, 1000) + `0]`,
		"deep":              strings.Repeat(`{"requestReceivedTimestamp":"x","a":`, 1000) + "1" + strings.Repeat("}", 1000),
	}
}

// Wherever an event is cut within its bodies, what DecodeCut tells of it is what
// Decode tells, and nothing that a body says.
func TestCutAnywhereInTheBodies(t *testing.T) {
	var d AuditDecoder
	for name, body := range hostileBodies() {
		t.Run(name, func(t *testing.T) {
			w := newWireCut()
			w.RequestObject, w.ResponseObject = json.RawMessage(body), json.RawMessage(body)
			line := w.line(t)
			// Bodies are no part of what is compared.
			bare := newWireCut()
			bare.RequestObject, bare.ResponseObject = nil, nil
			a, err := d.Decode(bare.line(t))
			if err != nil {
				t.Fatal(err)
			}
			want := withoutBodies(a)
			first := bytes.Index(line, []byte(`"requestObject":`))
			last := bytes.LastIndex(line, []byte(`,"requestReceivedTimestamp"`))
			step := max((last-first)/60, 1)
			for at := first; at <= last; at += step {
				for _, tail := range []int{at, last, max(last-7, at), max(last-100, at)} {
					got, err := d.DecodeCut(line[:at], line[tail:])
					if err != nil {
						t.Fatalf("cut from %d to %d: %v", at, tail, err)
					}
					if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
						t.Fatalf("cut from %d to %d (-want +got):\n%s", at, tail, diff)
					}
				}
			}
		})
	}
}

// Annotations come behind the field that the tail is found by.
func TestCutHostileAnnotations(t *testing.T) {
	forged := `"requestReceivedTimestamp":"2000-01-01T00:00:00Z"`
	for key, value := range map[string]string{
		"a":                               `x,` + forged + `}`,
		"requestReceivedTimestamp":        "2000-01-01T00:00:00Z",
		`a,"requestReceivedTimestamp`:     "2000-01-01T00:00:00Z",
		`\`:                               `,"requestReceivedTimestamp":"2000-01-01T00:00:00Z"`,
		`,`:                               "requestReceivedTimestamp",
		"requestReceivedTimestamp\":\"x}": `}` + forged + `}`,
	} {
		w := newWireCut()
		w.Annotations[key] = value
		w.RequestURI += `&x=",` + forged + `}`
		w.UserAgent = `",` + forged + `}`
		var d AuditDecoder
		line := w.line(t)
		want, err := d.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		want.Object.Kind, want.Object.UID = "", ""
		got, err := d.DecodeCut(line[:bytes.Index(line, []byte(`requestObject`))+20], line[bytes.Index(line, []byte(`responseObject`))+20:])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(withoutBodies(want), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

// The client chooses what else is long: the name, UID and namespace of the object
// it sends are in objectRef, and messages quote them.
func TestCutBeforeTheBodies(t *testing.T) {
	const size = 1000
	long := strings.Repeat("<", 2*size)
	for name, tt := range map[string]struct {
		edit func(*wireCut)
		want func(*event.Audit)
	}{
		"message": {
			func(w *wireCut) { w.ResponseStatus = map[string]any{"a": long, "code": 422} },
			func(a *event.Audit) { a.Code = 0 },
		},
		"user agent": {
			func(w *wireCut) { w.UserAgent = long },
			func(a *event.Audit) { a.Code, a.UserAgent = 0, "" },
		},
		"source IPs": {
			func(w *wireCut) { w.SourceIPs = append([]string{"1.1.1.1", long}, w.SourceIPs...) },
			// A part of them would have another one as the last.
			func(a *event.Audit) { a.Code, a.UserAgent, a.SourceIPs = 0, "", nil },
		},
		"groups": {
			func(w *wireCut) {
				w.User = map[string]any{"a": "x", "groups": []string{"g", long}, "username": "mallory"}
			},
			nil,
		},
		"name": {
			func(w *wireCut) { w.ObjectRef.Name = long },
			func(a *event.Audit) { a.Code = 0 },
		},
		"namespace": {
			func(w *wireCut) { w.ObjectRef.Namespace = long },
			func(a *event.Audit) { a.Code = 0 },
		},
		"uid": {
			func(w *wireCut) { w.ObjectRef.UID = long },
			func(a *event.Audit) { a.Code = 0 },
		},
		"uri":      {func(w *wireCut) { w.RequestURI += long }, nil},
		"audit id": {func(w *wireCut) { w.AuditID = long }, nil},
	} {
		var d AuditDecoder
		whole := newWireCut()
		whole.RequestObject, whole.ResponseObject = nil, nil
		want, err := d.Decode(whole.line(t))
		if err != nil {
			t.Fatal(err)
		}
		w := newWireCut()
		tt.edit(w)
		line := w.line(t)
		got, err := d.DecodeCut(line[:size], line[len(line)-400:])
		if tt.want == nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tt.want(&want)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCutOfAnotherOrder(t *testing.T) {
	// As programs write it that sort the keys.
	var m map[string]any
	w := newWireCut()
	w.RequestObject = json.RawMessage(`{"a":{"requestReceivedTimestamp":"x"}}`)
	if err := json.Unmarshal(w.line(t), &m); err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var d AuditDecoder
	at := bytes.Index(line, []byte(`"requestObject"`)) + 20
	got, err := d.DecodeCut(line[:at], line[at:])
	if err != nil || got.User.Name != "mallory" || got.Object.Name != "web" || got.ReceivedTime.IsZero() || got.Request != "" || got.Response != "" {
		t.Errorf("%v, got %+v", err, got)
	}
}

func TestCutUnusable(t *testing.T) {
	line := newWireCut().line(t)
	before, _, _ := strings.Cut(string(line), `"user"`)
	for name, tt := range map[string]struct {
		head, tail string
		want       event.RejectReason
	}{
		"nothing":       {"", "", event.RejectNotJSON},
		"no object":     {"[" + string(line[:200]), "", event.RejectNotJSON},
		"no tail":       {string(line[:600]), "", event.RejectUntimed},
		"another tail":  {string(line[:600]), `x":{"a":1}}`, event.RejectUntimed},
		"tail too deep": {string(line[:600]), `,"requestReceivedTimestamp":"2026-11-21T10:00:00Z"}}`, event.RejectUntimed},
		"tail goes on":  {string(line[:600]), `,"requestReceivedTimestamp":"2026-11-21T10:00:00Z"`, event.RejectUntimed},
		"no head":       {"{", string(line[600:]), event.RejectUnidentified},
		"another kind":  {`{"kind":"Pod","x":"`, string(line[600:]), event.RejectNotAnEvent},
		"no user":       {before, string(line[600:]), event.RejectUnidentified},
	} {
		var d AuditDecoder
		_, err := d.DecodeCut([]byte(tt.head), []byte(tt.tail))
		if bad, ok := errors.AsType[*Error](err); !ok || bad.Reason != tt.want || strings.Contains(err.Error(), "mallory") {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
		// The decoder is as good as new.
		if a, err := d.Decode(line); err != nil || a.User.Name != "mallory" || a.Object.Kind != "Deployment" {
			t.Errorf("%s: then %v, %+v", name, err, a)
		}
	}
}

// Events of a real API server, cut in the middle of their bodies.
func TestCutCorpus(t *testing.T) {
	var d AuditDecoder
	n := 0
	for name, items := range auditCorpus(t) {
		for i, raw := range items {
			from := bytes.Index(raw, []byte(`"requestObject":`))
			to := bytes.LastIndex(raw, []byte(`,"requestReceivedTimestamp"`))
			if from < 0 || to < from {
				continue
			}
			want, err := d.Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			middle := (from + to) / 2
			got, err := d.DecodeCut(raw[:middle], raw[middle:])
			if err != nil {
				t.Fatalf("%s %d: %v", name, i, err)
			}
			// Bodies tell these.
			want.Object.Kind, got.Object.Kind = "", ""
			if got.Object.UID == "" {
				want.Object.UID = ""
			}
			if got.Object.Name == "" {
				want.Object.Name = ""
			}
			if diff := cmp.Diff(withoutBodies(want), got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s %d (-want +got):\n%s", name, i, diff)
			}
			n++
		}
	}
	if n < 1000 {
		t.Errorf("%d events were cut", n)
	}
}
