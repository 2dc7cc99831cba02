package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/plant"
	"github.com/fluent-live/live-status/test/controlplane"
)

// recordTypes are those that there are.
var recordTypes = []string{"application_status", "audit", "deployment", "event", "monitor_status", "object_status", "rejected"}

// Values are planted wherever a real API server tells what it is told. None may be
// found in any form in anything that a host puts out, logs or keeps, also where it
// was killed.
func TestPlantedSecrets(t *testing.T) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	s := newSensitive()
	files := s.write(t)
	front := fan{AuditWebhook: newWebhook(t, controlplane.WebhookBearerToken)}
	policy, err := filepath.Abs(filepath.Join("testdata", "planted", "audit-policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c := clusterWith(t, controlplane.Options{
		AuditPolicyFile: policy, AuditWebhookFile: front.Kubeconfig,
		APIServerFlags: []string{"--audit-webhook-batch-max-wait=300ms", "--audit-webhook-batch-max-size=20", "--audit-webhook-initial-backoff=500ms"},
	})
	widgets(t, c)
	if err := c.Apply(ctx, []byte(manifest(t, "../planted/cluster.yaml"))); err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts() {
		front.to = append(front.to, newSuspect(t, h, c, newWebhook(t, controlplane.WebhookMutualTLS), files))
	}
	for _, host := range front.to {
		host.start(t)
	}
	front.serve(t)
	each := func(do func(*suspect)) {
		for _, host := range front.to {
			do(host)
		}
	}
	each(func(host *suspect) { host.synced(t) })
	p := newPlanter(t, c)
	p.plant(ctx, t, s.store())
	// Deployments, pods and what kubectl applies are there before anything is said
	// of them, and the plugin knows the values of the cluster's Secrets.
	p.plant(ctx, t, s.workloads())
	keys := s.keys()
	s.kubectl(ctx, t, c, keys)
	each(func(host *suspect) {
		host.reports(t, time.Minute, "the values of Secrets are known", func(rec record) bool {
			return rec.Monitor.Redaction.Values >= int64(len(s.told)+len(s.stored))
		})
	})
	t.Logf("%.0f s: the hosts know all values", time.Since(began).Seconds())

	tokenRows, tokens := s.tokens()
	first := slices.Concat(s.events(), s.configMaps(t), s.secrets(t), s.statuses())
	s.random.Shuffle(len(first), func(i, j int) { first[i], first[j] = first[j], first[i] })
	second := slices.Concat(tokenRows, s.sayStored(), s.requests(), s.sessions(), s.refused(), s.drift(keys), s.names())
	brokenLog(t, filepath.Dir(c.AuditLog()), s.malformed(t))
	planting := make(chan struct{})
	go func() {
		defer close(planting)
		p.plant(ctx, t, first)
	}()
	// In the middle of it, what lies on the disk is copied, and the hosts are killed.
	each(func(host *suspect) {
		host.follow(t, 150)
		host.keep(t, t.TempDir())
	})
	each(func(host *suspect) {
		host.follow(t, 300)
		host.process.kill()
		host.keep(t, t.TempDir())
		host.start(t)
	})
	<-planting
	t.Logf("%.0f s: planted %d rows, and killed", time.Since(began).Seconds(), len(first))
	p.plant(ctx, t, second)
	s.issue(ctx, t, p)
	each(func(host *suspect) { host.misspeak(ctx, t, s.malformed(t)) })
	s.release(ctx, t, c)
	s.releaseByName(ctx, t, c)
	each(func(host *suspect) { host.keep(t, t.TempDir()) })
	t.Logf("%.0f s: planted everything", time.Since(began).Seconds())

	s.rotate(ctx, t, p, front.to, files)
	want, err := auditedIn(c.AuditLog())
	if err != nil {
		t.Fatal(err)
	}
	each(func(host *suspect) { host.await(t, want) })
	each(func(host *suspect) { host.process.terminate(t) })
	t.Logf("%.0f s: everything has arrived", time.Since(began).Seconds())

	s.werePlanted(t, c)
	search, tokenSearch := plant.NewSearch(s.all()), plant.NewSearch(tokens)
	for _, host := range front.to {
		t.Run(host.run.host.name, func(t *testing.T) {
			in := newInspection(search)
			host.inspect(t, in)
			in.report(t)
			s.evidence(t, in)
			host.tokensLeft(t, tokenSearch, tokens)
		})
	}
	t.Logf("%.0f s in all", time.Since(began).Seconds())
}

// kubectl applies in both ways.
func (s *sensitive) kubectl(ctx context.Context, t testing.TB, c *controlplane.Cluster, keys []string) {
	t.Helper()
	if _, err := c.Kubectl(ctx, strings.NewReader(s.applied(t, keys)), "apply", "-f", "-"); err != nil {
		t.Error(err)
	}
	if _, err := c.Kubectl(ctx, strings.NewReader(s.appliedByServer(t)), "apply", "--server-side", "-f", "-"); err != nil {
		t.Error(err)
	}
}

// sayStored quotes what is in Secrets only.
func (s *sensitive) sayStored() [][]request {
	var texts []string
	for _, v := range s.stored {
		for _, form := range s.forms {
			texts = append(texts, form.Write(s.random, v.text))
		}
	}
	return says("stored", texts...)
}

// rotate exchanges a value, and speaks of both the old one and the new.
func (s *sensitive) rotate(ctx context.Context, t testing.TB, p *planter, to []*suspect, files valueFiles) {
	t.Helper()
	s.exchange(t, files)
	began := time.Now()
	for _, host := range to {
		eventually(t, 30*time.Second, host.run.host.name+": the exchanged value is read", func() bool {
			return strings.Contains(host.run.logged(t), "known values changed")
		})
		t.Logf("%s: a value that was exchanged was read after %.1f s", host.run.host.name, time.Since(began).Seconds())
		host.reports(t, 10*time.Second, "a report since", func(record) bool { return true })
	}
	var texts []string
	for _, form := range s.forms {
		texts = append(texts, form.Write(s.random, s.exchanged.text), form.Write(s.random, s.told[0].text))
	}
	p.plant(ctx, t, says("exchanged", texts...))
}

// follow waits until so many records of events have come.
func (s *suspect) follow(t testing.TB, n int) {
	t.Helper()
	eventually(t, time.Minute, fmt.Sprintf("%s: %d events", s.run.host.name, n), func() bool { return len(s.records(t, "event")) >= n })
}

// auditedIn returns what was audited.
func auditedIn(file string) (trail, error) {
	tr := trail{}
	return tr, readLog(file, nil, tr)
}

// await waits until all that was audited has come, and what was said last.
func (s *suspect) await(t testing.TB, want trail) {
	t.Helper()
	come := func() trail {
		tr := trail{}
		for _, rec := range s.records(t, "audit") {
			tr[rec.step()] = true
		}
		return tr
	}
	deadline := time.Now().Add(90 * time.Second)
	for {
		missing := want.without(come())
		for st := range missing {
			// Who asks chooses the ID, and so it may be redacted.
			if len(st.auditID) != 36 {
				delete(missing, st)
			}
		}
		if len(missing) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: %d of %d audit events are missing, for example %v", s.run.host.name, len(missing), len(want), missing.some())
			break
		}
		time.Sleep(300 * time.Millisecond)
	}
	eventually(t, time.Minute, s.run.host.name+": the last events", func() bool {
		n := 0
		for _, rec := range s.records(t, "event") {
			if strings.HasPrefix(rec.Event.Name, "exchanged-") {
				n++
			}
		}
		return n >= 2*len(plant.Forms())
	})
}

// inspect looks into all that the host has written.
func (s *suspect) inspect(t testing.TB, in *inspection) {
	t.Helper()
	began := time.Now()
	for _, file := range s.files(t) {
		switch file {
		case s.run.out:
			in.records(t, file)
		case s.run.log:
			in.lines(t, file)
		default:
			in.file(t, file)
		}
	}
	for _, dir := range s.kept {
		for _, file := range filesIn(t, dir) {
			in.file(t, file)
		}
	}
	in.took = time.Since(began)
}

// werePlanted makes sure that there was something to be found: the API server's own
// log has the values.
func (s *sensitive) werePlanted(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	content, err := os.ReadFile(c.AuditLog())
	if err != nil {
		t.Fatal(err)
	}
	log, all := string(content), s.all()
	rare := slices.DeleteFunc(slices.Clone(all), func(value string) bool {
		quoted := string(marshalled(t, value))
		return strings.Contains(log, quoted[1:len(quoted)-1]) || strings.Contains(log, in64(value))
	})
	search := plant.NewSearch(rare)
	for line := range strings.Lines(log) {
		for value := range search.In(line, 3) {
			rare = slices.DeleteFunc(rare, func(v string) bool { return v == value })
		}
	}
	// What the API server cannot read it does not log.
	if len(rare) > 4*len(plant.Kinds()) {
		t.Errorf("%d of %d values are not in the audit log: %q", len(rare), len(all), rare)
	}
	t.Logf("the audit log has %d MB, and in it %d of %d values", len(content)>>20, len(all)-len(rare), len(all))
}

// evidence checks that values came to where they were planted: the marks in their
// place tell.
func (s *sensitive) evidence(t testing.TB, in *inspection) {
	t.Helper()
	for _, kind := range recordTypes {
		if in.types[kind] == 0 {
			t.Errorf("there is no record of type %s", kind)
		}
	}
	for _, place := range placesWithMarks {
		if in.marks[place] == 0 {
			t.Errorf("nothing was redacted in %s", place)
		}
	}
	for _, v := range append(slices.Clone(s.told), s.exchanged) {
		if in.names[v.name] == 0 {
			t.Errorf("no record has %s redacted", v.name)
		}
	}
	var b strings.Builder
	for _, place := range slices.Sorted(maps.Keys(in.marks)) {
		fmt.Fprintf(&b, "\n%8d %s", in.marks[place], place)
	}
	t.Logf("withheld: %v, for example %v; files: %v", in.withheld, in.examples, in.sizes)
	t.Logf("records %v; %d values, each looked for in %d texts, %d rows and %d MB, which took %.0f s; marks:%s",
		in.types, len(s.all()), in.texts, in.rows, in.bytes>>20, in.took.Seconds(), b.String())
}

// placesWithMarks are where there must have been something to redact.
var placesWithMarks = []string{
	"event .event.message", "event .event.annotations", "event .event.labels", "event .event.reason", "event .object.name",
	"audit .audit.request", "audit .audit.response", "audit .audit.message", "audit .audit.annotations", "audit .audit.request_uri",
	"audit .audit.user_agent", "audit .audit.impersonated_user", "audit .object.name", "audit .audit.audit_id",
	"audit .change.paths", "audit .audit.request, key", "event .object.namespace", "event .application.name",
	"object_status .message", "object_status .evidence.condition", "object_status .evidence.containers", "object_status .object.name", "object_status .drift.desired", "object_status .drift.live",
	"object_status .drift.path", "object_status .drift.manager", "application_status .deciding.message", "application_status .application.name",
	"deployment .deployment.message", "deployment .application.name",
}

// tokensLeft counts the credentials of which nobody told that were not found by
// their shape.
func (s *suspect) tokensLeft(t testing.TB, search *plant.Search, tokens []string) {
	t.Helper()
	content, err := os.ReadFile(s.run.out)
	if err != nil {
		t.Fatal(err)
	}
	left := search.Plain(string(content))
	for token := range left {
		t.Logf("left: %q", token)
	}
	if float64(len(left)) > 0.02*float64(len(tokens)) {
		t.Errorf("%d of %d credentials were not found by their shape", len(left), len(tokens))
	}
}
