package e2e

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fluent-live/live-status/test/controlplane"
)

// Every event and audit record says which application the object was deployed as
// part of, and none says it of what was not: whoever deployed it, however often it
// was rolled over, whatever was told of it, and after it is gone.
func TestApplications(t *testing.T) {
	// These are not watched by default.
	busy := []string{"controllerrevisions.apps", "endpoints", "endpointslices.discovery.k8s.io"}
	for _, variant := range []struct {
		policy  string
		include []string
	}{
		// The audit log tells names only: all else is to be known of the objects.
		{"metadata", busy},
		{"requestresponse", nil},
	} {
		t.Run(variant.policy, func(t *testing.T) {
			policy, err := filepath.Abs(filepath.Join("testdata", "applications", "audit-"+variant.policy+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			c := clusterWith(t, controlplane.Options{ControllerManager: true, Scheduler: true, Nodes: 2, AuditPolicyFile: policy})
			s := newScenario(t, c)
			unwatched := slices.DeleteFunc(slices.Clone(busy), func(kind string) bool { return slices.Contains(variant.include, kind) })
			var watching []*correlated
			for _, h := range hosts() {
				watching = append(watching, correlate(t, c, h, variant.include))
			}
			s.known = func() {
				for _, co := range watching {
					co.synced(t)
				}
			}
			s.known()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			s.run(ctx, t)
			if n := s.rolledOver(named{"deployments.apps", "dough", "dough"}); n != 4 {
				t.Errorf("%d ReplicaSets of a Deployment that was rolled over three times, want 4", n)
			}
			lines, happened := written(t, c), s.witness.happened(namespaces())
			want := trail{}
			for _, l := range lines {
				want[step{l.AuditID, l.Stage}] = true
			}
			for _, co := range watching {
				t.Run(co.run.host.name, func(t *testing.T) {
					co.arrived.await(t, 2*time.Minute, want)
					eventually(t, time.Minute, "a record of every event", func() bool {
						reported := map[string]bool{}
						for _, rec := range co.arrived.reader.events(t) {
							reported[rec.Event.UID] = true
						}
						return !slices.ContainsFunc(happened, func(ev *corev1.Event) bool { return !reported[string(ev.UID)] })
					})
					co.process.terminate(t)
					table := newTable(truth{s.witness}, unwatched...)
					table.audits(t, lines, co.arrived.reader.audits(t))
					table.events(t, happened, co.arrived.reader.events(t))
					table.report(t)
					checkDeployments(t, co.arrived.reader.of(t, "deployment"))
				})
			}
			if len(watching) == 1 {
				t.Log("NOT RUN in a real Fluent Bit: none was found")
			}
		})
	}
}

// helmAccess are the permissions that Helm's releases need besides.
var helmAccess = filepath.Join("..", "..", "conf", "rbac-helm.yaml")

// correlated is a host that ties records to applications.
type correlated struct {
	run     *run
	process *process
	arrived *arrivals
}

// correlate starts a host with everything on that there is to correlate.
func correlate(t *testing.T, c *controlplane.Cluster, h host, include []string) *correlated {
	t.Helper()
	acc := newAccount(t, c, helmAccess, filepath.Join("testdata", "applications", "rbac.yaml"))
	r := newRun(t, h)
	options := acc.options(filepath.Join(r.dir, "cursor.db"))
	maps.Copy(options, map[string]string{
		"audit_path": c.AuditLog(), "monitor_interval": "1s", "application_rules_file": rules(t),
		// On a busy machine the controllers' own watches are late, too.
		"correlate_wait": "10s",
	})
	for i, kind := range include {
		if i > 0 {
			kind = options["objects_include"] + "," + kind
		}
		options["objects_include"] = kind
	}
	r.inputs = append(r.inputs, options)
	r.configure(t)
	return &correlated{run: r, process: r.start(t), arrived: newArrivals(r)}
}

func rules(t testing.TB) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("testdata", "applications", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// synced waits until a report that is made from now on says that every kind is
// watched, but for those that may not be.
func (co *correlated) synced(t testing.TB) {
	t.Helper()
	before := len(co.arrived.reader.of(t, "monitor_status"))
	eventually(t, time.Minute, "all kinds are watched", func() bool {
		reports := co.arrived.reader.of(t, "monitor_status")
		for _, rec := range reports[before:] {
			forbidden := 0
			for _, kind := range rec.Monitor.Objects.Troubled {
				if kind.State == "forbidden" {
					forbidden++
				}
			}
			if o := rec.Monitor.Objects; o.Synced > 0 && o.Synced+int64(forbidden) == o.Kinds {
				return true
			}
		}
		return false
	})
}
