package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/test/controlplane"
)

// isName tells what an object, a container and an application can be called.
func isName(s string) bool {
	return len(s) <= 53 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// names are where values are what something is called by: objects and their
// owners, namespaces, applications, containers, keys and who changed a field.
func (s *sensitive) names() [][]request {
	var rows [][]request
	const now = "2026-11-21T10:00:00Z"
	used := map[string]bool{}
	name := func() string {
		v := s.plain(func(v string) bool { return isName(v) && !used[v] })
		used[v] = true
		return v
	}
	for range 4 {
		pod, app, container, deployment := name(), s.plain(isName), s.plain(isName), name()
		labels := members{"labels": members{"app.kubernetes.io/part-of": app, "app.kubernetes.io/instance": s.plain(isLabel), "app.kubernetes.io/version": s.plain(isLabel)}}
		spec := members{"containers": []any{members{"name": container, "image": "registry.example/" + s.plain(isName) + ":" + s.plain(isLabel)}}}
		waiting := members{
			"name": container, "image": "x", "imageID": "x", "ready": false, "restartCount": 1,
			"state": members{"waiting": members{"reason": s.plain(isLabel), "message": s.noted()}},
		}
		rows = append(rows, []request{
			{method: http.MethodPost, path: in("pods"), code: http.StatusCreated, body: with(planted("v1", "Pod", pod, members{"metadata": labels}), members{"spec": spec})},
			{method: http.MethodPatch, path: in("pods", pod, "status"), kind: mergePatch, code: http.StatusOK, body: members{"status": members{
				"phase": "Running", "containerStatuses": []any{waiting},
			}}},
			{method: http.MethodPost, path: in("events"), code: http.StatusCreated, body: occurred("of-"+pod, members{
				"involvedObject": members{"apiVersion": "v1", "kind": "Pod", "namespace": grove, "name": pod, "fieldPath": "spec.containers{" + container + "}"}, "message": "about " + pod,
			})},
			{method: http.MethodPost, path: "/apis/apps/v1/namespaces/" + grove + "/deployments", code: http.StatusCreated, body: planted("apps/v1", "Deployment", deployment, members{
				"metadata": labels, "spec": members{"selector": members{"matchLabels": members{"a": deployment}}, "template": members{"metadata": members{"labels": members{"a": deployment}}, "spec": spec}},
			})},
		})
		namespace := name()
		rows = append(rows, []request{
			{method: http.MethodPost, path: "/api/v1/namespaces", code: http.StatusCreated, body: members{"apiVersion": "v1", "kind": "Namespace", "metadata": members{"name": namespace}}},
			{method: http.MethodPost, path: "/api/v1/namespaces/" + namespace + "/events", code: http.StatusCreated, body: with(occurred("in-"+namespace, nil), members{
				"metadata": members{"namespace": namespace}, "involvedObject": members{"kind": "Pod", "namespace": namespace, "name": "web"},
			})},
			{method: http.MethodPost, path: "/api/v1/namespaces/" + namespace + "/configmaps", code: http.StatusCreated, body: members{"apiVersion": "v1", "kind": "ConfigMap", "metadata": with(members{"name": pod}, labels)}},
		})
		key, manager := s.plain(isLabel), "?fieldManager="+s.plain(isName)
		config := name()
		rows = append(rows, []request{
			{method: http.MethodPost, path: in("configmaps") + manager, code: http.StatusCreated, body: planted("v1", "ConfigMap", config, members{"data": members{key: "1", "a": "b"}})},
			{method: http.MethodPatch, path: in("configmaps", config) + manager, kind: jsonPatch, code: http.StatusOK, body: []any{members{"op": "replace", "path": "/data/" + key, "value": "2"}}},
			{method: http.MethodPatch, path: in("configmaps", config) + manager, kind: mergePatch, code: http.StatusOK, body: members{"data": members{s.plain(isLabel): "3"}, "metadata": members{"annotations": members{s.plain(isLabel): "4"}}}},
			{method: http.MethodPut, path: in("configmaps", config), code: http.StatusOK, body: planted("v1", "ConfigMap", config, members{"data": members{s.plain(isLabel): "5"}})},
			{method: http.MethodPost, path: in("events"), code: http.StatusCreated, body: occurred("keys-"+config, members{"metadata": members{"annotations": members{s.plain(isLabel): "6", "example.com/" + s.plain(isLabel): "7"}}})},
			{method: http.MethodGet, path: in("configmaps"), code: http.StatusForbidden, headers: map[string]string{"Impersonate-User": "somebody", "Impersonate-Extra-" + s.plain(isName): s.plain(isHeader)}},
		})
		widget := name()
		rows = append(rows, []request{
			{method: http.MethodPost, path: widgetsPath, code: http.StatusCreated, body: with(planted("status.example.com/v1", "Widget", widget, members{"metadata": labels}), members{"spec": members{"size": "large"}})},
			{method: http.MethodPatch, path: widgetsPath + "/" + widget + "/status", kind: mergePatch, code: http.StatusOK, body: members{"status": members{
				"conditions": []any{members{"type": "Ready", "status": "False", "reason": s.plain(isLabel), "message": s.next().text, "lastTransitionTime": now}},
			}}},
			{method: http.MethodDelete, path: widgetsPath + "/" + widget, code: http.StatusOK},
		})
	}
	return rows
}

// releaseByName installs and removes a release that is called by a value.
func (s *sensitive) releaseByName(ctx context.Context, t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	h := newHelm(t, c, grove)
	name := s.plain(isName)
	h.run(ctx, t, "install", name, "testdata/planted/vault", "--set", "said="+s.plain(isLabel), "--description", fmt.Sprintf("installed with %s", s.next().text))
	h.run(ctx, t, "uninstall", name)
}
