package pipeline

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/desired"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/status"
)

const (
	widget   = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x, namespace: shop}\n"
	workload = "metadata: {name: x, namespace: shop}\nspec:\n  template:\n"
)

// padding makes a text longer than is told of one.
var padding = strings.Repeat("# a line of a long file of settings\n", 40)

// secretFields have each a secret in a field that drifts, in the place of %s.
var secretFields = map[string]string{
	"variable":          "apiVersion: apps/v1\nkind: Deployment\n" + workload + "    spec: {containers: [{name: a, env: [{name: DB_PASSWORD, value: %s}]}]}\n",
	"variable of a CR":  "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n" + workload + "    spec: {containers: [{name: a, env: [{name: DB_PASSWORD, value: %s}]}]}\n",
	"header":            widget + "spec: {remote: [{headers: [{name: Authorization, value: %s}]}]}\n",
	"annotation":        "apiVersion: apps/v1\nkind: Deployment\n" + workload + "    metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"apiVersion\":\"v1\",\"data\":{\"k\":\"%s\"},\"kind\":\"Secret\"}'}}\n",
	"Secret":            "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: shop}\ndata: {k: %s}\n",
	"Secret, plain":     "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: shop}\nstringData: {k: %s}\n",
	"Secret, misspelt":  "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: shop}\nDATA: {k: %s}\ndatas: [%s]\n",
	"Secret, words":     "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: shop, annotations: {a: 'password: %s'}}\n",
	"template":          widget + "spec: {template: {kind: Secret, data: {k: %s}}}\n",
	"list of templates": widget + "spec: {objects: [{kind: Secret, data: {k: %s}}, {kind: Secret, stringData: {k: %s}}]}\n",
	"list in a list":    widget + "spec: {objects: [[{kind: Secret, data: {k: %s}}]]}\n",
	"all data":          widget + "spec: {a: {kind: Secret, data: %s}}\n",
	"patch":             widget + "spec: {patches: [{op: replace, path: /data/k, value: %s}]}\n",
	"credentials":       widget + "spec: {auth: {token: %s, password: [%s]}, url: 'https://me:%s@example.com'}\n",
	"manifest":          files("apiVersion: v1\nkind: Secret\ndata:\n  k: %s\n"),
	"manifest in JSON":  files("{\n \"apiVersion\": \"v1\",\n \"data\": {\n  \"k\": \"%s\"\n },\n \"kind\": \"Secret\"\n}\n"),
	"next line":         files("{\"password\":\n \"%s\"}\n"),
	"block":             files("password: |\n  %s\nother: 1\n"),
	"folded":            files("password: >-\n  some %s\nother: 1\n"),
	"continued":         files("Authorization:\n Basic %s\nother: 1\n"),
	"kubeconfig":        files("users:\n- user:\n    token: %s\n    client-key-data: %s\n"),
	"key":               files("-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END"),
}

// files is a ConfigMap with a short text and a long one.
func files(text string) string {
	indent := func(s string) string { return strings.ReplaceAll(s, "\n", "\n    ") }
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: shop}\ndata:\n  short: |\n    " + indent(text) +
		"\n  long: |\n    " + indent(padding+text+"\n"+padding) + "\n"
}

// secretWords have each a secret in a text of a status. Each is told as it is, and
// so that the end of it is cut off.
var secretWords = map[string]string{
	"manifest": `cannot apply {"apiVersion":"v1","data":{"k":"%s","z":"PADDING"},"kind":"Secret"}`,
	"YAML":     "cannot apply:\napiVersion: v1\ndata:\n  k: %s\n  z: PADDING\nkind: Secret\n",
	"URL":      "cannot reach https://me:%sPADDING@example.com/",
	"header":   "sent Authorization: Bearer %s and PADDING",
	"key":      "env:\nDB_PASSWORD=%s\n PADDING",
	"JSON":     `env: {"env":[{"value":"%s","x":"PADDING","name":"DB_PASSWORD"}]}`,
}

// Whatever has a secret in it and is told of with a status comes without it, in
// records, in what is remembered, and in the log.
func TestAttackStatusesTellNoSecrets(t *testing.T) {
	s, log := watchful(t)
	var secrets []string
	fill := func(text string) string {
		for strings.Contains(text, "%s") {
			secret := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "hunter%012d", rand.Int64N(1e12)))
			secrets = append(secrets, secret)
			text = strings.Replace(text, "%s", secret, 1)
		}
		return text
	}
	n := 0
	put := func(live map[string]any) {
		n++
		name := fmt.Sprintf("x-%d", n)
		meta, _ := live["metadata"].(map[string]any)
		meta["name"], meta["uid"] = name, fmt.Sprintf("00000000-0000-0000-0000-%012d", n)
		raw, err := json.Marshal(live)
		if err != nil {
			t.Fatal(err)
		}
		annotations, _ := meta["annotations"].(map[string]any)
		ref := event.ObjectRef{
			APIVersion: fmt.Sprint(live["apiVersion"]), Kind: fmt.Sprint(live["kind"]), Namespace: "shop", Name: name,
			UID: event.UID(fmt.Sprint(meta["uid"])),
		}
		applied := annotations["kubectl.kubernetes.io/last-applied-configuration"] != nil
		s.Put(event.Live{Ref: ref, Applied: applied}, raw, 1)
		for _, padded := range []string{"", strings.Repeat("x", 5_000)} {
			for _, words := range secretWords {
				s.warned(&event.Item{}, &event.Occurrence{
					Type: "Warning", Regarding: ref, Reason: "Failed", Message: strings.Replace(fill(words), "PADDING", padded, 1),
					UID: event.UID(fmt.Sprintf("%s-%d", name, len(secrets))), LastTime: time.Now(),
				})
			}
		}
	}
	for _, text := range secretFields {
		var live, want map[string]any
		for to, text := range map[*map[string]any]string{&live: fill(text), &want: fill(text)} {
			if err := yaml.Unmarshal([]byte(text), to); err != nil {
				t.Fatal(err, text)
			}
		}
		name := fmt.Sprintf("x-%d", n+1)
		want["metadata"].(map[string]any)["name"] = name
		manifest, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		meta := live["metadata"].(map[string]any)
		annotations, ok := meta["annotations"].(map[string]any)
		if !ok {
			annotations = map[string]any{}
			meta["annotations"] = annotations
		}
		annotations["kubectl.kubernetes.io/last-applied-configuration"] = string(manifest)
		put(live)
	}
	for _, words := range secretWords {
		for _, padded := range []string{"", strings.Repeat("x", 5_000), strings.Repeat("x", 100_000)} {
			message := strings.Replace(fill(words), "PADDING", padded, 1)
			failed := []any{map[string]any{"type": "Ready", "status": "False", "reason": "Failed", "message": message}}
			put(map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"namespace": "shop"}, "status": map[string]any{"conditions": failed}})
			waiting := map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff", "message": message}}
			put(map[string]any{
				"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": "shop"}, "spec": map[string]any{"restartPolicy": "Always"},
				"status": map[string]any{"phase": "Running", "message": message, "conditions": failed, "containerStatuses": []any{map[string]any{"name": "a", "state": waiting}}},
			})
		}
	}
	if len(secrets) < 200 {
		t.Fatalf("only %d secrets", len(secrets))
	}

	var out bytes.Buffer
	s.tracker.Synced()
	records := 0
	for {
		em, ok := s.tracker.Next(time.Now())
		if !ok {
			break
		}
		records++
		line, err := appendJSONLine(nil, s.redactor.Redact(em.Record))
		if err != nil {
			t.Fatal(err)
		}
		out.Write(line)
		for _, row := range em.Rows {
			out.WriteString(string(row.Key))
			out.Write(row.Data)
		}
	}
	if records < n || strings.Count(out.String(), `"drift"`) < len(secretFields)-1 || !strings.Contains(out.String(), `"events"`) {
		t.Fatalf("%d records of %d objects, %d with drifts", records, n, strings.Count(out.String(), `"drift"`))
	}
	out.Write(log.Bytes())
	for _, secret := range secrets {
		plain, err := base64.StdEncoding.DecodeString(secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{secret, string(plain)} {
			if at := strings.Index(out.String(), form); at >= 0 {
				t.Errorf("%s is told: …%s…", form, out.String()[max(0, at-200):min(out.Len(), at+60)])
			}
		}
	}
}

// watchful returns the stages of statuses, and what they log.
func watchful(t *testing.T) (*statuses, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	s := &statuses{
		apps: map[event.ObjectRef]event.Application{}, redactor: redact.New(redact.Options{Salt: make([]byte, 32)}),
		logger: slog.New(slog.NewJSONHandler(log, nil)),
	}
	rules, err := rule.New(rule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.index = correlate.New(correlate.Options{Rules: rules, Now: time.Now})
	if s.assessor, err = status.NewAssessor(status.AssessorOptions{Hash: s.redactor.Hash, Clean: s.clean}); err != nil {
		t.Fatal(err)
	}
	if s.manifests, err = desired.NewStore(desired.Options{}); err != nil {
		t.Fatal(err)
	}
	s.tracker = status.New(status.Options{Cluster: "test", Finder: s})
	return s, log
}
