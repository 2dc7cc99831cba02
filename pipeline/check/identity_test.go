package check

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// jwt is a token that expires after so long.
func jwt(expires time.Duration) string {
	encode := base64.RawURLEncoding.EncodeToString
	body := fmt.Sprintf(`{"sub":"system:serviceaccount:monitoring:live-status","aud":["https://kubernetes.default.svc"],"exp":%d}`, time.Now().Add(expires).Unix())
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(body)) + "." + encode([]byte("signature-geheim"))
}

func TestIdentity(t *testing.T) {
	ca := newAuthority(t, "ca")
	user := "identity ok: user system:serviceaccount:monitoring:live-status, groups system:serviceaccounts, system:authenticated"
	for _, tt := range []struct {
		name, token, answer string
		want                []string
	}{
		{"good", jwt(50*time.Minute + time.Second), reviewAnswer, []string{user, "identity ok: token ..., written ... ago, for system:serviceaccount:monitoring:live-status, audience https://kubernetes.default.svc: it expires in 50m"}},
		{"opaque", "opaque-geheim", reviewAnswer, []string{user, "identity ok: token ...: it does not say how long it is valid"}},
		{"ending", jwt(5 * time.Minute), reviewAnswer, []string{user, "identity warning: token ... it expires in ... -> see that something writes a new one"}},
		{"unknown token", "opaque-geheim", unauthorizedAnswer, []string{"identity failed: the API server answered 401 Unauthorized... -> the credentials are missing, expired or of another cluster", "identity ok: token"}},
		{"expired token", jwt(-time.Hour), unauthorizedAnswer, []string{"identity failed: token ...: it expired 1h0m0s ago -> have a new one written there"}},
		{"nobody", "opaque-geheim", `{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"system:anonymous"}}}`, []string{"identity failed: the API server takes us for nobody", "identity ok"}},
		{"may not ask", "opaque-geheim", `403|{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Forbidden","code":403}`, []string{"identity warning: the API server does not say who this is: ...403 Forbidden: no -> bind the ClusterRole system:basic-user", "identity ok"}},
		{"no API server", "opaque-geheim", "<html>", []string{"identity failed: ...the answer is no SelfSubjectReview"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ca.serve(t, api{reviews: tt.answer})
			token := filepath.Join(t.TempDir(), "token")
			write(t, token, []byte(tt.token+"\n"))
			rows := only(t, Identity, config.Map{"kube_url": s.URL, "kube_ca_file": ca.file, "kube_token_file": token})
			says(t, rows, tt.want...)
			if out := text(rows); strings.Contains(out, "geheim") || strings.Contains(out, tt.token) || strings.Contains(out, "c2lnbmF0dXJl") {
				t.Errorf("the token is told: %s", out)
			}
		})
	}
}
