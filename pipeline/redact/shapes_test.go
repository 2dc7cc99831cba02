package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// TestShapesOfSecretsInBodies has the shapes in which a Secret or a token comes
// in a request or its answer, one that reviews have thought of a line.
func TestShapesOfSecretsInBodies(t *testing.T) {
	r := redact.New(redact.Options{Salt: salt})
	encoded := base64.StdEncoding.EncodeToString([]byte(canary))
	none, configMaps := event.ObjectRef{}, event.ObjectRef{APIVersion: "v1", Resource: "configmaps", Name: "x"}
	of := func(version, resource, subresource string) event.ObjectRef {
		return event.ObjectRef{APIVersion: version, Resource: resource, Subresource: subresource}
	}
	quoted := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	applied := quoted(`{"apiVersion":"v1","data":{"p":"` + encoded + `"},"kind":"Secret"}`)
	for name, c := range map[string]struct {
		about event.ObjectRef
		body  string
	}{
		"table":                      {secrets, `{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[{"cells":["x","Opaque",1],"object":{"kind":"PartialObjectMetadata","metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":` + applied + `}}}}]}`},
		"patch of all":               {secrets, `[{"op":"replace","path":"","value":{"data":{"p":"` + encoded + `"}}}]`},
		"patch of all, ConfigMap":    {configMaps, `[{"op":"replace","path":"","value":{"kind":"Secret","data":{"p":"` + encoded + `"}}}]`},
		"patch of annotations":       {secrets, `[{"op":"replace","path":"/metadata/annotations","value":{"kubectl.kubernetes.io/last-applied-configuration":` + applied + `}}]`},
		"patch of what was applied":  {secrets, `[{"op":"replace","path":"/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration","value":` + applied + `}]`},
		"test by patch":              {secrets, `[{"op":"test","path":"/data/p","value":"` + encoded + `"}]`},
		"patch in other case":        {secrets, `[{"OP":"test","PATH":"/Data/p","Value":"` + encoded + `"}]`},
		"operation without list":     {secrets, `{"op":"add","path":"/data","value":{"p":"` + encoded + `"}}`},
		"strategic patch":            {secrets, `{"data":{"$patch":"replace","p":"` + encoded + `"}}`},
		"data that is no object":     {secrets, `{"data":["` + encoded + `"],"stringData":"` + canary + `"}`},
		"data within data":           {secrets, `{"kind":"Secret","immutable":true,"data":{"p":{"x":"` + encoded + `"}}}`},
		"data in other case":         {secrets, `{"kind":"Secret","DATA":{"p":"` + encoded + `"}}`},
		"another kind":               {secrets, `{"kind":"Scale","data":{"p":"` + encoded + `"}}`},
		"watch":                      {secrets, `{"type":"ADDED","object":{"kind":"Secret","data":{"p":"` + encoded + `"}}}`},
		"status of a cause":          {secrets, `{"kind":"Status","details":{"causes":[{"message":` + quoted(`Invalid value: "data:{"p":"`+encoded+`"}"`) + `}]}}`},
		"status":                     {secrets, `{"kind":"Status","message":` + quoted(`Secret "x" is invalid: data[p]: Invalid value: "`+canary+`": bad`) + `}`},
		"list without resource":      {none, `{"kind":"List","items":[{"kind":"Secret","data":{"p":"` + encoded + `"}}]}`},
		"admission":                  {none, `{"kind":"AdmissionReview","request":{"object":{"data":{"p":"` + encoded + `"}},"oldObject":{"data":{"p":"` + encoded + `"}}}}`},
		"escaped keys":               {none, `{"kind":"\u0053ecret","d\u0061ta":{"p":"` + encoded + `"}}`},
		"kind twice":                 {none, `{"kind":"ConfigMap","kind":"Secret","data":{"p":"` + encoded + `"}}`},
		"kind at the end":            {none, `{"data":{"p":"` + encoded + `"},"kind":"Secret"}`},
		"YAML in an annotation":      {none, `{"kind":"Pod","metadata":{"annotations":{"x":` + quoted("apiVersion: v1\nkind: Secret\ndata:\n  p: "+encoded+"\n") + `}}}`},
		"kubeconfig":                 {none, `{"kind":"Config","users":[{"user":{"token":"` + canary + `","client-key-data":"` + encoded + `","password":"` + canary + `"}}]}`},
		"variable":                   {none, `{"kind":"Pod","spec":{"containers":[{"env":[{"name":"DB_PASSWORD","value":"` + canary + `"}]}]}}`},
		"variable by patch":          {none, `[{"op":"add","path":"/spec/containers/0/env/-","value":{"name":"DB_PASSWORD","value":"` + canary + `"}}]`},
		"argument":                   {none, `{"kind":"Pod","spec":{"containers":[{"args":["--password=` + canary + `"]}]}}`},
		"token review":               {of("authentication.k8s.io/v1", "tokenreviews", ""), `{"kind":"TokenReview","spec":{"token":"` + canary + `"},"status":{"user":{"extra":{}}}}`},
		"token request":              {of("v1", "serviceaccounts", "token"), `{"kind":"TokenRequest","status":{"token":"` + canary + `"}}`},
		"template of a Secret":       {of("example.com/v1", "sealedwidgets", ""), `{"kind":"Widget","spec":{"template":{"kind":"Secret","data":{"p":"` + encoded + `"}}}}`},
		"stringData of another kind": {of("external-secrets.io/v1", "externalsecrets", ""), `{"kind":"ExternalSecret","spec":{"target":{"template":{"stringData":{"p":"` + canary + `"}}}}}`},
	} {
		if !json.Valid([]byte(c.body)) {
			t.Fatalf("%s is no JSON", name)
		}
		body := event.JSON(c.body)
		out := r.Redact(event.Record{Type: event.TypeAudit, ID: "i", Object: &c.about, Audit: &event.Audit{Object: c.about, Request: body, Response: body}})
		for _, got := range []event.JSON{out.Fields().Audit.Request, out.Fields().Audit.Response} {
			if form := leak([]byte(got), canary); form != "" || strings.Contains(string(got), strings.TrimRight(encoded, "=")) {
				t.Errorf("%s leaks: %s", name, got)
			}
		}
	}
}
