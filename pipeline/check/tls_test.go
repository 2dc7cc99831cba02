package check

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net/http/httptest"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestTLS(t *testing.T) {
	ca, foreign := newAuthority(t, "ca"), newAuthority(t, "foreign")
	for _, tt := range []struct {
		name   string
		server *authority
		change func(*x509.Certificate)
		more   config.Map
		want   string
	}{
		{"good", ca, func(*x509.Certificate) {}, nil, "tls ok: https://127.0.0.1:...: TLS 1.3, certificate of CN=server until ..., verified by CN=ca"},
		{"expired", ca, expired, nil, "tls failed: ...the certificate of CN=server ended on ..., 2 days ago -> renew it on the server"},
		{"not yet valid", ca, future, nil, "tls failed: ...the certificate of CN=server is valid from ..., in 2 days -> set the clocks"},
		{"ending", ca, ending, nil, "tls warning: ...the certificate of CN=server ends on ..., 5 days from now -> renew it"},
		{"foreign authority", foreign, func(*x509.Certificate) {}, nil, "tls failed: ...signed by an unknown authority, CN=foreign -> put the certificate of that authority into kube_ca_file"},
		{"another name", ca, another, nil, "tls failed: ...the certificate is for kubernetes.default.svc, not for 127.0.0.1 -> use one of these names in kube_url, or set kube_tls_server_name"},
		{"another name, set", ca, another, config.Map{"kube_tls_server_name": "kubernetes.default.svc"}, "tls ok: ...verified by CN=ca"},
		{"unchecked", foreign, func(*x509.Certificate) {}, config.Map{"kube_tls_verify": "off"}, "tls warning: ...the certificate of CN=server is not checked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.server.serve(t, api{"/version": versionAnswer}, tt.change)
			values := config.Map{"kube_url": s.URL, "kube_ca_file": ca.file}
			maps.Copy(values, tt.more)
			says(t, only(t, TLS, values), tt.want)
		})
	}
}

func TestTLSOfWhoSpeaksNone(t *testing.T) {
	s := httptest.NewServer(api{})
	defer s.Close()
	ca := newAuthority(t, "ca")
	says(t, only(t, TLS, config.Map{"kube_url": "https://" + s.Listener.Addr().String(), "kube_ca_file": ca.file}),
		"tls failed: ...the server does not speak TLS -> use the port that speaks TLS")
	says(t, only(t, TLS, config.Map{"kube_url": s.URL}), "tls warning: ...there is no TLS, and credentials are sent as they are -> use https://")
}

func TestClientCertificate(t *testing.T) {
	ca := newAuthority(t, "ca")
	for _, tt := range []struct {
		name   string
		change func(*x509.Certificate)
		want   []string
	}{
		{"good", func(*x509.Certificate) {}, []string{"tls ok", "tls ok: client certificate of CN=server until"}},
		{"ending", ending, []string{"tls ok", "tls warning: the client certificate of CN=server ends on ..., in 5 days"}},
		{"expired", expired, []string{"tls ok", "tls failed: the client certificate of CN=server ended on ..., 2 days ago -> have a new one issued"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ca.serve(t, api{"/version": versionAnswer})
			s.TLS.ClientAuth = tls.RequestClientCert
			cert, key := ca.issue(t, tt.change)
			says(t, only(t, TLS, config.Map{"kube_url": s.URL, "kube_ca_file": ca.file, "kube_client_cert_file": cert, "kube_client_key_file": key}), tt.want...)
		})
	}
}

// A server that is not trusted gets to know nothing: neither a request nor a client
// certificate.
func TestNothingIsToldToStrangers(t *testing.T) {
	ca, foreign := newAuthority(t, "ca"), newAuthority(t, "foreign")
	asked := 0
	s := foreign.serve(t, counting(&asked))
	s.TLS.ClientAuth = tls.RequestClientCert
	s.TLS.VerifyPeerCertificate = func(raw [][]byte, _ [][]*x509.Certificate) error {
		asked += len(raw)
		return nil
	}
	cert, key := ca.issue(t)
	says(t, only(t, TLS, config.Map{"kube_url": s.URL, "kube_ca_file": ca.file, "kube_client_cert_file": cert, "kube_client_key_file": key}),
		"tls failed", "tls ok: client certificate")
	s.Close()
	if asked != 0 {
		t.Errorf("a server that is not trusted was told something")
	}
}
