package auditwebhook

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	opts, ca := newOptions(t)
	opts.TokenFile = filepath.Join(t.TempDir(), "token")
	write := func(content string) {
		// Written in place, the file would be seen empty in between.
		next := opts.TokenFile + ".next"
		if err := os.WriteFile(next, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, opts.TokenFile); err != nil {
			t.Fatal(err)
		}
	}
	write("hunter2\n")
	f := start(t, opts, ca)
	client := f.client(true)
	post := func(authorization string) reply {
		return f.post(client, goodBody(1, 1), "Authorization", authorization)
	}
	for _, wrong := range []string{"", "Bearer", "Bearer ", "Bearer hunter", "Bearer hunter22", "Bearer hunter2 ", "Basic hunter2", "hunter2"} {
		got := post(wrong)
		if strings.HasSuffix(wrong, " ") && got.status == 200 {
			// net/http takes blanks off the end of a header.
			continue
		}
		if got.status != 401 || got.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%q: got %+v", wrong, got)
		}
	}
	for _, right := range []string{"Bearer hunter2", "bearer hunter2"} {
		if got := post(right); got.status != 200 {
			t.Errorf("%q: got %+v", right, got)
		}
	}
	if got := f.do(client, http.MethodGet, "/readyz", nil); got.status != 200 {
		t.Errorf("a probe needs a token: %+v", got)
	}

	write("hunter3")
	f.eventually("the new token", func() bool { return post("Bearer hunter3").status == 200 })
	if got := post("Bearer hunter2"); got.status != 401 {
		t.Errorf("the old token still lets in: %+v", got)
	}
	write("two\nlines\n")
	f.eventually("the broken token is logged", func() bool { return strings.Contains(f.logs.String(), "one line of printable ASCII") })
	if got := post("Bearer hunter3"); got.status != 200 {
		t.Errorf("a broken token took the good one away: %+v", got)
	}
	write("\n")
	f.eventually("an empty token", func() bool { return post("Bearer hunter3").status == 401 })
	if got := post("Bearer "); got.status != 401 {
		t.Errorf("nobody is let in, and yet: %+v", got)
	}
	if strings.Contains(f.logs.String(), "hunter") {
		t.Errorf("a token was logged:\n%s", f.logs)
	}
	if n := strings.Count(f.logs.String(), "one line of printable ASCII"); n != 1 {
		t.Errorf("the broken token was logged %d times", n)
	}
}

func TestClientCertificates(t *testing.T) {
	opts, ca := newOptions(t)
	clients, strangers := newAuthority(t, "clients"), newAuthority(t, "strangers")
	files := newSecret(t, map[string][]byte{"ca.crt": clients.pem})
	opts.ClientCAFile = files.path("ca.crt")
	var later atomic.Int64
	opts.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	f := start(t, opts, ca)
	member := clients.client(t, "kube-apiserver", time.Now().Add(30*time.Minute))
	for _, h2 := range []bool{false, true} {
		with, without := f.client(h2, member), f.client(h2)
		if got := f.post(with, goodBody(1, 1)); got.status != 200 {
			t.Errorf("got %+v", got)
		}
		if got := f.post(without, goodBody(1, 1)); got.status != 401 || !strings.Contains(got.text, "client certificate is needed") {
			t.Errorf("got %+v", got)
		}
		if got := f.do(without, http.MethodGet, "/healthz", nil); got.status != 200 {
			t.Errorf("a probe needs a certificate: %+v", got)
		}
		wrong := strangers.client(t, "kube-apiserver", time.Now().Add(time.Hour))
		if got, err := f.try(f.client(h2, wrong), http.MethodPost, "/", strings.NewReader(goodBody(1, 1))); err == nil && got.status == 200 {
			t.Errorf("a stranger is let in: %+v", got)
		}
		serverCert, serverKey := clients.issue(t, "a server", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
		other, err := tls.X509KeyPair(serverCert, serverKey)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.try(f.client(h2, other), http.MethodPost, "/", strings.NewReader(goodBody(1, 1))); err == nil && got.status == 200 {
			t.Errorf("a server's certificate lets a client in: %+v", got)
		}
	}

	// A connection that was opened before is no better than a new one.
	long := f.client(true, member)
	if got := f.post(long, goodBody(1, 1)); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	later.Store(int64(45 * time.Minute))
	if got := f.post(long, goodBody(1, 1)); got.status != 403 {
		t.Errorf("an expired certificate lets in: %+v", got)
	}
	later.Store(0)
	long = f.client(true, member)
	if got := f.post(long, goodBody(1, 1)); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	files.set(map[string][]byte{"ca.crt": strangers.pem})
	f.eventually("the new client CA", func() bool {
		got, err := f.try(f.client(true, strangers.client(t, "new", time.Now().Add(time.Hour))), http.MethodPost, "/", strings.NewReader(goodBody(1, 1)))
		return err == nil && got.status == 200
	})
	if got := f.post(long, goodBody(1, 1)); got.status != 403 {
		t.Errorf("a certificate of the former CA lets in: %+v", got)
	}
}

func TestBothAreDemanded(t *testing.T) {
	opts, ca := newOptions(t)
	clients := newAuthority(t, "clients")
	files := newSecret(t, map[string][]byte{"ca.crt": clients.pem, "token": []byte("hunter2")})
	opts.ClientCAFile, opts.TokenFile = files.path("ca.crt"), files.path("token")
	f := start(t, opts, ca)
	member := clients.client(t, "kube-apiserver", time.Now().Add(time.Hour))
	for _, tc := range []struct {
		client *http.Client
		token  string
		want   int
	}{
		{f.client(true), "", 401},
		{f.client(true, member), "", 401},
		{f.client(true), "Bearer hunter2", 401},
		{f.client(true, member), "Bearer hunter2", 200},
	} {
		if got := f.post(tc.client, goodBody(1, 1), "Authorization", tc.token); got.status != tc.want {
			t.Errorf("got %+v, want %d", got, tc.want)
		}
	}
}

func TestServerCertificateRotates(t *testing.T) {
	opts, ca := newOptions(t)
	issue := func(name string) map[string][]byte {
		cert, key := ca.issue(t, name, x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
		return map[string][]byte{"tls.crt": cert, "tls.key": key}
	}
	files := newSecret(t, issue("first"))
	opts.CertFile, opts.KeyFile = files.path("tls.crt"), files.path("tls.key")
	f := start(t, opts, ca)
	name := func() string {
		conn, err := tls.Dial("tcp", f.source.Addr().String(), &tls.Config{RootCAs: ca.pool()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	old := f.client(true)
	if got := f.post(old, goodBody(1, 1)); got.status != 200 || name() != "first" {
		t.Fatalf("got %+v from %s", got, name())
	}
	files.set(issue("second"))
	f.eventually("the new certificate", func() bool { return name() == "second" })
	if got := f.post(old, goodBody(1, 1)); got.status != 200 {
		t.Errorf("an open connection was hurt: %+v", got)
	}

	// A certificate whose key does not belong to it keeps the former in use.
	broken := issue("third")
	broken["tls.key"] = issue("fourth")["tls.key"]
	files.set(broken)
	f.eventually("the broken pair is logged", func() bool { return strings.Contains(f.logs.String(), "cannot be used") })
	if name() != "second" {
		t.Errorf("now %s serves", name())
	}
	files.set(issue("fifth"))
	f.eventually("the next certificate", func() bool { return name() == "fifth" })
	if n := strings.Count(f.logs.String(), "cannot be used"); n != 1 {
		t.Errorf("the broken pair was logged %d times:\n%s", n, f.logs)
	}
}

func TestFilesTurnedWhileTheyAreRead(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write := func(path, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(a, "2")
	write(b, "1")
	attempts := 0
	r := &reloaded[string]{
		files: []file{{"a", a}, {"b", b}},
		parse: func(contents [][]byte) (*string, error) {
			attempts++
			if attempts == 1 {
				write(b, "2")
				return nil, os.ErrInvalid
			}
			both := string(bytes.Join(contents, nil))
			return &both, nil
		},
	}
	if changed, err := r.load(); !changed || err != nil || *r.value.Load() != "22" {
		t.Errorf("%t %v", changed, err)
	}
	if changed, err := r.load(); changed || err != nil {
		t.Errorf("loaded again: %t %v", changed, err)
	}
}

// A file that was deleted leaves what was in it valid, which is said again
// every hour; emptying it revokes the token.
func TestDeletedFiles(t *testing.T) {
	opts, ca := newOptions(t)
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	clients := newAuthority(t, "clients")
	opts.TokenFile = write("token", []byte("0123456789abcdef"))
	opts.ClientCAFile = write("ca.crt", clients.pem)
	var later atomic.Int64
	opts.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	f := start(t, opts, ca)
	client := f.client(true, clients.client(t, "kube-apiserver", time.Now().Add(24*time.Hour)))
	post := func() int {
		return f.post(client, goodBody(1, 1), "Authorization", "Bearer 0123456789abcdef").status
	}
	said := func(option string) int {
		return strings.Count(f.logs.String(), "stays in use\" error=\"read "+option)
	}
	for _, path := range []string{opts.TokenFile, opts.ClientCAFile} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= 3; n++ {
		f.eventually("both are missed", func() bool { return said(optionToken) >= n && said(optionClientCA) >= n })
		if n == 1 && post() != 200 {
			t.Error("what was read before is not in use any more")
		}
		// Looked at again and again, it is not said again.
		time.Sleep(10 * opts.Limits.Reload)
		if said(optionToken) != n || said(optionClientCA) != n {
			t.Errorf("after %d h it was said %d and %d times:\n%s", n-1, said(optionToken), said(optionClientCA), f.logs)
		}
		later.Add(int64(remindEvery))
	}
	later.Store(0)
	write("token", nil)
	f.eventually("the token is revoked", func() bool { return post() == 401 })
}

func TestWeakTokens(t *testing.T) {
	const short, open = "short enough to be guessed", "may read the token file"
	for _, tc := range []struct {
		name, token string
		mode        os.FileMode
		want        []string
	}{
		{"good", "0123456789abcdef", 0o600, nil},
		{"for a group", "0123456789abcdef", 0o640, nil},
		{"short", "0123456789abcde\n", 0o400, []string{short}},
		{"open", "0123456789abcdef", 0o644, []string{open}},
		{"both", "hunter2", 0o604, []string{short, open}},
		{"empty", "\n", 0o644, []string{"nobody is let in"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opts, ca := newOptions(t)
			opts.TokenFile = filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(opts.TokenFile, []byte(tc.token), tc.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(opts.TokenFile, tc.mode); err != nil {
				t.Fatal(err)
			}
			f := start(t, opts, ca)
			f.do(f.client(true), http.MethodGet, "/healthz", nil)
			f.stop()
			said := f.logs.String()
			for _, want := range tc.want {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not said", want)
				}
			}
			if n := strings.Count(said, "level=WARN"); n != len(tc.want) {
				t.Errorf("%d warnings:\n%s", n, said)
			}
			if strings.Contains(said, strings.TrimSpace(tc.token)) && tc.name != "empty" {
				t.Errorf("the token is shown:\n%s", said)
			}
		})
	}
}

func TestTLSVersion(t *testing.T) {
	opts, ca := newOptions(t)
	f := start(t, opts, ca)
	conn, err := tls.Dial("tcp", f.source.Addr().String(), &tls.Config{RootCAs: ca.pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
	f.eventually("the failed handshake is logged", func() bool { return strings.Contains(f.logs.String(), "a connection failed") })
}

func TestPlainOnLoopback(t *testing.T) {
	opts := Options{Access: Access{Listen: "localhost:0"}}
	f := start(t, opts, nil)
	if got := f.post(f.client(false), goodBody(1, 1)); got.status != 200 {
		t.Errorf("got %+v", got)
	}
}
