package check

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestVersions(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"known", versionAnswer, "versions ok: Kubernetes v1.36.1, live-status test, Fluent Bit v5.1.1"},
		{"with a plus", `{"major":"1","minor":"31+","gitVersion":"v1.31.2-eks"}`, "versions ok: Kubernetes v1.31.2-eks"},
		{"old", `{"major":"1","minor":"24","gitVersion":"v1.24.0"}`, "versions warning: Kubernetes v1.24.0...1.29 to 1.37 are known to work -> upgrade the cluster"},
		{"new", `{"major":"1","minor":"44","gitVersion":"v1.44.0"}`, "versions warning: ... -> look for a newer version"},
		{"another", `{"major":"2","minor":"0","gitVersion":"v2.0.0"}`, "versions warning"},
		{"none", `<html>`, "versions failed: the answer to /version is not that of an API server -> check that kube_url"},
		{"down", `503|no`, "versions failed: ask for the version: the API server answered 503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(api{"/version": tt.answer})
			defer s.Close()
			rows := Run(t.Context(), Options{
				Config: parse(t, config.Map{"kube_url": s.URL}), Only: []Name{Versions}, Version: "test",
				FluentBit: func(context.Context) string { return "Fluent Bit v5.1.1" },
			})
			says(t, rows, tt.want)
		})
	}
	says(t, only(t, Versions, offline(nil)), "versions ok: live-status test; kube_events and kube_objects are off")
}
