package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/redact/plant"
	"github.com/fluent-live/live-status/test/controlplane"
)

const widgetsPath = "/apis/status.example.com/v1/namespaces/" + grove + "/widgets"

// applied are objects as kubectl applies them: with values in what it keeps of
// them, where they are compared with later.
func (s *sensitive) applied(t testing.TB, keys []string) string {
	t.Helper()
	var items []any
	for i := range plant.Kinds() {
		name := fmt.Sprintf("applied-%d", i)
		labels := members{"labels": members{"app.kubernetes.io/part-of": fmt.Sprintf("app-%d", i%3)}}
		items = append(items,
			with(planted("status.example.com/v1", "Widget", name, members{"metadata": labels}), members{"spec": members{"size": s.noted(), "tags": []any{s.next().text, "b"}}}),
			planted("v1", "ConfigMap", name, members{"metadata": labels, "data": members{"a": s.noted(), "b": s.next().text, keys[i]: "1"}}),
			planted("v1", "Secret", name, members{"metadata": labels, "stringData": members{"a": s.unknown(), "b": s.noted()}}),
			planted("apps/v1", "Deployment", name, members{"metadata": labels, "spec": members{
				"selector": members{"matchLabels": members{"a": name}},
				"template": members{"metadata": members{"labels": members{"a": name}}, "spec": members{"containers": []any{members{
					"name": "a", "image": "x", "env": []any{members{"name": "SETTING", "value": s.noted()}, members{"name": "API_TOKEN", "value": s.unknown()}}, "args": []any{s.next().text},
				}}}},
			}}),
		)
	}
	return string(marshalled(t, members{"apiVersion": "v1", "kind": "List", "items": items}))
}

// appliedByServer are objects as kubectl has the server apply them.
func (s *sensitive) appliedByServer(t testing.TB) string {
	t.Helper()
	var items []any
	for i := range plant.Kinds() {
		name := fmt.Sprintf("server-%d", i)
		items = append(items,
			planted("v1", "ConfigMap", name, members{"data": members{"a": s.noted(), "b": s.next().text}}),
			planted("v1", "Secret", name, members{"stringData": members{"a": s.unknown(), "b": s.noted()}}),
		)
	}
	return string(marshalled(t, members{"apiVersion": "v1", "kind": "List", "items": items}))
}

// keys are values by which fields of what is applied are called.
func (s *sensitive) keys() []string {
	var keys []string
	for range plant.Kinds() {
		keys = append(keys, s.plain(isLabel))
	}
	return keys
}

// drift changes by hand what was applied: what it should be, what it is and who
// changed it are told.
func (s *sensitive) drift(keys []string) [][]request {
	var rows [][]request
	for i := range plant.Kinds() {
		name := fmt.Sprintf("applied-%d", i)
		patch := func(path string, body any) request {
			return request{method: http.MethodPatch, path: path + "?fieldManager=" + s.plain(isName), kind: mergePatch, code: http.StatusOK, body: body}
		}
		rows = append(rows, []request{
			patch(widgetsPath+"/"+name, members{"spec": members{"size": s.noted(), "tags": []any{s.noted()}}}),
			patch(in("configmaps", name), members{"data": members{"a": s.noted(), keys[i]: "2"}}),
			patch(in("secrets", name), members{"stringData": members{"a": s.unknown(), "b": s.next().text}}),
			{
				method: http.MethodPatch, path: "/apis/apps/v1/namespaces/" + grove + "/deployments/" + name, kind: strategicPatch, code: http.StatusOK,
				body: members{"spec": members{"template": members{"spec": members{"containers": []any{members{
					"name": "a", "env": []any{members{"name": "SETTING", "value": s.noted()}, members{"name": "API_TOKEN", "value": s.unknown()}}, "args": []any{s.next().text},
				}}}}}},
			},
		})
	}
	return rows
}

// statuses are what operators and kubelets say.
func (s *sensitive) statuses() [][]request {
	var rows [][]request
	const now = "2026-11-21T10:00:00Z"
	for i := range plant.Kinds() {
		var row []request
		widget := fmt.Sprintf("applied-%d", i)
		for turn, ready := range []string{"False", "True", "False"} {
			row = append(row, request{method: http.MethodPatch, path: widgetsPath + "/" + widget + "/status", kind: mergePatch, code: http.StatusOK, body: members{"status": members{
				"note": s.next().text, "conditions": []any{members{
					"type": "Ready", "status": ready, "reason": fmt.Sprintf("Turn%d", turn), "message": "could not log in: " + s.noted(), "lastTransitionTime": now,
				}, members{"type": s.plain(isLabel), "status": "True", "reason": s.plain(isLabel), "message": s.noted(), "lastTransitionTime": now}},
			}}})
		}
		// Other kinds quote in what they wait for.
		ended := func(state, message string) members {
			return members{"name": "web", "image": "x", "imageID": "x", "ready": false, "restartCount": 3, "state": members{"waiting": members{"reason": "CrashLoopBackOff", "message": message}}, "lastState": members{state: members{
				"exitCode": 1, "reason": "Error", "message": message, "startedAt": now, "finishedAt": now,
			}}}
		}
		for range 2 {
			row = append(row, request{method: http.MethodPatch, path: in("pods", fmt.Sprintf("web-%d", i), "status"), kind: mergePatch, code: http.StatusOK, body: members{"status": members{
				"phase": "Running", "message": s.noted(), "reason": "Broken",
				"conditions":        []any{members{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": s.noted()}},
				"containerStatuses": []any{ended("terminated", "panic: "+s.noted())},
			}}})
		}
		row = append(row, request{method: http.MethodPatch, path: "/apis/apps/v1/namespaces/" + grove + "/deployments/web-" + fmt.Sprint(i) + "/status", kind: mergePatch, code: http.StatusOK, body: members{"status": members{
			"observedGeneration": 3, "conditions": []any{members{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": s.noted(), "lastTransitionTime": now, "lastUpdateTime": now}},
		}}})
		rows = append(rows, row)
	}
	return rows
}

// release installs a chart that repeats what it is told, changes it, and fails to
// change it in a way that quotes a value.
func (s *sensitive) release(ctx context.Context, t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	h := newHelm(t, c, grove)
	values := func(said string) string {
		kept := map[string]string{}
		for i := range plant.Kinds() {
			kept[fmt.Sprintf("value-%d", i)] = s.next().text
			kept[fmt.Sprintf("noted-%d", i)] = s.noted()
		}
		for i := range plant.Kinds() {
			kept[fmt.Sprintf("password-%d", i)] = s.plain(isLabel)
		}
		content, err := yaml.Marshal(map[string]any{"kept": kept, "said": said})
		if err != nil {
			t.Error(err)
		}
		file := strings.TrimSuffix(t.TempDir(), "/") + "/values.yaml"
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Error(err)
		}
		return file
	}
	chart := "testdata/planted/vault"
	h.run(ctx, t, "install", "vault", chart, "-f", values("nothing"), "--set", "more.password="+s.plain(isLabel))
	h.run(ctx, t, "upgrade", "vault", chart, "-f", values("nothing"))
	for range 4 {
		h.refuses(ctx, t, "upgrade", "vault", chart, "-f", values("not a label: "+s.plain(isHeader)))
	}
	h.run(ctx, t, "rollback", "vault", "1", "--history-max", "0")
}
