package decode

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fluent-live/live-status/pipeline/event"
)

// auditCorpus returns what a real kube-apiserver wrote: by file name, the lines
// of its logs and the items of the bodies that it posted. CORPUS_DIR names a
// directory with all of the recording, of which testdata has the logs and a few
// bodies.
func auditCorpus(t testing.TB) map[string][][]byte {
	t.Helper()
	files := map[string][][]byte{}
	add := func(name string, data []byte) {
		if filepath.Ext(name) == ".json" {
			var l struct{ Items []json.RawMessage }
			if err := json.Unmarshal(data, &l); err != nil {
				t.Fatal(err)
			}
			for _, item := range l.Items {
				files[name] = append(files[name], item)
			}
			return
		}
		s := bufio.NewScanner(bytes.NewReader(data))
		s.Buffer(nil, 8<<20)
		for s.Scan() {
			files[name] = append(files[name], bytes.Clone(s.Bytes()))
		}
	}
	shipped, err := filepath.Glob("testdata/auditcorpus/*.gz")
	if err != nil || len(shipped) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range shipped {
		name := filepath.Base(file)
		add(name[:len(name)-len(".gz")], gunzip(t, filepath.Join("auditcorpus", name)))
	}
	dir := os.Getenv("CORPUS_DIR")
	if dir == "" {
		return files
	}
	for _, pattern := range []string{"audit-*.jsonl", "webhook-*/body-*.json"} {
		whole, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(whole) == 0 {
			t.Fatalf("no %s in CORPUS_DIR: %v", pattern, err)
		}
		for _, file := range whole {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			add(file, data)
		}
	}
	return files
}

// count is what the records of a corpus add up to.
type count struct {
	Events                                  int
	Stage, Verb, User, Code, Level, ID, Obj map[string]int
}

func newCount() count {
	m := func() map[string]int { return map[string]int{} }
	return count{Stage: m(), Verb: m(), User: m(), Code: m(), Level: m(), ID: m(), Obj: m()}
}

// Nothing is lost: what is decoded adds up to what encoding/json finds in the
// same bytes.
func TestAuditCorpusCounts(t *testing.T) {
	if os.Getenv("CORPUS_DIR") == "" {
		t.Log("CORPUS_DIR is not set: of the bodies posted to a webhook only those in testdata are counted")
	}
	var d AuditDecoder
	for name, items := range auditCorpus(t) {
		got, want := newCount(), newCount()
		for i, raw := range items {
			a, err := d.Decode(raw)
			if err != nil {
				t.Fatalf("%s %d: %v", name, i, err)
			}
			got.Events++
			got.Stage[string(a.Stage)]++
			got.Verb[a.Verb]++
			got.User[a.User.Name]++
			got.Code[fmt.Sprint(a.Code)]++
			got.Level[string(a.Level)]++
			got.ID[string(a.AuditID)]++
			got.Obj[fmt.Sprint(a.Object.Resource, "/", a.Object.Namespace, "/", a.Object.Subresource)]++

			var m map[string]any
			if err := json.Unmarshal(raw, &m); err != nil {
				t.Fatal(err)
			}
			str := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
			sub := func(key string) map[string]any { s, _ := m[key].(map[string]any); return s }
			want.Events++
			want.Stage[str(m, "stage")]++
			want.Verb[str(m, "verb")]++
			want.User[str(sub("user"), "username")]++
			code, _ := sub("responseStatus")["code"].(float64)
			want.Code[fmt.Sprint(int(code))]++
			want.Level[str(m, "level")]++
			want.ID[str(m, "auditID")]++
			ref := sub("objectRef")
			want.Obj[str(ref, "resource")+"/"+str(ref, "namespace")+"/"+str(ref, "subresource")]++
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if want.Events == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

// wireAudit is an Event of audit.k8s.io/v1 as its API reference has it.
type wireAudit struct {
	Level, AuditID, Stage, RequestURI, Verb, UserAgent string

	User                   wireUser
	ImpersonatedUser       *wireUser
	AuthenticationMetadata struct{ ImpersonationConstraint string }
	SourceIPs              []string
	ObjectRef              struct {
		Resource, Namespace, Name, UID, APIGroup, APIVersion, ResourceVersion, Subresource string
	}
	ResponseStatus struct {
		Code            int64
		Reason, Message string
	}
	RequestObject, ResponseObject            json.RawMessage
	RequestReceivedTimestamp, StageTimestamp time.Time
	Annotations                              map[string]string
}

type wireUser struct {
	Username, UID string
	Groups        []string
	Extra         map[string][]string
}

func (u wireUser) event() event.User {
	out := event.User{Name: u.Username, UID: u.UID, Groups: u.Groups}
	for _, k := range sortedKeys(u.Extra) {
		out.Extra = append(out.Extra, event.Extra{Key: k, Values: u.Extra[k]})
	}
	return out
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (w *wireAudit) event() event.Audit {
	a := event.Audit{
		AuditID: event.AuditID(w.AuditID), Stage: event.Stage(w.Stage), Level: event.Level(w.Level),
		Verb: w.Verb, RequestURI: w.RequestURI, User: w.User.event(), SourceIPs: w.SourceIPs, UserAgent: w.UserAgent,
		Object: event.ObjectRef{
			Resource: w.ObjectRef.Resource, Namespace: event.Namespace(w.ObjectRef.Namespace), Name: w.ObjectRef.Name,
			UID: event.UID(w.ObjectRef.UID), ResourceVersion: event.ResourceVersion(w.ObjectRef.ResourceVersion),
			Subresource: w.ObjectRef.Subresource, APIVersion: w.ObjectRef.APIVersion,
		},
		Decision:       w.Annotations["authorization.k8s.io/decision"],
		DecisionReason: w.Annotations["authorization.k8s.io/reason"],
		Code:           w.ResponseStatus.Code, Reason: w.ResponseStatus.Reason, Message: w.ResponseStatus.Message,
		ReceivedTime: w.RequestReceivedTimestamp, StageTime: w.StageTimestamp,
		Request: event.JSON(w.RequestObject), Response: event.JSON(w.ResponseObject),
	}
	if w.ObjectRef.APIGroup != "" {
		a.Object.APIVersion = w.ObjectRef.APIGroup + "/" + w.ObjectRef.APIVersion
	}
	if w.ImpersonatedUser != nil {
		u := w.ImpersonatedUser.event()
		a.Impersonated = &u
	}
	if c := w.AuthenticationMetadata.ImpersonationConstraint; c != "" {
		w.Annotations["authenticationMetadata/impersonationConstraint"] = c
	}
	for _, k := range sortedKeys(w.Annotations) {
		if k != "authorization.k8s.io/decision" && k != "authorization.k8s.io/reason" {
			a.Annotations = append(a.Annotations, event.Annotation{Key: k, Value: w.Annotations[k]})
		}
	}
	return a
}

// Every field of every event is what encoding/json makes of it. What bodies say
// about the object is checked against the bodies.
func TestAuditCorpusFields(t *testing.T) {
	var d AuditDecoder
	// clients is how often objectRef has a UID that only the client vouches for.
	named, compared, clients := 0, 0, 0
	for name, items := range auditCorpus(t) {
		for i, raw := range items {
			got, err := d.Decode(raw)
			if err != nil {
				t.Fatalf("%s %d: %v", name, i, err)
			}
			var w wireAudit
			if err := json.Unmarshal(raw, &w); err != nil {
				t.Fatal(err)
			}
			want := w.event()
			if got.Object.Kind != "" {
				named++
				checkHead(t, &got)
			}
			want.Object.Kind = got.Object.Kind
			if s := w.ObjectRef.UID; s != "" && (w.Verb == "create" || w.Verb == "update" && w.ResponseStatus.Code != 200) {
				clients++
				want.Object.UID = ""
			}
			for _, f := range []struct{ want, got *string }{
				{&want.Object.Name, &got.Object.Name},
				{(*string)(&want.Object.UID), (*string)(&got.Object.UID)},
			} {
				if *f.want == "" {
					*f.want = *f.got
				}
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s %d (-want +got):\n%s", name, i, diff)
			}
			compared++
		}
	}
	if compared < 6680 || named < 2500 || clients == 0 {
		t.Errorf("compared %d events, %d with a kind, %d with a client's UID", compared, named, clients)
	}
}

// checkHead checks that the object is what one of its bodies says it is.
func checkHead(t *testing.T, a *event.Audit) {
	t.Helper()
	for _, body := range []event.JSON{a.Response, a.Request} {
		var o struct {
			Kind, APIVersion string
			Metadata         struct{ Name, Namespace, UID string }
		}
		if json.Unmarshal([]byte(body), &o) != nil || o.Kind != a.Object.Kind || o.APIVersion != a.Object.APIVersion {
			continue
		}
		if o.Metadata.Name == a.Object.Name {
			return
		}
	}
	t.Errorf("%s %s of %+v is in neither body", a.Verb, a.RequestURI, a.Object)
}
