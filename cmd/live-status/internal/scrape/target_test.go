package scrape

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"https", Options{URL: "https://h:9465/metrics", TokenFile: "t"}, ""},
		{"http", Options{URL: "http://h:9465"}, "write https, or --insecure"},
		{"http is wished", Options{URL: "http://h:9465", Insecure: true}, ""},
		{"a token in the clear", Options{URL: "http://h:9465", Insecure: true, TokenFile: "t"}, "a token is not sent to h:9465 without encryption"},
		{"a name that looks like loopback", Options{URL: "http://127.0.0.1.example", Insecure: true, TokenFile: "t"}, "a token is not sent"},
		{"a token on loopback", Options{URL: "http://127.0.0.2:9465", Insecure: true, TokenFile: "t"}, ""},
		{"a token on loopback, IPv6", Options{URL: "http://[::1]:9465", Insecure: true, TokenFile: "t"}, ""},
		{"a token on localhost", Options{URL: "http://localhost:9465", Insecure: true, TokenFile: "t"}, ""},
		{"a token through a proxy", Options{URL: "http://localhost", Insecure: true, TokenFile: "t", Proxy: true}, "through a proxy"},
		{"a password", Options{URL: "https://u:s3cret@h"}, "a password in a URL"},
		{"a password in no URL", Options{URL: "https://u:s3cret@h:x"}, "is no URL"},
		{"no scheme", Options{URL: "h:9465"}, "write https://HOST:PORT/metrics"},
		{"a file", Options{URL: "file:///etc/passwd"}, "write https://HOST:PORT/metrics"},
		{"no host", Options{URL: "https:///metrics"}, "names no host"},
		{"a fragment", Options{URL: "https://h/metrics#x"}, "leave it out"},
		{"half a certificate", Options{URL: "https://h", CertFile: "c"}, "go together"},
		{"a certificate in the clear", Options{URL: "http://h", Insecure: true, CertFile: "c", KeyFile: "k"}, "with https only"},
		{"a contradiction", Options{URL: "https://h", SkipVerify: true, CAFile: "c"}, "leave out either"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.o.Check()
			if (err == nil) != (tt.want == "") || (err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret"))) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// A token that may go to loopback alone goes nowhere else, whatever a name means.
func TestOnlyLoopback(t *testing.T) {
	for address, ok := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "10.0.0.1:80": false, "[2001:db8::1]:80": false, "x": false} {
		if err := onlyLoopback(t.Context(), "tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if r.Header.Get("Authorization") == "Bearer good" {
			_, _ = io.WriteString(w, answer)
		}
	}))
	defer srv.Close()
	if n, err := fetch(t, Options{URL: srv.URL, Insecure: true, TokenFile: file(t, "token", "good")}); err != nil || n != 1 {
		t.Errorf("%d series, %v", n, err)
	}
	// Whoever forgets TLS on the server is told so.
	if _, err := fetch(t, Options{URL: strings.Replace(srv.URL, "http:", "https:", 1)}); err == nil || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("error %v", err)
	}
}
