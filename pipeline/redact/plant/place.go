package plant

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Place is a place at which a string can stand.
type Place struct {
	Name string
	// Put returns a record that holds the text there. Body is the JSON of a real
	// object that it may stand in.
	Put func(r *rand.Rand, body event.JSON, text string) event.Record
}

// Places are the places at which redaction has to find values.
func Places() []Place {
	within := func(name string, change func(r *rand.Rand, object map[string]any, text string)) Place {
		return Place{name, func(r *rand.Rand, body event.JSON, text string) event.Record {
			object := parsed(body)
			change(r, object, text)
			return request(r, marshal(object))
		}}
	}
	patch := func(name string, bodyOf func(text string) any) Place {
		return Place{name, func(r *rand.Rand, _ event.JSON, text string) event.Record {
			rec := request(r, marshal(bodyOf(text)))
			rec.Audit.Verb = "patch"
			return rec
		}}
	}
	text := func(name string, set func(rec *event.Record, text string)) Place {
		return Place{name, func(_ *rand.Rand, _ event.JSON, text string) event.Record {
			rec := occurrence()
			set(&rec, text)
			return rec
		}}
	}
	return []Place{
		within("value", func(r *rand.Rand, o map[string]any, s string) { replace(r, o, s) }),
		within("key", func(r *rand.Rand, o map[string]any, s string) { inner(r, o)[s] = "x" }),
		within("list", func(r *rand.Rand, o map[string]any, s string) { inner(r, o)["finalizers"] = []any{"a", s, "b"} }),
		within("annotation", func(_ *rand.Rand, o map[string]any, s string) {
			member(o, "metadata", "annotations")["example.com/note"] = s
		}),
		within("label", func(_ *rand.Rand, o map[string]any, s string) {
			member(o, "metadata", "labels")["example.com/label"] = s
		}),
		within("variable", func(_ *rand.Rand, o map[string]any, s string) {
			member(o, "spec")["containers"] = []any{map[string]any{"name": "c", "env": []any{map[string]any{"name": "SETTING", "value": s}}}}
		}),
		within("argument", func(_ *rand.Rand, o map[string]any, s string) {
			member(o, "spec")["containers"] = []any{map[string]any{"name": "c", "args": []any{"--setting", s, "--other=" + s}}}
		}),
		within("ConfigMap", func(_ *rand.Rand, o map[string]any, s string) {
			member(o, "data")["app.yaml"] = "settings:\n  one: two\n  key: " + s + "\n"
		}),
		within("JSON in a string", func(r *rand.Rand, o map[string]any, s string) { inner(r, o)["note"] = nested(s, 1) }),
		within("JSON in JSON in a string", func(r *rand.Rand, o map[string]any, s string) { inner(r, o)["note"] = nested(s, 2) }),
		within("JSON in JSON in JSON in a string", func(r *rand.Rand, o map[string]any, s string) { inner(r, o)["note"] = nested(s, 3) }),
		within("last-applied", func(_ *rand.Rand, o map[string]any, s string) {
			member(o, "metadata", "annotations")["kubectl.kubernetes.io/last-applied-configuration"] = nested(s, 1)
		}),
		within("JSON in a message", func(_ *rand.Rand, o map[string]any, s string) {
			member(o, "status")["message"] = "cannot apply " + nested(s, 1) + ": not valid"
		}),
		within("JSON cut off", func(_ *rand.Rand, o map[string]any, s string) {
			full := nested(s, 1)
			member(o, "status")["message"] = strings.TrimRight(full, "}]")
		}),
		patch("JSON patch", func(s string) any {
			return []any{map[string]any{"op": "replace", "path": "/spec/template/spec/containers/0/env/1/value", "value": s}}
		}),
		patch("JSON patch, path", func(s string) any {
			return []any{map[string]any{"op": "add", "path": "/data/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s), "value": "x"}}
		}),
		patch("merge patch", func(s string) any {
			return map[string]any{"metadata": map[string]any{"annotations": map[string]any{"a": s}}}
		}),
		patch("strategic merge patch", func(s string) any {
			return map[string]any{"spec": map[string]any{"$setElementOrder/containers": []any{map[string]any{"name": "c"}}, "containers": []any{map[string]any{"name": "c", "image": s}}}}
		}),
		patch("server-side apply", func(s string) any {
			return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "spec": map[string]any{"paused": false, "note": s}}
		}),
		text("message", func(rec *event.Record, s string) { rec.Event.Message = s }),
		text("event's annotation", func(rec *event.Record, s string) { rec.Event.Annotations = map[string]string{"note": s} }),
		text("event's label", func(rec *event.Record, s string) { rec.Event.Labels = map[string]string{"note": s} }),
		text("key of an event's annotation", func(rec *event.Record, s string) { rec.Event.Annotations = map[string]string{s: "x"} }),
		text("key of an event's label", func(rec *event.Record, s string) { rec.Event.Labels = map[string]string{s: "x"} }),
		text("name", func(rec *event.Record, s string) { rec.Object.Name = s }),
		text("audit message", func(rec *event.Record, s string) { audited(rec).Message = s }),
		text("audit annotation", func(rec *event.Record, s string) {
			audited(rec).Annotations = []event.Annotation{{Key: "example.com/a", Value: s}, {Key: s, Value: "x"}}
		}),
		text("user agent", func(rec *event.Record, s string) { audited(rec).UserAgent = s }),
		text("query", func(rec *event.Record, s string) {
			audited(rec).RequestURI = "/api/v1/namespaces/shop/pods/web/exec?command=echo&command=" + url.QueryEscape(s) + "&stdout=true"
		}),
		text("condition", func(rec *event.Record, s string) {
			state(rec).Evidence.Condition = &event.Condition{Type: "Ready", Status: "False", Reason: "Failed", Message: s}
		}),
		text("container", func(rec *event.Record, s string) {
			state(rec).Evidence.Containers = []event.ContainerState{{Name: "c", State: "terminated", Reason: "Error", Message: s}}
		}),
		text("drift", func(rec *event.Record, s string) {
			state(rec).Drifts = []event.Drift{{Path: ".spec.note", Desired: marshal(s), Live: marshal(map[string]any{"deep": []any{s}})}}
		}),
		text("deployment", func(rec *event.Record, s string) {
			rec.Type, rec.Event = event.TypeDeployment, nil
			rec.Deployment = &event.Deployment{Phase: event.DeploymentFailed, Tool: "helm", Message: s}
		}),
		text("rejection", func(rec *event.Record, s string) {
			rec.Type, rec.Event = event.TypeRejected, nil
			rec.Rejected = &event.Rejection{Place: event.Place{Source: "audit_file", Name: s}, Reason: "not_json", Detail: s}
		}),
	}
}

var at = time.Unix(1_800_000_000, 0)

func occurrence() event.Record {
	return event.Record{
		Type: event.TypeEvent, ID: "event/u/1", Time: at, Cluster: "c",
		Object: &event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web"},
		Event:  &event.Occurrence{UID: "u", Name: "web.1", Reason: "Failed", Type: "Warning", Count: 1},
	}
}

func audited(rec *event.Record) *event.Audit {
	rec.Type, rec.Event = event.TypeAudit, nil
	rec.Object = &event.ObjectRef{APIVersion: "v1", Resource: "pods", Namespace: "shop", Name: "web"}
	rec.Audit = &event.Audit{AuditID: "aeffd5bf-9c40-452f-84dc-e99afa3ffda9", Stage: event.StageResponseComplete, Verb: "create", Object: *rec.Object}
	return rec.Audit
}

func state(rec *event.Record) *event.ObjectState {
	rec.Type, rec.Event = event.TypeObjectStatus, nil
	rec.ObjectState = &event.ObjectState{Status: event.StatusDegraded, Since: at}
	return rec.ObjectState
}

// request is an audit record with a body, as it was sent or answered.
func request(r *rand.Rand, body event.JSON) event.Record {
	rec := occurrence()
	a := audited(&rec)
	a.Level = event.LevelRequestResponse
	if r.IntN(2) == 0 {
		a.Request = body
	} else {
		a.Response = body
	}
	return rec
}

func marshal(v any) event.JSON {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return event.JSON(b)
}

func parsed(body event.JSON) map[string]any {
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		panic(fmt.Sprintf("a body of the sample: %v", err))
	}
	return v
}

// nested is the text of JSON that holds a string a number of levels deep, each
// a string of the one around it.
func nested(s string, levels int) string {
	for range levels {
		s = string(marshal(map[string]any{"apiVersion": "v1", "spec": map[string]any{"list": []any{1, s}, "flag": true}}))
	}
	return s
}

// member returns an object within another, made where there is none.
func member(o map[string]any, path ...string) map[string]any {
	for _, key := range path {
		next, ok := o[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			o[key] = next
		}
		o = next
	}
	return o
}

// inner returns any object of a tree but one whose content is a secret anyway.
func inner(r *rand.Rand, o map[string]any) map[string]any {
	all := []map[string]any{o}
	for i := 0; i < len(all); i++ {
		for _, key := range sorted(all[i]) {
			switch v := all[i][key].(type) {
			case map[string]any:
				all = append(all, v)
			case []any:
				for _, e := range v {
					if m, ok := e.(map[string]any); ok {
						all = append(all, m)
					}
				}
			}
		}
	}
	return all[r.IntN(len(all))]
}

// replace puts a text in place of a string of a tree.
func replace(r *rand.Rand, o map[string]any, text string) {
	for range 20 {
		at := inner(r, o)
		for _, key := range sorted(at) {
			if _, ok := at[key].(string); ok && key != "kind" && key != "apiVersion" {
				at[key] = text
				return
			}
		}
	}
	o["note"] = text
}

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
