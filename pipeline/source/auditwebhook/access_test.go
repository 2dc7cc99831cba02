package auditwebhook

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCheck(t *testing.T) {
	tls := Access{CertFile: "crt", KeyFile: "key"}
	with := func(a Access, listen string, f ...func(*Access)) Access {
		a.Listen = listen
		for _, f := range f {
			f(&a)
		}
		return a
	}
	token := func(a *Access) { a.TokenFile = "token" }
	ca := func(a *Access) { a.ClientCAFile = "ca" }
	insecure := func(a *Access) { a.Insecure = true }
	for _, tc := range []struct {
		name   string
		access Access
		// want are parts of the error; none means no error.
		want []string
	}{
		{"tls and token", with(tls, ":9443", token), nil},
		{"tls and client CA", with(tls, "0.0.0.0:9443", ca), nil},
		{"all", with(tls, "[::]:9443", ca, token), nil},
		{"insecure", with(Access{}, ":9443", insecure), nil},
		{"loopback", with(Access{}, "127.0.0.1:9443"), nil},
		{"any loopback", with(Access{}, "127.8.9.10:0"), nil},
		{"loopback of IPv6", with(Access{}, "[::1]:9443"), nil},
		{"loopback of IPv4 in IPv6", with(Access{}, "[::ffff:127.0.0.1]:9443"), nil},
		{"localhost", with(Access{}, "LocalHost:9443"), nil},
		{"token without TLS on loopback", with(Access{}, "localhost:9443", token), nil},

		{"nothing", Access{}, []string{optionListen, "127.0.0.1:9443"}},
		{"no port", with(tls, "127.0.0.1"), []string{optionListen, "missing port", ":port"}},
		{"IPv6 without brackets", with(tls, "::1:9443"), []string{optionListen, "[IPv6]:port"}},
		{"port by name", with(tls, "localhost:https"), []string{optionListen, "number"}},
		{"port too high", with(tls, "localhost:65536"), []string{optionListen, "number"}},
		{"any port", with(tls, ":0", token), []string{optionListen, "port 0"}},
		{"certificate alone", with(Access{CertFile: "crt"}, "localhost:1"), []string{optionCert, optionKey}},
		{"key alone", with(Access{KeyFile: "key"}, "localhost:1"), []string{optionCert, optionKey}},
		{"client CA without TLS", with(Access{}, "localhost:1", ca), []string{optionClientCA, optionCert, optionKey}},
		{"client CA without TLS, insecure", with(Access{}, "localhost:1", ca, insecure), []string{optionClientCA}},
		{"all addresses without TLS", with(Access{}, ":9443", token), []string{optionListen, optionCert, optionKey, optionInsecure, "127.0.0.1"}},
		{"all addresses without either", with(tls, ":9443"), []string{optionListen, optionClientCA, optionToken, optionInsecure, "127.0.0.1"}},
		{"all IPv4 addresses", with(tls, "0.0.0.0:9443"), []string{optionToken}},
		{"all IPv6 addresses", with(tls, "[::]:9443"), []string{optionToken}},
		{"a name", with(tls, "localhost.example.org:9443"), []string{optionToken}},
		{"an address that begins like loopback", with(tls, "127.0.0.1.example.org:9443"), []string{optionToken}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Check(tc.access)
			if (err != nil) != (tc.want != nil) {
				t.Fatalf("got %v", err)
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %s", err, part)
				}
			}
		})
	}
}

// What is wrong at the start is an error that names the option.
func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, tc := range []struct {
		name   string
		change func(*Options)
		want   []string
		is     error
	}{
		{"address in use", func(o *Options) { o.Listen = taken.Addr().String() }, []string{optionListen, taken.Addr().String()}, syscall.EADDRINUSE},
		{"no certificate", func(o *Options) { o.CertFile = filepath.Join(dir, "none") }, []string{optionCert, "none"}, os.ErrNotExist},
		{"a directory", func(o *Options) { o.KeyFile = dir }, []string{optionKey, "no regular file"}, nil},
		{"broken certificate", func(o *Options) { o.CertFile = write("crt", "hunter2") }, []string{optionCert, optionKey}, nil},
		{"key of another", func(o *Options) {
			_, key := newAuthority(t, "x").issue(t, "x", 0, o.Now().AddDate(1, 0, 0))
			o.KeyFile = write("key", string(key))
		}, []string{optionCert, optionKey, "match"}, nil},
		{"empty client CA", func(o *Options) { o.ClientCAFile = write("ca", "") }, []string{optionClientCA, "no PEM certificate"}, nil},
		{"no token", func(o *Options) { o.TokenFile = filepath.Join(dir, "none") }, []string{optionToken}, os.ErrNotExist},
		{"token of two lines", func(o *Options) { o.TokenFile = write("token", "hunter2\nhunter2\n") }, []string{optionToken, "one line"}, nil},
		{"exposed", func(o *Options) { o.Listen = ":9443" }, []string{optionToken}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opts, _ := newOptions(t)
			opts.Spool, opts.Sink, opts.Positions = newMemory(), newSink(), newSink()
			opts, err := opts.complete()
			if err != nil {
				t.Fatal(err)
			}
			tc.change(&opts)
			s, err := New(t.Context(), opts)
			if err == nil {
				_ = s.Close()
				t.Fatal("no error")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %s", err, part)
				}
			}
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("%q is not %q", err, tc.is)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q shows what is in the file", err)
			}
		})
	}
}

func TestCloseFreesTheAddress(t *testing.T) {
	opts, _ := newOptions(t)
	opts.Spool, opts.Sink, opts.Positions = newMemory(), newSink(), newSink()
	s, err := New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	opts.Listen = s.Addr().String()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}
