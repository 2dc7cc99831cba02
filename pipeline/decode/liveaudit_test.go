package decode

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What a body tells is relied on only if the server took it and it is the object.
func TestLiveOfAudit(t *testing.T) {
	const (
		head     = `{"auditID":"a","stage":"ResponseComplete","stageTimestamp":"2026-11-21T02:28:54Z","requestURI":"/api/v1/namespaces/shop/pods",`
		ref      = `"objectRef":{"resource":"pods","namespace":"shop","name":"p","apiVersion":"v1"},`
		created  = `"verb":"create","responseStatus":{"code":201},`
		body     = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"shop","uid":"u","labels":{"app":"web"}}}`
		request  = `"requestObject":` + body
		response = `"responseObject":` + body
	)
	live := event.Live{
		Ref:    event.ObjectRef{APIVersion: "v1", Kind: "Pod", Resource: "pods", Namespace: "shop", Name: "p", UID: "u"},
		Labels: []event.Label{{Key: "app", Value: "web"}},
	}
	unconfirmed := live
	unconfirmed.Ref.UID = ""
	for name, c := range map[string]struct {
		audit string
		want  *event.Live
	}{
		"created, answered":             {head + ref + created + response + `}`, &live},
		"created, asked":                {head + ref + created + request + `}`, &unconfirmed},
		"updated, asked":                {head + ref + `"verb":"update","responseStatus":{"code":200},` + request + `}`, &live},
		"read, answered":                {head + ref + `"verb":"get","responseStatus":{"code":200},` + response + `}`, &live},
		"deleted, answered":             {head + ref + `"verb":"delete","responseStatus":{"code":200},` + response + `}`, &live},
		"a patch that looks like it":    {head + ref + `"verb":"patch","responseStatus":{"code":200},` + request + `}`, nil},
		"refused":                       {head + ref + `"verb":"create","responseStatus":{"code":403},` + request + `}`, nil},
		"not answered yet":              {head[:26] + `RequestReceived","stageTimestamp":"2026-11-21T02:28:54Z",` + ref + `"verb":"create",` + request + `}`, nil},
		"a name generated":              {head + `"objectRef":{"resource":"pods","namespace":"shop","apiVersion":"v1"},` + created + response + `}`, &live},
		"a subresource":                 {head + `"objectRef":{"resource":"pods","subresource":"status","namespace":"shop","name":"p","apiVersion":"v1"},` + created + response + `}`, nil},
		"an answer of another name":     {head + `"objectRef":{"resource":"pods","namespace":"shop","name":"q","apiVersion":"v1"},"verb":"update","responseStatus":{"code":200},` + response + `}`, nil},
		"an answer of another object's": {head + ref + `"verb":"get","responseStatus":{"code":200},"responseObject":{"apiVersion":"v1","kind":"Status","metadata":{"name":"p"}}}`, nil},
		"no body":                       {head + ref + `"verb":"get","responseStatus":{"code":200}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := decodeAudit(t, c.audit)
			got, ok := keepOwn.Audit(&a)
			if ok != (c.want != nil) {
				t.Fatalf("told: %t, %+v", ok, got)
			}
			if c.want == nil {
				return
			}
			if diff := cmp.Diff(*c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
