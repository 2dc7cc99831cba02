package redact

import (
	"reflect"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestWithheldPartsOfDeployments has a text that cannot be examined in each
// object of a record, the same and different ones.
func TestWithheldPartsOfDeployments(t *testing.T) {
	const unreadable = "kind: Secret data: x"
	bad := event.ObjectRef{Kind: "Deployment", Name: unreadable}
	object, owner := bad, bad
	out := New(Options{Salt: testSalt}).Redact(event.Record{
		Type: event.TypeDeployment, ID: "i", Object: &object, Owner: &owner,
		Application: &event.Application{Name: "a", Tool: event.ToolHelm, Via: event.Via{Rule: "r", Object: bad}},
		Deployment:  &event.Deployment{Message: unreadable, Source: unreadable, Objects: []event.ObjectRef{{Name: "a"}, bad, bad}},
	}).Fields()
	want := []event.Withheld{
		{Path: "/application/via/object/name", Reason: ReasonUnreadable},
		{Path: "/deployment/message", Reason: ReasonUnreadable},
		{Path: "/deployment/objects/1/name", Reason: ReasonUnreadable},
		{Path: "/deployment/objects/2/name", Reason: ReasonUnreadable},
		{Path: "/deployment/source", Reason: ReasonUnreadable},
		{Path: "/object/name", Reason: ReasonUnreadable},
		{Path: "/owner/name", Reason: ReasonUnreadable},
	}
	if !reflect.DeepEqual(out.Withheld, want) {
		t.Errorf("%+v", out.Withheld)
	}
	for _, name := range []string{out.Application.Via.Object.Name, out.Object.Name, out.Owner.Name, out.Deployment.Objects[2].Name} {
		if name != MarkWithheld {
			t.Errorf("%q", name)
		}
	}
}

// TestWithheldPartsOfKinds has errors that cannot be examined.
func TestWithheldPartsOfKinds(t *testing.T) {
	in := &event.MonitorStatus{Objects: &event.ObjectsStatus{Synced: 7, Troubled: []event.KindStatus{
		{Resource: event.GroupResource{Resource: "pods"}, Error: "list: forbidden"},
		{Resource: event.GroupResource{Resource: "secrets"}, Error: "kind: Secret data: x"},
	}}}
	out := New(Options{Salt: testSalt}).Redact(event.Record{Type: event.TypeMonitorStatus, Monitor: in}).Fields()
	if want := []event.Withheld{{Path: "/monitor/objects/troubled/1/error", Reason: ReasonUnreadable}}; !reflect.DeepEqual(out.Withheld, want) {
		t.Errorf("%+v", out.Withheld)
	}
	if o := out.Monitor.Objects; o.Synced != 7 || o.Troubled[0] != in.Objects.Troubled[0] || o.Troubled[1].Error != MarkWithheld {
		t.Errorf("%+v", o)
	}
}

// TestSourceIsAURL has the places in which a source can hold credentials.
func TestSourceIsAURL(t *testing.T) {
	r := New(Options{Salt: testSalt})
	for in, want := range map[string]string{
		"https://git.example.com/shop/web.git":                   "https://git.example.com/shop/web.git",
		"ssh://git@git.example.com:22/shop/web.git":              "ssh://git@git.example.com:22/shop/web.git",
		"git@git.example.com:shop/web.git":                       "git@git.example.com:shop/web.git",
		"oci://registry.example.com/charts/web@sha256:6b86b273":  "oci://registry.example.com/charts/web@sha256:6b86b273",
		"GitRepository/flux-system/shop":                         "GitRepository/flux-system/shop",
		"https://ci:s3cr3t@git.example.com/web.git":              "https://ci:[redacted]@git.example.com/web.git",
		"https://s3cr3ttoken@git.example.com/web.git":            "https://[redacted]@git.example.com/web.git",
		"https://git.example.com/web.git?private_token=s3cr3t":   "https://git.example.com/web.git?private_token=[redacted]",
		"https://git.example.com/web.git?private%5Ftoken=s3cr3t": "https://git.example.com/web.git?private%5Ftoken=[redacted]",
		"https://git.example.com/web.git?ref=main&a=b#x=y":       "https://git.example.com/web.git?ref=main&a=b#x=y",
	} {
		out := r.Redact(event.Record{Type: event.TypeDeployment, ID: "i", Deployment: &event.Deployment{Source: in}}).Fields()
		if out.Deployment.Source != want || out.Withheld != nil {
			t.Errorf("%s\n got %s, %v\nwant %s", in, out.Deployment.Source, out.Withheld, want)
		}
	}
}
