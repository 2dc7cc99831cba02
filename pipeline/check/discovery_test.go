package check

import (
	"net/http/httptest"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestDiscovery(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"all there", `{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","freshness":"Current"}]}]}`, "discovery ok: 1 version answered for"},
		{
			"one down", `{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1"}]},{"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale"}]}]}`,
			"discovery warning: 1 version of 2 cannot be asked, and their objects are not watched: metrics.k8s.io/v1beta1 -> look at kubectl get apiservices",
		},
		{"plain list", `{"kind":"APIGroupList","groups":[{"name":"apps","versions":[{},{}]}]}`, "discovery ok: 2 versions"},
		{"something else", `{"kind":"Status"}`, "discovery failed: ...the answer is no list of groups"},
		{"a page", `<html>`, "discovery failed: ...the answer is no list of groups"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(api{"/apis": tt.answer})
			defer s.Close()
			says(t, only(t, Discovery, config.Map{"kube_url": s.URL}), tt.want)
		})
	}
}
