package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

// events quote the values: each in many notations in a message, and where else in
// an event a string can stand.
func (s *sensitive) events() [][]request {
	var texts []string
	for range plant.Kinds() {
		for range s.forms {
			texts = append(texts, s.noted())
		}
	}
	rows := says("message", texts...)
	place := func(more members) {
		e := occurred(fmt.Sprintf("place-%d", len(rows)), more)
		rows = append(rows, []request{{method: http.MethodPost, path: in("events"), body: e, code: http.StatusCreated}})
	}
	for range s.forms {
		place(members{"metadata": members{"annotations": members{"example.com/note": s.noted(), "note": s.next().text}}})
		place(members{"reason": s.next().text, "source": members{"component": s.next().text, "host": s.next().text}})
		place(members{"metadata": members{"labels": members{"note": s.plain(isLabel), s.plain(isLabel): "yes"}}})
		place(members{"involvedObject": members{"kind": "Pod", "namespace": grove, "name": s.next().text, "fieldPath": "spec.containers{" + s.next().text + "}"}})
		place(members{"related": members{"kind": "Secret", "namespace": grove, "name": s.next().text}, "action": s.next().text})
		// The same through the newer API, which has a limit.
		note := s.noted()
		for len(note) > 1000 {
			note = s.noted()
		}
		e := planted("events.k8s.io/v1", "Event", fmt.Sprintf("note-%d", len(rows)), members{
			"regarding": members{"apiVersion": "v1", "kind": "Pod", "namespace": grove, "name": "web"}, "reason": "Failed", "note": note,
			"type": "Warning", "action": "Pulling", "eventTime": "2099-11-21T10:00:00.000000Z",
			"reportingController": "example.com/baker", "reportingInstance": "baker-1",
		})
		rows = append(rows, []request{{method: http.MethodPost, path: "/apis/events.k8s.io/v1/namespaces/" + grove + "/events", body: e, code: http.StatusCreated}})
	}
	return rows
}

// tokens are credentials that are known by their shape alone, with the part of
// each that must not be left.
func (s *sensitive) tokens() (rows [][]request, secrets []string) {
	var texts []string
	for _, kind := range plant.Tokens() {
		token := kind.New(s.random)
		secrets = append(secrets, plant.Secret(token))
		texts = append(texts, "cannot connect: "+token+" was refused")
	}
	return says("token", texts...), secrets
}

// configMaps hold what users put into files.
func (s *sensitive) configMaps(t testing.TB) [][]request {
	t.Helper()
	var rows [][]request
	for i := range plant.Kinds() {
		name := fmt.Sprintf("settings-%d", i)
		data := members{}
		for _, form := range s.forms {
			data["notation-"+strings.Map(dashed, form.Name)] = form.Write(s.random, s.next().text)
		}
		for levels := 1; levels <= 3; levels++ {
			data[fmt.Sprintf("nested-%d.json", levels)] = nested(t, s.noted(), levels)
		}
		data["app.yaml"] = "settings:\n  one: two\n  key: " + s.next().text + "\n  list: [a, " + s.plain(isLabel) + "]\n"
		data["app.properties"] = "db.user=shop\ndb.pass=" + s.next().text + "\n"
		data["script.sh"] = "curl -u shop:" + s.next().text + " \\\n  https://shop/?key=" + s.noted() + "\n"
		binary := members{"blob": base64.StdEncoding.EncodeToString([]byte("\x00\x01" + s.next().text + "\xff"))}
		whole := planted("v1", "ConfigMap", name, members{
			"metadata": members{"annotations": members{"example.com/note": s.noted()}, "labels": members{"note": s.plain(isLabel)}},
			"data":     data, "binaryData": binary,
		})
		changed := planted("v1", "ConfigMap", name, members{"data": members{"only": s.noted()}, "binaryData": binary})
		pointer := strings.NewReplacer("~", "~0", "/", "~1")
		rows = append(rows, []request{
			{method: http.MethodPost, path: in("configmaps"), body: whole, code: http.StatusCreated},
			{method: http.MethodGet, path: in("configmaps", name), code: http.StatusOK},
			{method: http.MethodPut, path: in("configmaps", name), body: changed, code: http.StatusOK},
			{method: http.MethodPatch, path: in("configmaps", name), kind: jsonPatch, code: http.StatusOK, body: []any{
				members{"op": "test", "path": "/data/only", "value": changed["data"].(members)["only"]},
				members{"op": "add", "path": "/data/more", "value": s.noted()},
				members{"op": "add", "path": "/metadata/annotations", "value": members{"a": s.next().text}},
			}},
			{method: http.MethodPatch, path: in("configmaps", name), kind: jsonPatch, code: http.StatusUnprocessableEntity, body: []any{
				members{"op": "remove", "path": "/data/" + pointer.Replace(s.next().text)},
			}},
			{method: http.MethodPatch, path: in("configmaps", name), kind: mergePatch, code: http.StatusOK, body: members{"data": members{"merged": s.noted()}}},
			{method: http.MethodPatch, path: in("configmaps", name), kind: strategicPatch, code: http.StatusOK, body: members{"$retainKeys": []any{"apiVersion", "kind", "metadata", "data"}, "data": members{"strategic": s.noted()}}},
			{method: http.MethodPatch, path: in("configmaps", name) + "?fieldManager=apply&force=true", kind: applyPatch, code: http.StatusOK, body: planted("v1", "ConfigMap", name, members{"data": members{"applied": s.noted()}})},
			{method: http.MethodDelete, path: in("configmaps", name), code: http.StatusOK},
		})
	}
	return rows
}

// dashed makes of a text what can be a key.
func dashed(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
		return c
	}
	return '-'
}

// workloads have values in variables, arguments and annotations.
func (s *sensitive) workloads() [][]request {
	var rows [][]request
	for i := range plant.Kinds() {
		name := fmt.Sprintf("web-%d", i)
		pod := func() members {
			return members{
				"metadata": members{"labels": members{"app": name, "note": s.plain(isLabel)}, "annotations": members{"example.com/note": s.noted()}},
				"spec": members{"containers": []any{members{
					"name": "web", "image": "registry.example/web:1",
					"env": []any{
						members{"name": "SETTING", "value": s.next().text},
						members{"name": "OTHER", "value": s.noted()},
						members{"name": "DB_PASSWORD", "value": s.unknown()},
						members{"name": "DATABASE_URL", "value": "postgres://shop:" + s.plain(isLabel) + "@db/shop"},
					},
					"command": []any{"sh", "-c", "exec web --key " + s.next().text + " --other=" + s.noted()},
					"args":    []any{"--setting", s.next().text, "--other=" + s.noted()},
					"lifecycle": members{"postStart": members{"exec": members{"command": []any{"echo", s.next().text}}}, "preStop": members{"httpGet": members{
						"path": "/?key=" + s.noted(), "port": 80, "httpHeaders": []any{members{"name": "X-Note", "value": s.next().text}},
					}}},
				}}},
			}
		}
		deployment := planted("apps/v1", "Deployment", name, members{
			"metadata": members{"annotations": members{"example.com/note": s.noted(), "example.com/json": `{"a":["` + s.plain(isLabel) + `"]}`}},
			"spec":     members{"selector": members{"matchLabels": members{"app": name}}, "template": pod()},
		})
		container := func() members {
			return members{"spec": members{"template": members{"spec": members{"containers": []any{members{"name": "web", "env": []any{members{"name": "ADDED", "value": s.noted()}}}}}}}}
		}
		deployments := "/apis/apps/v1/namespaces/" + grove + "/deployments"
		rows = append(rows, []request{
			{method: http.MethodPost, path: deployments, body: deployment, code: http.StatusCreated},
			{method: http.MethodPatch, path: deployments + "/" + name, kind: strategicPatch, body: container(), code: http.StatusOK},
			{method: http.MethodPatch, path: deployments + "/" + name, kind: jsonPatch, code: http.StatusOK, body: []any{
				members{"op": "replace", "path": "/spec/template/spec/containers/0/args/1", "value": s.noted()},
			}},
			{method: http.MethodPost, path: in("pods"), body: with(planted("v1", "Pod", name, nil), pod()), code: http.StatusCreated},
		})
	}
	return rows
}
