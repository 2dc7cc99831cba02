package redact

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestDefectiveLayerKeepsIdentityOfAudit has the audit ID of an API server and
// some that a client chose.
func TestDefectiveLayerKeepsIdentityOfAudit(t *testing.T) {
	r := broken()
	at := time.Unix(1_800_000_000, 0)
	const uuid, hash = "aeffd5bf-9c40-452f-84dc-e99afa3ffda9", "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		auditID    event.AuditID
		stage      event.Stage
		id         event.RecordID
		keepsAudit bool
		keepsID    bool
	}{
		{uuid, event.StagePanic, "audit/" + uuid + "/Panic/0", true, true},
		{uuid, "s3cr3t", "audit/" + uuid + "/s3cr3t/0", true, false},
		{"client-chose-s3cr3t", event.StagePanic, "audit/client-chose-s3cr3t/Panic/0", false, false},
		{"aeffd5bf-9c40-452f-84dc-e99afa3ffdag", event.StagePanic, "audit/aeffd5bf-9c40-452f-84dc-e99afa3ffdag/Panic/0", false, false},
		// The pipeline has left the audit ID out already.
		{"client chose s3cr3t", event.StagePanic, "audit/" + hash, false, true},
		{hash, event.StagePanic, "audit/" + hash + "/Panic/0", false, false},
	} {
		rec := event.Record{
			Type: event.TypeAudit, ID: c.id, Time: at, Cluster: "c",
			Audit: &event.Audit{
				AuditID: c.auditID, Stage: c.stage, Level: event.LevelRequest, UserAgent: "s3cr3t", Code: 500,
				Actor:        event.Actor{Class: event.ActorHuman, Tool: "s3cr3t", ToolVersion: "s3cr3t", By: event.EvidenceUserAgent},
				ReceivedTime: at, StageTime: at, Request: "{}",
			},
		}
		out := r.Redact(rec).Fields()
		again := r.Redact(rec).Fields()
		if out.ID != again.ID || !strings.HasPrefix(string(out.ID), "audit/") || (out.ID == rec.ID) != c.keepsID {
			t.Errorf("%s: identity %s, then %s", c.id, out.ID, again.ID)
		}
		if !c.keepsID && !isAnonymous(event.TypeAudit, out.ID) {
			t.Errorf("%s: identity %s", c.id, out.ID)
		}
		want := &event.Audit{
			Level: event.LevelRequest, Code: 500, ReceivedTime: at, StageTime: at, Message: MarkWithheld,
			Actor: event.Actor{Class: event.ActorHuman, By: event.EvidenceUserAgent},
		}
		if c.stage == event.StagePanic {
			want.Stage = c.stage
		}
		if c.keepsAudit {
			want.AuditID = c.auditID
		}
		if !reflect.DeepEqual(out.Audit, want) {
			t.Errorf("%s: %+v", c.id, out.Audit)
		}
	}
}

// TestIdentityIsReplacedAsAWhole guards against identities that are no longer
// unique because a client hid a credential in its Audit-ID.
func TestIdentityIsReplacedAsAWhole(t *testing.T) {
	r := New(Options{Salt: testSalt})
	ids := map[event.RecordID]bool{}
	for _, id := range []event.RecordID{"audit/Authorization: Basic s3cr3t/Panic/1", "audit/Authorization: Basic s3cr3t/Panic/2", "audit/x/Panic/3"} {
		out := r.Redact(event.Record{Type: event.TypeAudit, ID: id, Audit: &event.Audit{}}).Fields()
		if strings.Contains(string(out.ID), "s3cr3t") || ids[out.ID] {
			t.Errorf("%s becomes %s", id, out.ID)
		}
		ids[out.ID] = true
	}
	if !ids["audit/x/Panic/3"] {
		t.Error("an identity without a secret was changed")
	}
}

// TestKeysThatBecomeEqual has keys that are only told apart by what is taken
// out of them: a map has each key once.
func TestKeysThatBecomeEqual(t *testing.T) {
	r := New(Options{Salt: testSalt})
	rec := event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{
		Annotations: []event.Annotation{{Key: "Authorization: a1", Value: "1"}, {Key: "Authorization: a2", Value: "2"}, {Key: "b", Value: "3"}},
		User:        event.User{Extra: []event.Extra{{Key: "Authorization: a1"}, {Key: "Authorization: a2"}}},
	}}
	out := r.Redact(rec).Fields()
	want := []event.Annotation{{Key: "Authorization: [redacted]", Value: "1"}, {Key: "b", Value: "3"}}
	if !reflect.DeepEqual(out.Audit.Annotations, want) || len(out.Audit.User.Extra) != 1 {
		t.Errorf("%+v", out.Audit)
	}
	reasons := []event.Withheld{{Path: "/audit/annotations", Reason: ReasonDuplicate}, {Path: "/audit/user/extra", Reason: ReasonDuplicate}}
	if !reflect.DeepEqual(out.Withheld, reasons) {
		t.Errorf("%+v", out.Withheld)
	}
}

// TestBodyLimits tells what is withheld altogether.
func TestBodyLimits(t *testing.T) {
	r := New(Options{Salt: testSalt})
	body := func(name string, object event.ObjectRef, in event.JSON, reason string) {
		t.Helper()
		rec := event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{Object: object, Response: in}}
		out := r.Redact(rec).Fields()
		if reason == "" {
			if out.Audit.Response != in || out.Withheld != nil {
				t.Errorf("%s: %d bytes, %v", name, len(out.Audit.Response), out.Withheld)
			}
			return
		}
		want := []event.Withheld{{Path: "/audit/response", Reason: reason}}
		if out.Audit.Response != "" || !reflect.DeepEqual(out.Withheld, want) {
			t.Errorf("%s: %.100s, %v", name, out.Audit.Response, out.Withheld)
		}
	}
	configMap := event.ObjectRef{APIVersion: "v1", Resource: "configmaps"}
	large := event.JSON(`{"data":{"a":"` + strings.Repeat("x", maxSize) + `"}}`)
	body("larger than an annotation may be", configMap, large, "")
	body("largest", configMap, event.JSON("["+strings.Repeat(" ", maxBodySize-2)+"]"), "")
	body("too large", configMap, event.JSON("["+strings.Repeat(" ", maxBodySize-1)+"]"), ReasonTooLarge)
	body("most values", configMap, event.JSON("["+strings.Repeat("1,", maxBodyNodes-2)+"1]"), "")
	body("too many values", configMap, event.JSON("["+strings.Repeat("1,", maxBodyNodes)+"1]"), ReasonTooLarge)
	body("deepest", configMap, event.JSON(strings.Repeat("[", MaxBodyDepth)+strings.Repeat("]", MaxBodyDepth)), "")
	body("too deep", configMap, event.JSON(strings.Repeat("[", MaxBodyDepth+1)+strings.Repeat("]", MaxBodyDepth+1)), ReasonTooDeep)
	quoted := strings.Repeat("[", MaxDepth-2) + strings.Repeat("]", MaxDepth-2)
	body("a text deeper than a body", configMap, event.JSON(`{"a":"`+quoted+`"}`), "")
	body("YAML", event.ObjectRef{Resource: "secrets"}, "data:\n  a: c2Vj\n", ReasonNotObject)
	body("a text", event.ObjectRef{Resource: "secrets"}, `"data:\n  a: c2Vj"`, ReasonNotObject)
	body("cut off", configMap, `{"data":{"a":"b`, ReasonNotJSON)
	body("more", configMap, `{} {}`, ReasonTrailing)
}

// TestWhoseBodyItIs has bodies that do not say what they are.
func TestWhoseBodyItIs(t *testing.T) {
	const merge, operation = `{"data":{"k":"c3VwZXI="}}`, `[{"op":"add","path":"/data/k","value":"c3VwZXI="}]`
	ref := func(version, resource, subresource string) event.ObjectRef {
		return event.ObjectRef{APIVersion: version, Resource: resource, Subresource: subresource}
	}
	configMaps, secrets := ref("v1", "configmaps", ""), ref("v1", "secrets", "")
	for _, c := range []struct {
		name     string
		object   event.ObjectRef
		recorded *event.ObjectRef
		body     event.JSON
		open     bool
	}{
		{"merge patch of a ConfigMap", configMaps, nil, merge, true},
		{"JSON patch of a ConfigMap", configMaps, nil, operation, true},
		{"root of a ConfigMap", configMaps, nil, `[{"op":"add","path":"","value":{"data":{"k":"c3VwZXI="}}}]`, true},
		{"the same object", configMaps, &configMaps, merge, true},
		{"patch of a Secret", secrets, nil, merge, false},
		{"operation on a Secret", secrets, nil, operation, false},
		{"a Secret that says otherwise", secrets, nil, `{"kind":"ConfigMap","data":{"k":"c3VwZXI="}}`, false},
		{"a list of Secrets that says otherwise", secrets, nil, `{"kind":"ConfigMapList","items":[{"data":{"k":"c3VwZXI="}}]}`, false},
		{"a Secret of another group", ref("x.io/v1", "secrets", ""), nil, merge, false},
		{"a status of Secrets", ref("v1", "secrets", "status"), nil, merge, false},
		{"no object", event.ObjectRef{}, nil, merge, false},
		{"ConfigMaps of another group", ref("x.io/v1", "configmaps", ""), nil, merge, false},
		{"a subresource", ref("v1", "configmaps", "x"), nil, operation, false},
		{"a custom resource", ref("x.io/v1", "widgets", ""), nil, merge, false},
		{"the same object, and more of it", configMaps, &event.ObjectRef{APIVersion: "v1", Kind: "ConfigMap", Resource: "configmaps", Namespace: "shop", Name: "web", UID: "u"}, merge, true},
		{"the same resource, and it is a Secret", configMaps, &event.ObjectRef{APIVersion: "v1", Kind: "Secret", Resource: "configmaps"}, merge, false},
		{"another object recorded", configMaps, &secrets, merge, false},
		{"another object recorded, neither a Secret", configMaps, &event.ObjectRef{Name: "x"}, merge, false},
		{"a Secret sent as ConfigMap", configMaps, nil, `{"kind":"Secret","data":{"k":"c3VwZXI="}}`, false},
		{"stringData", configMaps, nil, `{"stringData":{"k":"c3VwZXI="}}`, false},
		{"stringData by operation", configMaps, nil, `[{"op":"add","path":"/stringData/k","value":"c3VwZXI="}]`, false},
		{"a credential by operation", configMaps, nil, `[{"op":"add","path":"/data/token","value":"c3VwZXI="}]`, false},
		{"an operation deep in a ConfigMap", configMaps, nil, `{"x":{"y":` + operation + `}}`, false},
		{"an object within", configMaps, nil, `{"kind":"X","object":` + merge + `}`, false},
	} {
		rec := event.Record{Type: event.TypeAudit, ID: "i", Object: c.recorded, Audit: &event.Audit{Object: c.object, Request: c.body}}
		out := New(Options{Salt: testSalt}).Redact(rec).Fields().Audit.Request
		if open := strings.Contains(string(out), "c3VwZXI="); open != c.open || (c.open && out != c.body) {
			t.Errorf("%s: %s", c.name, out)
		}
	}
}

func TestRequestURI(t *testing.T) {
	r := New(Options{Salt: testSalt})
	for in, want := range map[string]string{
		"": "", "/healthz": "/healthz", "/?": "/?", "/api?&=&a": "/api?&=&a",
		"/api/v1/pods?labelSelector=app%3Dweb&limit=500&continue=eyJ2IjoibWV0YSJ9":              "/api/v1/pods?labelSelector=app%3Dweb&limit=500&continue=eyJ2IjoibWV0YSJ9",
		"/x/proxy/?access_token=s3cr3t&a=b":                                                     "/x/proxy/?access_token=[redacted]&a=b",
		"/x/proxy/?a=b&TOKEN=s3cr3t":                                                            "/x/proxy/?a=b&TOKEN=[redacted]",
		"/x/proxy/?to%6ben=s3cr3t":                                                              "/x/proxy/?to%6ben=[redacted]",
		"/x/proxy/?to%25%36ben=s3cr3t":                                                          "/x/proxy/?to%25%36ben=[redacted]",
		"/x/exec?command=--password=s3cr3t&command=x":                                           "/x/exec?command=[redacted]&command=x",
		"/x/exec?command=curl&command=-H&command=Authorization%3A+Basic+s3cr3t":                 "/x/exec?command=curl&command=-H&command=[redacted]",
		"/x/exec?command=--password%3Ds3cr3t":                                                   "/x/exec?command=[redacted]",
		"/x/exec?command=DB_PASSWORD%253Ds3cr3t":                                                "/x/exec?command=[redacted]",
		"/x/proxy/http:%2F%2Fu:s3cr3t@host/":                                                    "/x/proxy/http://u:[redacted]@host/",
		"/x/proxy/http://u:s3cr3t@host/?a=b":                                                    "/x/proxy/http://u:[redacted]@host/?a=b",
		"/x/proxy/?q=%7B%22kind%22:%22Secret%22,%22stringData%22:%7B%22a%22:%22s3cr3t%22%7D%7D": "/x/proxy/?q=[redacted]",
		"/x/proxy/?kind:%20Secret%0Adata:%0A%20a:%20s3cr3t":                                     "/x/proxy/?[withheld]",
		"/x/proxy/?a=%2525252525252":                                                            "/x/proxy/?a=[withheld]",
		"/x?a=1;token=s3cr3t":                                                                   "/x?a=1;token=[redacted]",
		"/x?a=1;b=2&c=3":                                                                        "/x?a=1;b=2&c=3",
		"/x?a%26token%3Ds3cr3t":                                                                 "/x?[redacted]",
		"/x?a=b%26token%3Ds3cr3t&c=d":                                                           "/x?a=[redacted]&c=d",
		"/x?a=b%2526token%253Ds3cr3t&c=d":                                                       "/x?a=[redacted]&c=d",
		"/x#token=s3cr3t":                                                                       "/x#token=[redacted]",
		"/x#a=b":                                                                                "/x#a=b",
		"/x?a=b#command=password:%20s3cr3t":                                                     "/x?a=b#command=[redacted]",
		"/x?a=b%26command%3Dpassword%3A%20s3cr3t":                                               "/x?a=[redacted]",
		"/x?a=b#token=s3cr3t":                                                                   "/x?a=b#token=[redacted]",
		"/x/proxy;token=s3cr3t/y;a=b?c=d":                                                       "/x/proxy;token=[redacted]?c=d",
		"/x/proxy/a%3Btoken%3Ds3cr3t/y":                                                         "/x/proxy/a;token=[redacted]",
		"/x/proxy/?u=http%3A%2F%2Fhost%2F%3Faccess_token%3Ds3cr3t":                              "/x/proxy/?u=[redacted]",
		"/x/exec?command=sh&command=-c&command=mysql+--password%3Ds3cr3t+db":                    "/x/exec?command=sh&command=-c&command=[redacted]",
		"/x/exec?command=sh&command=-c&command=cd+x%3B+TOKEN%3D%27s3 cr3t%27+run":               "/x/exec?command=sh&command=-c&command=[redacted]",
		"/api/v1/secrets?fieldSelector=metadata.name%3Ddefault-token,type%3Dx":                  "/api/v1/secrets?fieldSelector=metadata.name%3Ddefault-token,type%3Dx",

		"/x?a=%zz&b=%": "/x?a=%zz&b=%",
	} {
		rec := event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{RequestURI: in}}
		out := r.Redact(rec)
		if got := out.Fields().Audit.RequestURI; got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
		if withheld := len(out.Fields().Withheld) > 0; withheld != strings.Contains(want, MarkWithheld) {
			t.Errorf("%s: %v", in, out.Fields().Withheld)
		}
		if twice := r.Redact(out.Fields()).Fields().Audit.RequestURI; twice != want {
			t.Errorf("%s: redacted twice it is %s", in, twice)
		}
	}
}
