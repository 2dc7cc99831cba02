package check

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/kube"
	"github.com/fluent-live/live-status/pipeline/permission"
)

func TestPermissions(t *testing.T) {
	s := httptest.NewServer(api{})
	defer s.Close()
	finding := func(verb, resource, why string) permission.Finding {
		return permission.Finding{Right: permission.Right{Verb: verb, Resource: resource}, Why: why, Fix: "the fix", Or: "set it off"}
	}
	var many []permission.Finding
	for i := range 40 {
		many = append(many, finding("list", fmt.Sprintf("things%d", i), "watching"))
	}
	for _, tt := range []struct {
		name   string
		report permission.Report
		err    error
		want   []string
	}{
		{"all", permission.Report{Requests: 12}, nil, []string{"permissions ok: all that is needed is allowed, and nothing that must not be (12 requests)"}},
		{
			"missing and excess",
			permission.Report{
				Missing: []permission.Finding{finding("list", "pods", "watching pods"), finding("watch", "pods", "watching pods")},
				Excess:  []permission.Finding{finding("create", "pods/exec", "it only reads")},
			},
			nil,
			[]string{
				"permissions failed: missing: list, watch ...pods... (for watching pods) -> add to a ClusterRole: ...pods...; or set it off",
				"permissions warning: more than needed: create ...pods/exec...: it only reads -> the fix",
			},
		},
		{
			"Secrets",
			permission.Report{Missing: []permission.Finding{finding("list", "secrets", "Helm's releases")}},
			nil,
			[]string{"permissions warning: missing: list secrets (for Helm's releases)"},
		},
		{
			"custom resources",
			permission.Report{Missing: []permission.Finding{
				{Right: permission.Right{Verb: "list", Group: "cert.example.com", Resource: "certificates"}, Why: "watching"},
				{Right: permission.Right{Verb: "watch", Group: "cert.example.com", Resource: "certificates"}, Why: "watching"},
				{Right: permission.Right{Verb: "list", Group: "cert.example.com", Resource: "issuers"}, Why: "watching"},
			}},
			nil,
			[]string{"permissions warning: missing: list, watch custom resources of cert.example.com (certificates, issuers): applications that have some are Unknown -> add to a ClusterRole: {apiGroups: [cert.example.com], resources: [\"*\"], verbs: [list, watch]}"},
		},
		{"very many", permission.Report{Missing: many}, nil, append(make([]string, maxRights), "permissions failed: missing on 28 resources more")},
		{"no answer", permission.Report{}, errors.New("broken"), []string{"permissions failed: ask for the rights: broken"}},
		{"nobody to ask", permission.Report{}, &permission.UnansweredError{Forbidden: true, Review: "selfsubjectaccessreviews"}, []string{"permissions warning: the API server refuses to tell"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows := Run(t.Context(), Options{
				Config: parse(t, config.Map{"kube_url": s.URL}), Only: []Name{Permissions},
				Rights: func(context.Context, *kube.Access, config.Config) (permission.Report, error) {
					return tt.report, tt.err
				},
			})
			says(t, rows, tt.want...)
		})
	}
}
