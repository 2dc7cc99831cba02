package plant

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"math/rand/v2"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Shapes are the places at which Kubernetes writes a secret down so that its
// surroundings tell it is one. Their text is the plain value.
func Shapes() []Place {
	body := func(name, verb string, about event.ObjectRef, bodyOf func(r *rand.Rand, v string) any) Place {
		return Place{name, func(r *rand.Rand, _ event.JSON, v string) event.Record {
			rec := request(r, marshal(bodyOf(r, v)))
			rec.Audit.Verb, rec.Audit.Object, rec.Object = verb, about, new(about)
			return rec
		}}
	}
	secrets := event.ObjectRef{APIVersion: "v1", Resource: "secrets", Namespace: "shop", Name: "db"}
	configMaps := event.ObjectRef{APIVersion: "v1", Resource: "configmaps", Namespace: "shop", Name: "c"}
	pods := event.ObjectRef{APIVersion: "v1", Resource: "pods", Namespace: "shop", Name: "web"}
	type m = map[string]any
	manifest := func(v string) m {
		return m{"apiVersion": "v1", "kind": "Secret", "metadata": m{"name": "db", "namespace": "shop"}, "data": m{"password": encode64(v)}, "stringData": m{"other": v}}
	}
	applied := func(v any) m {
		return m{"metadata": m{"annotations": m{"kubectl.kubernetes.io/last-applied-configuration": string(marshal(v))}}}
	}
	return []Place{
		body("Secret", "create", secrets, func(_ *rand.Rand, v string) any { return manifest(v) }),
		body("list of Secrets", "list", secrets, func(_ *rand.Rand, v string) any {
			return m{"kind": "SecretList", "apiVersion": "v1", "items": []any{m{"metadata": m{"name": "a"}, "data": m{"k": encode64(v)}}}}
		}),
		body("List", "create", pods, func(_ *rand.Rand, v string) any {
			return m{"kind": "List", "apiVersion": "v1", "items": []any{m{"kind": "List", "items": []any{manifest(v)}}}}
		}),
		body("last-applied", "update", secrets, func(_ *rand.Rand, v string) any { return applied(manifest(v)) }),
		body("last-applied in last-applied", "update", pods, func(_ *rand.Rand, v string) any {
			inner := manifest(v)
			inner["metadata"] = applied(manifest(v))["metadata"]
			return applied(inner)
		}),
		body("JSON patch of data", "patch", secrets, func(_ *rand.Rand, v string) any {
			return []any{m{"op": "replace", "path": "/data/a~1b", "value": encode64(v)}, m{"op": "test", "path": "/stringData/c", "value": v}}
		}),
		body("JSON patch of all data", "patch", secrets, func(_ *rand.Rand, v string) any {
			return []any{m{"op": "add", "path": "/data", "value": m{"k": encode64(v)}}}
		}),
		body("JSON patch of last-applied", "patch", secrets, func(_ *rand.Rand, v string) any {
			return []any{m{"op": "add", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration", "value": string(marshal(manifest(v)))}}
		}),
		body("merge patch", "patch", secrets, func(_ *rand.Rand, v string) any { return m{"data": m{"k": encode64(v)}, "stringData": m{"l": v}} }),
		body("strategic merge patch", "patch", secrets, func(_ *rand.Rand, v string) any {
			return m{"$retainKeys": []any{"data"}, "data": m{"k": encode64(v), "gone": nil}}
		}),
		body("server-side apply", "patch", secrets, func(_ *rand.Rand, v string) any {
			return m{"apiVersion": "v1", "kind": "Secret", "stringData": m{"k": v}}
		}),
		body("admission review", "create", pods, func(_ *rand.Rand, v string) any {
			return m{"kind": "AdmissionReview", "request": m{"object": manifest(v), "oldObject": m{"data": m{"k": encode64(v)}}}}
		}),
		body("token of a service account", "create", event.ObjectRef{APIVersion: "v1", Resource: "serviceaccounts", Subresource: "token", Name: "a"}, func(_ *rand.Rand, v string) any {
			return m{"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": m{"audiences": []any{"a"}}, "status": m{"token": v}}
		}),
		body("token review", "create", event.ObjectRef{APIVersion: "authentication.k8s.io/v1", Resource: "tokenreviews"}, func(_ *rand.Rand, v string) any {
			return m{"kind": "TokenReview", "spec": m{"token": v}, "status": m{"authenticated": true}}
		}),
		body("kubeconfig in a ConfigMap", "update", configMaps, func(_ *rand.Rand, v string) any {
			return m{"kind": "ConfigMap", "apiVersion": "v1", "data": m{"config": "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: " + string(marshal(v)) + "\n    client-key-data: " + encode64(v) + "\n"}}
		}),
		body("Docker config in a ConfigMap", "update", configMaps, func(_ *rand.Rand, v string) any {
			return m{"kind": "ConfigMap", "apiVersion": "v1", "data": m{"config.json": string(marshal(m{"auths": m{"r.example.com": m{"username": "u", "password": v, "auth": encode64("u:" + v)}}}))}}
		}),
		body("Helm release", "create", secrets, func(_ *rand.Rand, v string) any {
			return m{"kind": "Secret", "apiVersion": "v1", "type": "helm.sh/release.v1", "data": m{"release": encode64(encode64(compressed(string(marshal(m{"name": "shop", "config": m{"password": v}})))))}}
		}),
		body("Helm release in a ConfigMap", "create", configMaps, func(_ *rand.Rand, v string) any {
			return m{
				"kind": "ConfigMap", "apiVersion": "v1", "metadata": m{"labels": m{"owner": "helm"}},
				"data": m{"release": encode64(compressed(string(marshal(m{"name": "shop", "config": m{"password": v}}))))},
			}
		}),
		body("variable of a pod", "create", pods, func(_ *rand.Rand, v string) any {
			return m{"kind": "Pod", "spec": m{"containers": []any{m{"name": "c", "env": []any{m{"name": "DB_PASSWORD", "value": v}}}}}}
		}),
		body("argument of a pod", "create", pods, func(_ *rand.Rand, v string) any {
			return m{"kind": "Pod", "spec": m{"containers": []any{m{"name": "c", "args": []any{"--db-password", v}}}}}
		}),
		body("key of a client", "update", pods, func(_ *rand.Rand, v string) any {
			return m{"kind": "Thing", "spec": m{"client-key-data": encode64(v), "password": v, "access_token": v}}
		}),
	}
}

func encode64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func compressed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return strings.Clone(b.String())
}
