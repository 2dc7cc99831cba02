package auditwebhook

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(tb testing.TB, name string) *authority {
	tb.Helper()
	key := newKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// issue returns a certificate for 127.0.0.1 and its key in PEM.
func (a *authority) issue(tb testing.TB, name string, usage x509.ExtKeyUsage, until time.Time) (cert, key []byte) {
	tb.Helper()
	own := newKey(tb)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}, a.cert, &own.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
}

func (a *authority) client(tb testing.TB, name string, until time.Time) tls.Certificate {
	tb.Helper()
	cert, key := a.issue(tb, name, x509.ExtKeyUsageClientAuth, until)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		tb.Fatal(err)
	}
	return pair
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// secret is a directory that is changed the way Kubernetes changes a mounted
// Secret: the files are links through ..data, which is turned at once.
type secret struct {
	tb         testing.TB
	dir        string
	generation int
}

func newSecret(tb testing.TB, files map[string][]byte) *secret {
	tb.Helper()
	s := &secret{tb: tb, dir: tb.TempDir()}
	s.set(files)
	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), s.path(name)); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

func (s *secret) path(name string) string { return filepath.Join(s.dir, name) }

func (s *secret) set(files map[string][]byte) {
	s.tb.Helper()
	s.generation++
	name := "..gen" + string(rune('a'+s.generation))
	if err := os.Mkdir(filepath.Join(s.dir, name), 0o755); err != nil {
		s.tb.Fatal(err)
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name, file), content, 0o600); err != nil {
			s.tb.Fatal(err)
		}
	}
	link := filepath.Join(s.dir, "..next")
	if err := os.Symlink(name, link); err != nil {
		s.tb.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(s.dir, "..data")); err != nil {
		s.tb.Fatal(err)
	}
}
