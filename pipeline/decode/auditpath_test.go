package decode

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestParsePath(t *testing.T) {
	for uri, want := range map[string]resourcePath{
		"/api/v1/pods":                                   {version: "v1", resource: "pods"},
		"/api/v1/namespaces":                             {version: "v1", resource: "namespaces"},
		"/api/v1/namespaces?limit=5":                     {version: "v1", resource: "namespaces"},
		"/api/v1/namespaces/shop":                        {version: "v1", namespace: "shop", resource: "namespaces", name: "shop"},
		"/api/v1/namespaces/shop/":                       {version: "v1", namespace: "shop", resource: "namespaces", name: "shop"},
		"/api/v1/namespaces/shop/status":                 {version: "v1", namespace: "shop", resource: "namespaces", name: "shop", subresource: "status"},
		"/api/v1/namespaces/shop/finalize":               {version: "v1", namespace: "shop", resource: "namespaces", name: "shop", subresource: "finalize"},
		"/api/v1/namespaces/status":                      {version: "v1", namespace: "status", resource: "namespaces", name: "status"},
		"/api/v1/namespaces/shop/statuses":               {version: "v1", namespace: "shop", resource: "statuses"},
		"/api/v1/namespaces/shop/pods":                   {version: "v1", namespace: "shop", resource: "pods"},
		"/api/v1/namespaces/shop/pods/p/log?follow=true": {version: "v1", namespace: "shop", resource: "pods", name: "p", subresource: "log"},
		"/api/v1/namespaces/shop/pods/p/proxy/a/b":       {version: "v1", namespace: "shop", resource: "pods", name: "p", subresource: "proxy"},
		"/api/v1/watch/namespaces/shop/pods":             {version: "v1", namespace: "shop", resource: "pods"},
		"/api/v1/watch/pods":                             {version: "v1", resource: "pods"},
		"/api/v1/proxy/namespaces/shop/pods/p/x":         {version: "v1", namespace: "shop", resource: "pods", name: "p"},
		"/apis/apps/v1/deployments":                      {group: "apps", version: "v1", resource: "deployments"},
		"/apis/apps/v1/namespaces/shop/deployments/d":    {group: "apps", version: "v1", namespace: "shop", resource: "deployments", name: "d"},
		"/apis/apps/v1/watch/namespaces/shop/d":          {group: "apps", version: "v1", namespace: "shop", resource: "d"},
		"/apis/apps/v1/x/namespaces/shop/pods":           {group: "apps", version: "v1", resource: "x", name: "namespaces", subresource: "shop"},
		// Slashes are trimmed at both ends and count in between.
		"//api/v1/namespaces/shop/pods//": {version: "v1", namespace: "shop", resource: "pods"},
		"/api/v1//namespaces/shop/pods":   {version: "v1", name: "namespaces", subresource: "shop"},
		"/api/v1/namespaces//pods":        {version: "v1", resource: "pods"},
		"/api//namespaces/shop/pods":      {namespace: "shop", resource: "pods"},
		// Escapes are decoded once, before the path is taken apart.
		"/api/v1/namespaces/%73hop/pods":           {version: "v1", namespace: "shop", resource: "pods"},
		"/%61pi/v1/namespaces%2Fshop%2fpods":       {version: "v1", namespace: "shop", resource: "pods"},
		"/api/v1/namespaces/%2573hop/pods":         {version: "v1", namespace: "%73hop", resource: "pods"},
		"/api/v1/namespaces/a%3Fb/pods":            {version: "v1", namespace: "a?b", resource: "pods"},
		"/api/v1/pods?x=/api/v1/namespaces/shop/p": {version: "v1", resource: "pods"},
		"/api/v1/namespaces/%ff/pods":              {version: "v1", namespace: "\uFFFD", resource: "pods"},
	} {
		if got, ok := parsePath(uri); !ok || got != want {
			t.Errorf("%s: %v, got %+v, want %+v", uri, ok, got, want)
		}
	}
	for _, uri := range []string{
		"", "/", "*", "api/v1/pods", "/api", "/api/v1", "/api/v1/", "/apis", "/apis/apps", "/apis/apps/v1", "/apis/apps/v1/", "/healthz",
		"/api/v1/watch", "/api/v1/proxy/", "/apis/apps/v1/watch", "/API/v1/pods", "/oapi/v1/namespaces/shop/pods", "/api/v1/%zz/pods",
		"http://host/api/v1/pods", "/?/api/v1/pods",
	} {
		if got, ok := parsePath(uri); ok {
			t.Errorf("%q: got %+v", uri, got)
		}
	}
}

// The API server puts what the client wrote into metadata.namespace into
// objectRef where the path names no namespace.
func TestAuditNamespaceIsThatOfThePath(t *testing.T) {
	const ref = `,"objectRef":{"resource":"r","namespace":"kube-system","name":"n","apiVersion":"v1"},"responseStatus":{"code":201},` +
		`"requestObject":{"kind":"R","apiVersion":"v1","metadata":{"name":"n","namespace":"kube-system"}}}`
	for uri, want := range map[string]event.Namespace{
		"/api/v1/rs":                     "",
		"/api/v1/rs?namespace=x":         "",
		"/apis/g/v1/rs":                  "",
		"/api/v1/namespaces/shop/rs":     "shop",
		"/api/v1/namespaces/sh%6Fp/rs/n": "shop",
		"/api/v1/namespaces":             "",
		"/api/v1/namespaces/shop/status": "shop",
		// Nothing else is known than what objectRef says.
		"":                                "kube-system",
		"/custom/v1/namespaces/shop/rs":   "kube-system",
		"/api/v1/namespaces/shop/rs/%zz?": "kube-system",
	} {
		a := decodeAudit(t, minimal+`,"verb":"create","requestURI":"`+uri+`"`+ref)
		if a.Object.Namespace != want {
			t.Errorf("%s: %q, want %q", uri, a.Object.Namespace, want)
		}
	}
	// Without objectRef nothing is made up.
	if a := decodeAudit(t, minimal+`,"verb":"get","requestURI":"/api/v1/namespaces/shop/pods"}`); !a.Object.IsZero() {
		t.Errorf("got %+v", a.Object)
	}
}

func TestAuditUIDIsTheServersWord(t *testing.T) {
	const response = `,"responseObject":{"kind":"R","apiVersion":"v1","metadata":{"name":"n","uid":"server"}}`
	for _, tt := range []struct {
		verb, code, more string
		want             event.UID
	}{
		{"create", "201", "", ""},
		{"create", "200", "", ""},
		{"create", "201", response, "server"},
		{"update", "200", "", "client"},
		{"update", "409", "", ""},
		{"update", "201", "", ""},
		{"update", "201", response, "server"},
		{"delete", "200", "", "client"},
	} {
		a := decodeAudit(t, minimal+`,"verb":"`+tt.verb+`","requestURI":"/api/v1/rs/n","objectRef":{"resource":"r","name":"n","uid":"client","apiVersion":"v1"},`+
			`"responseStatus":{"code":`+tt.code+`},"requestObject":{"kind":"R","apiVersion":"v1","metadata":{"name":"n","uid":"client"}}`+tt.more+`}`)
		if a.Object.UID != tt.want {
			t.Errorf("%s %s %q: UID %q, want %q", tt.verb, tt.code, tt.more, a.Object.UID, tt.want)
		}
	}
}
