package main

import (
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func at(hour int) time.Time { return time.Date(2026, 1, 31, hour, 0, 0, 0, time.UTC) }

// records are records as they are made of a rollout and what went with it.
func records() map[string]event.Record {
	web := &event.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web"}
	pod := &event.ObjectRef{Kind: "Pod", Namespace: "shop", Name: "web-1"}
	app := &event.Application{Name: "web", Namespace: "argocd", Tool: event.ToolArgoCD}
	labels := &event.Application{Name: "web", Tool: event.ToolLabels}
	return map[string]event.Record{
		"event": {
			Type: event.TypeEvent, Time: at(10), Object: pod, Owner: web, Application: app,
			Event: &event.Occurrence{
				Reason: "BackOff", Type: "Warning", Message: "Back-off\x1b[2J restarting\nfailed container", Count: 5,
				ReportingController: "kubelet", Related: event.ObjectRef{Kind: "Node", Name: "n1"},
			},
		},
		"audit": {
			Type: event.TypeAudit, Time: at(9), Object: &event.ObjectRef{Resource: "deployments", Namespace: "shop", Name: "web"}, Application: labels,
			Audit: &event.Audit{
				Stage: event.StageResponseComplete, Verb: "patch", Code: 200, User: event.User{Name: "alice"},
				Impersonated: &event.User{Name: "system:serviceaccount:argocd:controller"},
				Actor:        event.Actor{Class: event.ActorHuman, Tool: "kubectl"},
				Object:       event.ObjectRef{Resource: "deployments", Subresource: "scale", Namespace: "shop", Name: "web"},
				Changes:      &event.Changes{Paths: []event.FieldPath{"spec.replicas"}, Omitted: 2},
			},
		},
		"denied": {
			Type: event.TypeAudit, Time: at(11),
			Audit: &event.Audit{Stage: event.StageResponseComplete, Verb: "get", RequestURI: "/metrics?x=1", Code: 403, Reason: "Forbidden", Message: "no", User: event.User{Name: "bob"}},
		},
		"object": {
			Type: event.TypeObjectStatus, Time: at(12), Object: web, Application: app,
			ObjectState: &event.ObjectState{
				Status: event.StatusDegraded, Reason: "ProgressDeadlineExceeded", Message: "timed out", Previous: &event.Previous{Status: "Healthy"},
				Drifts: []event.Drift{{Path: "spec.replicas"}}, Omitted: 1,
			},
		},
		"gone": {
			Type: event.TypeObjectStatus, Time: at(13), Object: &event.ObjectRef{Kind: "Node", Name: "n1"},
			ObjectState: &event.ObjectState{Deleted: true, Stale: true, Previous: &event.Previous{Status: "Healthy"}},
		},
		"application": {
			Type: event.TypeApplicationStatus, Time: at(14), Application: app,
			ApplicationState: &event.ApplicationState{
				Status: event.ApplicationDegraded, Omitted: 3,
				Deciding: []event.ObjectFinding{{Object: *web, Status: event.StatusDegraded, Reason: "ProgressDeadlineExceeded"}},
			},
		},
		"deployment": {
			Type: event.TypeDeployment, Time: at(15), Application: app, Object: &event.ObjectRef{Kind: "Application", Namespace: "argocd", Name: "web"},
			Deployment: &event.Deployment{
				Action: event.ActionSync, Phase: event.DeploymentFailed, Tool: event.ToolArgoCD, Revision: "abc", Chart: "web-1.2.3",
				InitiatedBy: "carol", Message: "hook failed", Objects: []event.ObjectRef{{Kind: "ConfigMap", Namespace: "shop", Name: "settings"}},
			},
		},
		"rejected": {
			Type: event.TypeRejected, Time: at(16),
			Rejected: &event.Rejection{Place: event.Place{Source: "recorded", Name: "audit.log", Offset: 7}, Reason: event.RejectNotJSON, Detail: "unexpected end"},
		},
		"monitor": {
			Type: event.TypeMonitorStatus, Time: at(17),
			Monitor: &event.MonitorStatus{Phase: event.PhaseStop, Instance: "replay", Count: event.Counters{Received: 3, Emitted: 2}},
		},
	}
}

// Each filter chooses the records it says, and no others.
func TestFilter(t *testing.T) {
	all := records()
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"no filter", nil, []string{"event", "audit", "denied", "object", "gone", "application", "deployment", "rejected", "monitor"}},
		{"application by name", []string{"--application=web"}, []string{"event", "audit", "object", "application", "deployment"}},
		{"application where the tool keeps it", []string{"--application=argocd/web"}, []string{"event", "object", "application", "deployment"}},
		{"application where its objects are", []string{"--application=shop/web"}, []string{"event", "audit", "object"}},
		{"application by a pattern", []string{"--application=*/w*b"}, []string{"event", "audit", "object", "application", "deployment"}},
		{"no such application", []string{"--application=we"}, nil},
		{"object", []string{"--object=Deployment/shop/web"}, []string{"event", "audit", "object"}},
		{"object by its plural", []string{"--object=deployments/shop/web"}, []string{"event", "audit", "object"}},
		{"object of any kind", []string{"--object=shop/web"}, []string{"event", "audit", "object"}},
		{"another kind", []string{"--object=Service/shop/web"}, nil},
		{"pod", []string{"--object=pod/shop/web-1"}, []string{"event"}},
		{"object of a deployment", []string{"--object=ConfigMap/shop/settings"}, []string{"deployment"}},
		{"object without namespace", []string{"--object=node/n1"}, []string{"event", "gone"}},
		{"object with an empty namespace", []string{"--object=Node//n1"}, []string{"event", "gone"}},
		{"objects of a namespace", []string{"--object=argocd/*"}, []string{"deployment"}},
		{"user", []string{"--user=alice"}, []string{"audit"}},
		{"user acted as", []string{"--user=system:serviceaccount:argocd:*"}, []string{"audit"}},
		{"user of a deployment", []string{"--user=carol"}, []string{"deployment"}},
		{"users", []string{"--user=bob", "--user=carol"}, []string{"denied", "deployment"}},
		{"types", []string{"--type=audit,event"}, []string{"event", "audit", "denied"}},
		{"since", []string{"--since=2026-01-31T15:00:00Z"}, []string{"deployment", "rejected", "monitor"}},
		{"until", []string{"--until=2026-01-31 10:00"}, []string{"event", "audit"}},
		{"both", []string{"--since=2026-01-31T11:00:00+01:00", "--until=2026-01-31T11:00:00Z"}, []string{"event", "denied"}},
		{"all together", []string{"--user=alice", "--object=shop/*", "--type=audit", "--application=web"}, []string{"audit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &replayOptions{}
			cmd := newReplayCommand(streams{})
			cmd.ResetFlags()
			o.addFlags(streams{}, cmd)
			if err := cmd.ParseFlags(tt.args); err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, name := range tt.want {
				want[name] = true
			}
			for name, rec := range all {
				if got := o.filter.wants(&rec); got != want[name] {
					t.Errorf("%s: wanted %v, want %v", name, got, want[name])
				}
			}
		})
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"web", "web", true},
		{"web", "web-1", false},
		{"web*", "web", true},
		{"*", "", true},
		{"*eb*", "web-1", true},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"ab*b", "ab", false},
		{"**", "x", true},
		{"", "x", false},
	} {
		if got := like(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%q, %q: %v", tt.pattern, tt.text, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	now := at(12)
	for text, want := range map[string]time.Time{
		"2026-01-31T12:00:00.5Z":    now.Add(time.Second / 2),
		"2026-01-31T13:00:00+01:00": now,
		"2026-01-31":                now.Add(-12 * time.Hour),
		"2026-01-31T12:00":          now,
		"2026-01-31 12:00:01":       now.Add(time.Second),
		"2h":                        now.Add(-2 * time.Hour),
		"1h30m":                     now.Add(-90 * time.Minute),
		"7d":                        now.AddDate(0, 0, -7),
		"1d12h":                     now.Add(-36 * time.Hour),
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "yesterday", "90", "-2h", "2026-13-01", "d", "d2h", "-1d", "1e9d", "99999999999d", "2h1d", "NaNd", "infd"} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// What stands in the columns can be given to the filters.
func TestFilterTakesWhatIsShown(t *testing.T) {
	for name, rec := range records() {
		cells := cellsOf(&rec)
		if cells[2] != "" {
			if p, err := parseObject(cells[2]); err != nil || !p.matches(&rec) {
				t.Errorf("%s: object %q: %v", name, cells[2], err)
			}
		}
		if cells[3] != "" {
			if p, err := parseApplication(cells[3]); err != nil || !p.matches(&rec) {
				t.Errorf("%s: application %q: %v", name, cells[3], err)
			}
		}
	}
}
