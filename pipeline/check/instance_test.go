package check

import (
	"testing"
	"time"
)

func TestInstance(t *testing.T) {
	ca, foreign := newAuthority(t, "ca"), newAuthority(t, "foreign")
	ready := ca.serve(t, api{"/healthz": "ok\n", "/readyz": "ok\n"})
	unready := ca.serve(t, api{"/healthz": "ok\n", "/readyz": "503|lists are not in yet\n"})
	stranger := ca.serve(t, api{})
	for _, tt := range []struct {
		name string
		peer Peer
		want []string
	}{
		{"ready", Peer{URL: ready.URL, CAFile: ca.file}, []string{"instance ok: ...verified by CN=ca", "instance ok: ...healthz: 200 ok", "instance ok: ...readyz: 200 ok"}},
		{"self-signed", Peer{URL: ready.URL, Insecure: true}, []string{"instance ok: ...healthz: 200 ok", "instance ok: ...readyz: 200 ok"}},
		{"foreign authority", Peer{URL: ready.URL, CAFile: foreign.file}, []string{"instance failed: ...unknown authority, CN=ca -> put the certificate of that authority into --instance-ca-file (or use --instance-insecure)"}},
		{"not ready", Peer{URL: unready.URL, CAFile: ca.file}, []string{"instance ok", "instance ok", "instance failed: ...readyz: 503 lists are not in yet -> wait for its first lists"}},
		{"stranger", Peer{URL: stranger.URL, Insecure: true}, []string{"instance failed: ...healthz: 404... -> check --instance", "instance failed"}},
		{"down", Peer{URL: "https://" + refused(t)}, []string{"instance failed: ...connection refused -> nothing listens there"}},
		{"no URL", Peer{URL: "live-status:9465"}, []string{"instance failed: --instance is no URL -> write https://HOST:PORT"}},
		{"no CA", Peer{URL: ready.URL, CAFile: "gone.crt"}, []string{"instance failed: gone.crt: open: no such file or directory -> name the file of the CA"}},
		{"none", Peer{}, []string{"instance skipped: --instance is not given"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			says(t, Run(t.Context(), Options{Instance: tt.peer, Only: []Name{Instance}, Timeout: 20 * time.Second}), tt.want...)
		})
	}
}
