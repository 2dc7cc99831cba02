package kube

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"

	"github.com/fluent-live/live-status/pipeline/config"
)

// Target is what is known of an API server before it is asked anything.
type Target struct {
	// URL is without credentials.
	URL *url.URL
	// Origin says where the settings are from, for people.
	Origin string
	// Roots are what the server's certificate is checked against; nil for the
	// system's.
	Roots *x509.CertPool
	// Insecure is set where it is not checked.
	Insecure bool
	// ServerName is the name expected in it.
	ServerName string
	// Client is the client certificate; nil for none.
	Client *tls.Certificate
	// TokenFile is empty where the token, if any, is not kept in a file.
	TokenFile string
	// Exec is the name of the program that hands out credentials; empty for none.
	Exec string

	proxy func(*http.Request) (*url.URL, error)
	token config.Secret
}

// Proxy returns the proxy through which the server is reached, nil for none. It may
// hold credentials.
func (t Target) Proxy() (*url.URL, error) {
	if t.proxy == nil {
		return nil, nil
	}
	return t.proxy(&http.Request{URL: t.URL})
}

// Token reads the bearer token; empty where there is none that is known without
// asking a program.
func (t Target) Token() (config.Secret, error) {
	if t.TokenFile == "" {
		return t.token, nil
	}
	return readToken(t.TokenFile)
}

// Target describes the API server. It is zero once a is closed.
func (a *Access) Target() Target {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current == nil {
		return Target{}
	}
	return a.current.target
}

// targetOf describes what s leads to.
func targetOf(s *settings, base *url.URL) Target {
	t := Target{
		URL: base, Origin: s.origin, Insecure: s.rest.Insecure, ServerName: s.rest.ServerName,
		TokenFile: s.tokenFile, proxy: s.rest.Proxy, token: config.Secret(s.rest.BearerToken),
	}
	if t.ServerName == "" {
		t.ServerName = base.Hostname()
	}
	if data := s.rest.CAData; len(data) > 0 {
		t.Roots = x509.NewCertPool()
		t.Roots.AppendCertsFromPEM(data)
	}
	if block, _ := pem.Decode(s.rest.CertData); block != nil {
		// One that does not parse fails the client, and is told there.
		if pair, err := tls.X509KeyPair(s.rest.CertData, s.rest.KeyData); err == nil {
			t.Client = &pair
		}
	}
	if exec := s.rest.ExecProvider; exec != nil {
		t.Exec = exec.Command
	}
	return t
}
