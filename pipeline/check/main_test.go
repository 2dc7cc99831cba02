package check

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// authority is a certificate authority made for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

var serial atomic.Int64

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(10000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, file: filepath.Join(t.TempDir(), name+".crt")}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	write(t, a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

// issue makes a certificate for 127.0.0.1 and for a client.
func (a *authority) issue(t *testing.T, change ...func(*x509.Certificate)) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: "server"},
		NotBefore: time.Now().Add(-100 * time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, c := range change {
		c(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	return certFile, keyFile
}

func expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-50 * time.Hour) }
func future(c *x509.Certificate)  { c.NotBefore = time.Now().Add(50 * time.Hour) }
func ending(c *x509.Certificate)  { c.NotAfter = time.Now().Add(5*24*time.Hour + time.Minute) }
func another(c *x509.Certificate) {
	c.IPAddresses, c.DNSNames = nil, []string{"kubernetes.default.svc"}
}

// serve starts a TLS server, which knows clients of these authorities if there are any.
func (a *authority) serve(t *testing.T, handler http.Handler, change ...func(*x509.Certificate)) *httptest.Server {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(a.issue(t, change...))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// api answers as an API server does, by path.
type api map[string]string

func (a api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, ok := a[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if code, rest, ok := strings.Cut(answer, "|"); ok {
		answer = rest
		switch code {
		case "401":
			w.WriteHeader(http.StatusUnauthorized)
		case "403":
			w.WriteHeader(http.StatusForbidden)
		case "503":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	_, _ = w.Write([]byte(answer))
}

const (
	reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

	versionAnswer      = `{"major":"1","minor":"36","gitVersion":"v1.36.1"}`
	reviewAnswer       = `{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","status":{"userInfo":{"username":"system:serviceaccount:monitoring:live-status","groups":["system:serviceaccounts","system:authenticated"]}}}`
	unauthorizedAnswer = `401|{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`
)

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// parse reads a configuration, of which nothing is wrong.
func parse(t *testing.T, values config.Map) config.Config {
	t.Helper()
	read := config.Parse
	if values["forward_to"] != "" {
		read = config.ParseOutput
	}
	cfg, err := read(values)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// offline is a configuration without a cluster.
func offline(more config.Map) config.Map {
	values := config.Map{"kube_events": "off", "kube_objects": "off", "cluster_name": "test", "audit_path": "none.log"}
	maps.Copy(values, more)
	return values
}

// only makes one check.
func only(t *testing.T, name Name, values config.Map) []Row {
	t.Helper()
	return Run(t.Context(), Options{Config: parse(t, values), Only: []Name{name}, Version: "test", Timeout: 20 * time.Second})
}

// text is what rows say, a line each.
func text(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(string(r.Check) + " " + string(r.Result) + ": " + r.Detail)
		if r.Fix != "" {
			b.WriteString(" -> " + r.Fix)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// says checks that there is one row for each of want: its result, and parts of what it
// says, separated by "...".
func says(t *testing.T, rows []Row, want ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSuffix(text(rows), "\n"), "\n")
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d:\n%s", len(rows), len(want), text(rows))
	}
	for i, w := range want {
		rest := got[i]
		for part := range strings.SplitSeq(w, "...") {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("row %d says\n%s\nwant %s", i+1, got[i], w)
				break
			}
			rest = after
		}
	}
}

// refused is an address at which nothing listens.
func refused(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}
