package metrics

import (
	"fmt"
	"strconv"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// pictured is a state as a test wants it.
type pictured struct {
	monitor      Monitor
	applications []event.ApplicationView
	objects      []event.ObjectView
	// entered is called at the beginning of a scrape.
	entered func()
}

func (p *pictured) Monitor() Monitor {
	if p.entered != nil {
		p.entered()
	}
	return p.monitor
}

func (p *pictured) Applications(yield func(event.ApplicationView) bool) {
	for i := range p.applications {
		if !yield(p.applications[i]) {
			return
		}
	}
}

func (p *pictured) Objects(yield func(event.ObjectView) bool) {
	for i := range p.objects {
		if !yield(p.objects[i]) {
			return
		}
	}
}

// now is the clock of tests.
func now() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

// full is a state of which every family has something to tell.
func full() *pictured {
	since := now().Add(-time.Hour)
	return &pictured{
		monitor: Monitor{
			Cluster: "prod-eu-1", Started: now().Add(-90 * time.Minute),
			Files: map[string]int64{"db": 1 << 20, "wal": 4096, "spool": 8192},
			Watches: []event.WatchState{
				{Resource: event.GroupResource{Resource: "pods"}, Listed: true, Heard: now().Add(-3 * time.Second)},
				{Resource: event.GroupResource{Group: "apps", Resource: "deployments"}, Namespace: "shop", Broken: since, Error: "no"},
			},
			ObjectTransitions:      []event.Transition{{To: "Healthy", Count: 3}, {From: "Healthy", To: "Degraded", Count: 2}},
			ApplicationTransitions: []event.Transition{{From: "Degraded", Count: 1}},
			MonitorStatus: event.MonitorStatus{
				Instance: "node-1", Version: "v1.2.3",
				Sources: []event.SourceStatus{{
					Name: "audit_webhook", Scope: ":9443", State: event.SourceServing, LastReceived: now().Add(-time.Second),
					Lag: 250 * time.Millisecond, Reconnects: 1, Relists: 2, Behind: 3, Refused: 4,
				}},
				Objects: &event.ObjectsStatus{Troubled: []event.KindStatus{{
					Resource: event.GroupResource{Group: "apps", Resource: "deployments"}, Namespace: "shop", State: event.KindForbidden,
				}}},
				Forward:     &event.ForwardStatus{Acknowledged: 5, Attempts: 6, Failures: 7, DeadLetters: 8},
				Permissions: &event.PermissionsStatus{Missing: 1},
				Redaction: event.RedactionStatus{
					Values: 12, Found: map[string]int64{"secret-data": 9}, Withheld: map[string]int64{"too large": 1}, Blocked: "no values",
				},
				Queue: event.QueueStatus{Records: 10, Bytes: 11, MaxBytes: 8 << 20, Uncommitted: 13},
				Count: event.Counters{
					Received: 100, Events: 20, Audits: 30, Deployments: 2, ObjectStatuses: 40, ApplicationStatuses: 5, Emitted: 98,
					Deduplicated: 7, Filtered: 8, Expired: 9, Deleted: 1, Rejected: map[string]int64{"too_large": 1},
					Correlated: map[string]int64{"matched": 44, "no_rule": 6}, Commits: 12, CommitErrors: 1,
				},
			},
		},
		applications: []event.ApplicationView{
			{
				Application: event.Application{Name: "shop", Namespace: "shop", Tool: event.ToolHelm, Version: "1.4.0", Chart: "shop-2.1.0", Environment: "prod", Tenant: "acme"},
				Status:      event.ApplicationDegraded, Health: event.HealthDegraded, Sync: event.SyncOutOfSync, Stale: true, Since: since,
				Objects: 3, Statuses: map[event.Status]int64{event.StatusDegraded: 1, event.StatusHealthy: 2},
				Deciding: &event.ObjectFinding{
					Object: event.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web"},
					Status: event.StatusDegraded, Reason: "ProgressDeadlineExceeded", Message: "told nowhere",
				},
			},
			{
				Application: event.Application{Name: "bank", Tool: event.ToolLabels}, Status: event.ApplicationHealthy, Since: since,
				Objects: 1, Statuses: map[event.Status]int64{event.StatusHealthy: 1},
			},
		},
		objects: []event.ObjectView{
			{
				Object:      event.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web"},
				Application: event.Application{Name: "shop", Namespace: "shop", Tool: event.ToolHelm}, Status: event.StatusDegraded,
			},
			{Object: event.ObjectRef{APIVersion: "v1", Kind: "Service", Namespace: "shop", Name: "web"}, Status: event.StatusHealthy},
			{Object: event.ObjectRef{APIVersion: "v1", Kind: "Node", Name: "node-1"}, Status: event.StatusSuspended},
		},
	}
}

// crowd is a state of so many applications and objects, one of ten of which is ill.
func crowd(applications, objects int) *pictured {
	p := full()
	p.applications, p.objects = make([]event.ApplicationView, applications), make([]event.ObjectView, objects)
	for i := range p.applications {
		a := &p.applications[i]
		a.Application = event.Application{
			Name: "application-" + strconv.Itoa(i), Namespace: event.Namespace("namespace-" + strconv.Itoa(i/10)), Tool: event.ToolHelm,
			Version: "1.4." + strconv.Itoa(i%7), Chart: "chart-2." + strconv.Itoa(i%5),
		}
		a.Status, a.Sync, a.Since = event.ApplicationHealthy, event.SyncInSync, now()
		a.Statuses = map[event.Status]int64{event.StatusHealthy: 90, event.StatusInSync: 8}
		if i%10 == 0 {
			a.Status = event.ApplicationDegraded
			a.Statuses[event.StatusDegraded] = 2
			a.Deciding = &event.ObjectFinding{
				Object: event.ObjectRef{Kind: "Deployment", Namespace: a.Application.Namespace, Name: "web"}, Status: event.StatusDegraded, Reason: "ProgressDeadlineExceeded",
			}
		}
	}
	kinds := []event.ObjectRef{{APIVersion: "v1", Kind: "Pod"}, {APIVersion: "apps/v1", Kind: "ReplicaSet"}, {APIVersion: "apps/v1", Kind: "Deployment"}, {APIVersion: "v1", Kind: "Service"}}
	for i := range p.objects {
		o := &p.objects[i]
		o.Application = p.applications[i%applications].Application
		o.Object = kinds[i%len(kinds)]
		o.Object.Namespace, o.Object.Name = o.Application.Namespace, fmt.Sprintf("web-%05d-7d4b9c6f5d", i)
		o.Status = event.StatusHealthy
		if i%10 == 0 {
			o.Status = event.StatusDegraded
		}
	}
	return p
}
