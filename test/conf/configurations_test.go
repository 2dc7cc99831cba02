package conf

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/fluentbit"
	"github.com/fluent-live/live-status/test/sample"
)

// configuration is a file of conf/ and how it is tried.
type configuration struct {
	file string
	// checkOnly says why it is not started.
	checkOnly string
	// prepare fills in what the file leaves to its readers, and starts what they
	// have. What it returns is asked until it has no error.
	prepare func(t *testing.T, p *place) (arrived func() error)
	// feed, if not nil, is called once Fluent Bit has started.
	feed func(t *testing.T, p *place)
}

// configurations are all files of conf/ that Fluent Bit reads.
func configurations() []configuration {
	return []configuration{
		{file: "live-status.yaml", prepare: prints},
		{file: "live-status.conf", prepare: prints},
		{file: "live-status-audit.yaml", prepare: printsTrail},
		{file: "live-status-minimal.yaml", prepare: printsWithoutCursor},
		{file: "live-status-hardened.yaml", prepare: hardened},
		{file: "live-status-routing.yaml", prepare: routes},
		{file: "live-status-loki.yaml", prepare: sendsToLoki},
		{file: "live-status-elasticsearch.yaml", prepare: sendsToElasticsearch},
		{file: "live-status-opentelemetry.yaml", prepare: sendsToCollector},
		{file: "live-status-kafka.yaml", checkOnly: "there is no Kafka"},
		{file: "live-status-s3.yaml", checkOnly: "there is no S3"},
		{file: "output-kubernetes-events.yaml", prepare: forwardsEvents},
		{file: "output-audit-log.yaml", prepare: forwardsTrail},
		{file: "output-audit-webhook.yaml", prepare: receivesPosts, feed: post},
		{file: "output-forward.yaml", prepare: receivesForward, feed: sendForward},
	}
}

// apiServer is how the API server is reached with the rights of conf/rbac*.yaml.
type apiServer struct{ url, caFile, tokenFile string }

// populated is a cluster with the sample application and an event.
func populated(t *testing.T) apiServer {
	t.Helper()
	c := start(t, controlplane.Options{})
	client := c.Client().CoreV1()
	if _, err := client.Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "live-status"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, rights := range []string{"rbac.yaml", "rbac-helm.yaml"} {
		if err := c.Apply(t.Context(), []byte(read(t, file(t, "conf", rights)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := sample.Apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	now := metav1.Now()
	_, err := client.Events("shop").Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: "web.1"},
		InvolvedObject: corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web"},
		Reason:         "Tried", Message: "a configuration is tried", Type: corev1.EventTypeNormal,
		FirstTimestamp: now, LastTimestamp: now, Count: 1, Source: corev1.EventSource{Component: "test"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.ServiceAccountToken(t.Context(), "live-status", "live-status", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return apiServer{url: c.URL(), caFile: c.CAFile(), tokenFile: write(t, filepath.Join(t.TempDir(), "token"), token)}
}

// TestConfigurations starts each configuration in the plugin host and in a real
// Fluent Bit, and follows records from where they arise to where they are to go.
func TestConfigurations(t *testing.T) {
	built := file(t, "build")
	for _, name := range []string{"in_live_status.so", "live-status-host"} {
		if _, err := os.Stat(filepath.Join(built, name)); err != nil {
			t.Fatalf("%v: run `make build` first", err)
		}
	}
	var has map[string]bool
	if fluentbit.Path() == "" {
		t.Log("NOT RUN in a real Fluent Bit: none was found")
	} else {
		has = fluentbit.Plugins(t)
	}
	api := populated(t)
	for _, c := range configurations() {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			t.Run("plugin-host", func(t *testing.T) { c.runInHost(t, newPlace(t, c.file, api)) })
			if has != nil {
				t.Run("fluent-bit", func(t *testing.T) { c.runInFluentBit(t, newPlace(t, c.file, api), has) })
			}
		})
	}
}

// parsed is what is asked of a configuration in YAML.
type parsed struct {
	Service  map[string]any
	Plugins  []string
	Pipeline struct {
		Inputs, Filters, Outputs []map[string]any
	}
}

// parsePipeline reads a configuration in YAML, which may have more than what is
// asked.
func parsePipeline(t *testing.T, text string) parsed {
	t.Helper()
	var c parsed
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// names are the plugins that a configuration uses.
func (c parsed) names() (inputs, all []string) {
	for i, section := range [][]map[string]any{c.Pipeline.Inputs, c.Pipeline.Filters, c.Pipeline.Outputs} {
		for _, instance := range section {
			name, _ := instance["name"].(string)
			all = append(all, name)
			if i == 0 {
				inputs = append(inputs, name)
			}
		}
	}
	return inputs, all
}

// runInFluentBit starts the configuration, or checks it where that is all that
// can be done.
func (c configuration) runInFluentBit(t *testing.T, p *place, has map[string]bool) {
	t.Helper()
	if strings.HasSuffix(c.file, ".yaml") {
		_, all := parsePipeline(t, p.text).names()
		for _, name := range all {
			if !has[name] {
				t.Skipf("NOT RUN: this Fluent Bit has no plugin %s", name)
			}
		}
	}
	if so := file(t, "build", "out_live_status.so"); strings.Contains(p.text, so) {
		if _, err := os.Stat(so); err != nil {
			t.Fatalf("%v: run `make build` first", err)
		}
	}
	arrived := func() error { return nil }
	if c.prepare != nil {
		arrived = c.prepare(t, p)
	}
	args := []string{"-c", p.config(t, c.file)}
	if strings.HasSuffix(c.file, ".conf") {
		// The classic format names plugins in a file of its own, or so.
		args = append([]string{"-e", file(t, "build", "in_live_status.so")}, args...)
	}
	check := exec.CommandContext(t.Context(), fluentbit.Path(), append(args, "--dry-run")...)
	check.Env = append(os.Environ(), p.env...)
	if out, err := check.CombinedOutput(); err != nil || len(complaints(out)) > 0 {
		t.Fatalf("--dry-run: %v\n%s", err, out)
	}
	if c.checkOnly != "" {
		t.Logf("CHECKED ONLY, not started: %s", c.checkOnly)
		return
	}
	f := launch(t, fluentbit.Path(), args, p.path("out.jsonl"), p.path("fluent-bit.log"), p.env...)
	eventually(t, 2*time.Minute, "the start", func() bool { return f.started(t) })
	if c.feed != nil {
		c.feed(t, p)
	}
	c.follow(t, p, f, arrived)
}

// follow waits until the records of a host have come to where they are to go.
func (c configuration) follow(t *testing.T, p *place, f *process, arrived func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = arrived(); err == nil {
			break
		}
		if _, wrong := errors.AsType[*wrongError](err); wrong || f.ended() || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	f.terminate(t)
	if err := arrived(); err != nil {
		t.Error(err)
	}
	for _, line := range complaints([]byte(read(t, f.log)), p.expected...) {
		t.Error(line)
	}
}

// printed reads the records that a file holds.
func printed(t *testing.T, path string) (*received, map[string]int) {
	t.Helper()
	r, times := newReceived(), map[string]int{}
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	text := string(data)
	for line := range strings.Lines(text[:strings.LastIndexByte(text, '\n')+1]) {
		rec, err := parseRecord([]byte(line))
		if err != nil {
			r.problem("%v", err)
			continue
		}
		times[rec.ID]++
		r.add(rec)
	}
	return r, times
}

func prints(t *testing.T, p *place) func() error {
	t.Helper()
	return func() error {
		r, _ := printed(t, p.path("out.jsonl"))
		return r.has([]string{"event", "object_status", "application_status", "monitor_status"})
	}
}

func printsWithoutCursor(t *testing.T, p *place) func() error {
	t.Helper()
	p.expected = append(p.expected, "no db is set")
	return prints(t, p)
}

func printsTrail(t *testing.T, p *place) func() error {
	t.Helper()
	p.trail(t)
	p.replace(t, `":9443"`, freeAddress(t))
	return func() error {
		r, _ := printed(t, p.path("out.jsonl"))
		return r.has(everyType)
	}
}

func hardened(t *testing.T, p *place) func() error {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	p.replace(t, "http_port: 2020", "http_port: "+port)
	p.replace(t, "http_listen: 0.0.0.0", "http_listen: 127.0.0.1")
	records := prints(t, p)
	return func() error {
		if err := records(); err != nil {
			return err
		}
		for _, path := range []string{"/", "/api/v1/health", "/api/v2/metrics/prometheus"} {
			if err := get(t.Context(), "http://127.0.0.1:"+port+path); err != nil && !down(err) {
				return err
			}
		}
		return nil
	}
}

// routes has each output write a file of its own, so that it can be seen what
// went where.
func routes(t *testing.T, p *place) func() error {
	t.Helper()
	withTrail(t, p)
	want := map[string][]string{
		"trail": {"audit"}, "status": {"object_status", "application_status"}, "events": {"event"}, "plugin": {"monitor_status"},
	}
	p.replace(t, "name: stdout", "name: file")
	for alias := range want {
		p.replace(t, "alias: "+alias+"\n      format: json_lines", fmt.Sprintf("alias: %s\n      format: plain\n      path: %s\n      file: %s", alias, p.dir, alias))
	}
	return func() error {
		for alias, types := range want {
			r, times := printed(t, p.path(alias))
			if err := r.has(types); err != nil {
				return fmt.Errorf("%s: %w", alias, err)
			}
			// Deployments are reported with statuses, where there are any.
			for got := range r.types {
				if !slices.Contains(types, got) && (alias != "status" || got != "deployment") {
					t.Errorf("%s holds records of the type %s", alias, got)
				}
			}
			for id, n := range times {
				if n != 1 {
					t.Errorf("%s holds %s %d times", alias, id, n)
				}
			}
		}
		return nil
	}
}

// withTrail has the input read an audit log too.
func withTrail(t *testing.T, p *place) {
	t.Helper()
	p.trail(t)
	p.replace(t, "      cluster_name: production\n", "      cluster_name: production\n      audit_path: "+p.path("audit", "audit.log")+"\n")
}

func sendsToLoki(t *testing.T, p *place) func() error {
	t.Helper()
	withTrail(t, p)
	r := newReceived()
	p.replace(t, "host: loki.monitoring.svc", "host: 127.0.0.1")
	p.replace(t, "port: 3100", "port: "+serve(t, loki(t, r)))
	return func() error {
		return r.has(everyType, "application", "namespace", "id", "status", "kind", "resource", "name", "user", "verb", "reason")
	}
}

func sendsToElasticsearch(t *testing.T, p *place) func() error {
	t.Helper()
	withTrail(t, p)
	r := newReceived()
	p.replace(t, "host: elasticsearch.logging.svc", "host: 127.0.0.1")
	p.replace(t, "port: 9200", "port: "+serve(t, elasticsearch(t, r)))
	return func() error { return r.has(everyType) }
}

func sendsToCollector(t *testing.T, p *place) func() error {
	t.Helper()
	withTrail(t, p)
	r := newReceived()
	p.replace(t, "host: otel-collector.monitoring.svc", "host: 127.0.0.1")
	p.replace(t, "port: 4318", "port: "+serve(t, collector(t, r)))
	return func() error { return r.has(everyType, "message") }
}

// freeAddress is one of this machine that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := controlplane.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
