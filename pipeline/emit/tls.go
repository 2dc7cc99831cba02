package emit

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// tlsFiles makes the configuration of connections from files that others replace.
// It is used by one goroutine.
type tlsFiles struct {
	o             TLS
	ca, cert, key *watchedFile

	pool *x509.CertPool
	pair *tls.Certificate
	// caErr and pairErr say why what was read cannot be used.
	caErr, pairErr error
	// stale is set where something was read that config has not returned yet.
	stale bool
}

// newTLSFiles reads all files once, so that a wrong configuration shows at the
// start.
func newTLSFiles(o TLS, now func() time.Time) (*tlsFiles, error) {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("forward_tls_crt_file and forward_tls_key_file belong together: one of them is empty")
	}
	t := &tlsFiles{o: o}
	if o.CAFile != "" {
		t.ca = &watchedFile{option: "forward_tls_ca_file", path: o.CAFile, now: now}
	}
	if o.CertFile != "" {
		t.cert = &watchedFile{option: "forward_tls_crt_file", path: o.CertFile, now: now}
		t.key = &watchedFile{option: "forward_tls_key_file", path: o.KeyFile, now: now}
	}
	if err := t.refresh(); err != nil {
		return nil, err
	}
	return t, nil
}

// warnUnverified says that anybody could be the downstream.
func warnUnverified(o Options) {
	if o.TLS.SkipVerify {
		o.Logger.Warn("whoever answers is taken for the downstream, and sees records and credentials: forward_tls_verify is off", "to", Destination(o.To))
	}
}

// refresh looks at the files. Connections that were made before one of them was
// read anew do not know of that: stale is set then.
func (t *tlsFiles) refresh() error {
	if t.ca != nil {
		data, fresh, err := t.ca.read()
		if err != nil {
			return err
		}
		if fresh {
			t.stale = true
			t.pool, t.caErr = parsePool(data)
		}
		if t.caErr != nil {
			return fmt.Errorf("read forward_tls_ca_file: %s: %w", t.ca.path, t.caErr)
		}
	}
	if t.cert != nil {
		cert, freshCert, err := t.cert.read()
		if err != nil {
			return err
		}
		key, freshKey, err := t.key.read()
		if err != nil {
			return err
		}
		if freshCert || freshKey {
			t.stale = true
			t.pair, t.pairErr = parsePair(cert, key)
		}
		if t.pairErr != nil {
			return fmt.Errorf("read forward_tls_crt_file and forward_tls_key_file: %s, %s: %w", t.cert.path, t.key.path, t.pairErr)
		}
	}
	return nil
}

// config returns the configuration of a connection to host, of what was read by
// the last refresh.
func (t *tlsFiles) config(host string) *tls.Config {
	t.stale = false
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         host,
		RootCAs:            t.pool,
		InsecureSkipVerify: t.o.SkipVerify,
	}
	if t.o.ServerName != "" {
		c.ServerName = t.o.ServerName
	}
	if t.pair != nil {
		// Given to whatever server asks: a list of authorities that the server accepts
		// is often not what it accepts.
		pair := t.pair
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	return c
}

// parsePool reads certificates in PEM. x509.CertPool takes what it can read and
// says nothing of the rest.
func parsePool(data []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	n := 0
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("there is something else than a certificate in it")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse certificate %d: %w", n+1, err)
		}
		pool.AddCert(cert)
		n++
	}
	if n == 0 {
		return nil, errors.New("there is no certificate in PEM in it")
	}
	return pool, nil
}

func parsePair(cert, key []byte) (*tls.Certificate, error) {
	if bytes.Contains(key, []byte("ENCRYPTED")) {
		return nil, errors.New("the key is encrypted, and there is no option for its password")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err // It says which of the two.
	}
	return &pair, nil
}
