package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

// replayed replays files and returns the records.
func replayed(t testing.TB, set config.Map, o ReplayOptions) ([]map[string]any, ReplaySummary, error) {
	t.Helper()
	cfg, err := config.ParseReplay(set)
	if err != nil {
		t.Fatal(err)
	}
	o.Version, o.Logger, o.Format = "test", slog.New(slog.DiscardHandler), appendJSONLine
	var out bytes.Buffer
	summary, err := Replay(t.Context(), cfg, o, func(b []byte) error { out.Write(b); return nil })
	return delivered(t, out.Bytes()), summary, err
}

func recordedFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// shopDump is a Deployment that is short of its pods, and the pod that fails, as kubectl
// prints them.
const shopDump = `apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
    namespace: shop
    uid: 5e2a6c1d-0f54-4a52-93a4-0e1f6a1f2b57
    resourceVersion: "900"
    generation: 2
    creationTimestamp: "2026-11-01T09:00:00Z"
    labels: {app.kubernetes.io/instance: web, app.kubernetes.io/managed-by: Helm}
  spec: {replicas: 1, selector: {matchLabels: {app: web}}}
  status: {observedGeneration: 2, replicas: 1, updatedReplicas: 1, unavailableReplicas: 1}
- apiVersion: v1
  kind: Pod
  metadata:
    name: web-1
    namespace: shop
    uid: 0b0c3a52-8a0c-4a2e-9d0e-6a1f5f3c9b11
    resourceVersion: "901"
    creationTimestamp: "2026-11-01T09:59:00Z"
    labels: {app.kubernetes.io/instance: web, app.kubernetes.io/managed-by: Helm}
  spec: {restartPolicy: Always, containers: [{name: app, image: web:2}]}
  status:
    phase: Running
    containerStatuses:
    - {name: app, ready: false, restartCount: 4, image: web:2, imageID: "", state: {waiting: {reason: CrashLoopBackOff, message: back-off 40s}}}
`

const shopEvents = `{"kind":"List","apiVersion":"v1","items":[
{"kind":"Event","apiVersion":"v1","metadata":{"name":"web.2","namespace":"shop","uid":"e2","resourceVersion":"905"},"involvedObject":{"kind":"Pod","namespace":"shop","name":"web-1","apiVersion":"v1"},"reason":"BackOff","message":"Back-off restarting failed container app","type":"Warning","count":3,"firstTimestamp":"2026-11-01T10:00:00Z","lastTimestamp":"2026-11-01T10:00:20Z"},
{"kind":"Event","apiVersion":"v1","metadata":{"name":"web.1","namespace":"shop","uid":"e1","resourceVersion":"902"},"involvedObject":{"kind":"Pod","namespace":"shop","name":"web-1","apiVersion":"v1"},"reason":"Created","message":"Created container app","type":"Normal","count":1,"firstTimestamp":"2026-11-01T09:59:10Z","lastTimestamp":"2026-11-01T09:59:10Z"}]}`

const shopTrail = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a1","stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/shop/deployments/web","verb":"patch","user":{"username":"jane"},"objectRef":{"resource":"deployments","namespace":"shop","name":"web","apiGroup":"apps","apiVersion":"v1"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-01T09:59:10.100000Z","stageTimestamp":"2026-11-01T09:59:10.200000Z"}
`

// TestReplay: records come in the order of time, and last how things were when the
// recording ended.
func TestReplay(t *testing.T) {
	records, summary, err := replayed(t, config.Map{"cluster_name": "prod"}, ReplayOptions{
		Objects: []string{recordedFile(t, "objects.yaml", shopDump)}, Events: []string{recordedFile(t, "events.json", shopEvents)}, Audit: []string{recordedFile(t, "audit.log", shopTrail)},
	})
	if err != nil || summary.Late != 0 || summary.Counters.Emitted != int64(len(records)) {
		t.Fatalf("got %+v, %v", summary, err)
	}
	var got []string
	for _, rec := range records {
		object, _ := rec["object"].(map[string]any)
		app, _ := rec["application"].(map[string]any)
		got = append(got, fmt.Sprint(rec["type"], " ", object["kind"], " ", app["name"], " ", rec["status"], " ", rec["cluster"]))
	}
	slices.Sort(got[3:])
	want := []string{
		"audit Deployment web <nil> prod",
		"event Pod web <nil> prod",
		"event Pod web <nil> prod",
		"application_status <nil> web Degraded prod",
		"object_status Deployment web Progressing prod",
		"object_status Pod web Degraded prod",
	}
	slices.Sort(want[3:])
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, rec := range records {
		if rec["type"] == "object_status" && !strings.HasPrefix(rec["time"].(string), "2026-11-01T10:00:") {
			t.Errorf("a status as of %v", rec["time"])
		}
		evidence, _ := rec["evidence"].(map[string]any)
		if object, _ := rec["object"].(map[string]any); rec["type"] == "object_status" && object["kind"] == "Pod" && evidence["events"] == nil {
			t.Errorf("no event is evidence: %v", rec)
		}
	}
}

// Objects from standard input are read twice as well.
func TestReplayOfStdin(t *testing.T) {
	records, _, err := replayed(t, config.Map{}, ReplayOptions{Objects: []string{"-"}, Stdin: strings.NewReader(shopDump)})
	if err != nil || len(records) != 3 {
		t.Errorf("got %v, %v", records, err)
	}
}

func TestReplayOfNothingButEvents(t *testing.T) {
	records, _, err := replayed(t, config.Map{}, ReplayOptions{Events: []string{recordedFile(t, "events.json", shopEvents)}})
	if err != nil || len(records) != 2 || records[0]["correlation"] != "not_watched" {
		t.Errorf("got %v, %v", records, err)
	}
}

// Of an audit log alone, its bodies tell whose the objects are.
func TestReplayOfAuditAlone(t *testing.T) {
	created := createPod("web-1")["log"].(string)
	deleted := strings.NewReplacer(`"a-web-1"`, `"b"`, `"verb":"create"`, `"verb":"delete"`, "09:59:59", "10:00:01", `"code":201`, `"code":200`).Replace(created)
	deleted, _, _ = strings.Cut(deleted, `,"requestObject"`)
	deleted += `,"requestReceivedTimestamp":"2026-11-21T10:00:01.000000Z","stageTimestamp":"2026-11-21T10:00:01.100000Z"}`
	records, _, err := replayed(t, config.Map{}, ReplayOptions{Audit: []string{recordedFile(t, "audit.log", created+"\n"+deleted+"\n")}})
	if err != nil || len(records) != 2 {
		t.Fatalf("got %v, %v", records, err)
	}
	if app, _ := records[1]["application"].(map[string]any); app["name"] != "web" || records[1]["correlation"] != "matched" {
		t.Errorf("got %v", records[1])
	}
}

// What cannot be read is told, and all else is there.
func TestReplayOfBadObjects(t *testing.T) {
	records, summary, err := replayed(t, config.Map{}, ReplayOptions{Objects: []string{recordedFile(t, "objects.yaml", shopDump+"- {kind: Pod, metadata: {name: web-2}}\n")}})
	if err != nil || len(records) != 4 || summary.Counters.Rejected["unidentified"] != 1 {
		t.Errorf("got %v, %+v, %v", records, summary, err)
	}
	if _, _, err := replayed(t, config.Map{}, ReplayOptions{Objects: []string{"/does/not/exist"}}); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("got %v", err)
	}
}

// A replay ends where its output cannot be written.
func TestReplayIntoABrokenPipe(t *testing.T) {
	cfg, err := config.ParseReplay(config.Map{})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken pipe")
	_, err = Replay(t.Context(), cfg, ReplayOptions{
		Logger: slog.New(slog.DiscardHandler), Format: appendJSONLine, Events: []string{recordedFile(t, "events.json", shopEvents)},
	}, func([]byte) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestReplayEndsWithItsContext(t *testing.T) {
	cfg, err := config.ParseReplay(config.Map{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Replay(ctx, cfg, ReplayOptions{
		Logger: slog.New(slog.DiscardHandler), Format: appendJSONLine, Events: []string{recordedFile(t, "events.json", shopEvents)},
	}, func([]byte) error { cancel(); return nil })
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
