package auditwebhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"
)

// credentials are the files that say who the server is and whom it lets in.
type credentials struct {
	server  *reloaded[tls.Certificate]
	clients *reloaded[x509.CertPool]
	token   *reloaded[token]
	now     func() time.Time
}

// token is a bearer token as a digest, so that a comparison does not show its
// length. Nobody has an empty one.
type token struct {
	digest       [sha256.Size]byte
	empty, short bool
}

// shortToken is the length of a token that guessing may find, in bytes.
const shortToken = 16

func loadCredentials(a Access, now func() time.Time) (*credentials, error) {
	c := &credentials{now: now}
	if a.CertFile != "" {
		c.server = &reloaded[tls.Certificate]{parse: parsePair, files: []file{{optionCert, a.CertFile}, {optionKey, a.KeyFile}}}
		if _, err := c.server.load(); err != nil {
			return nil, err
		}
	}
	if a.ClientCAFile != "" {
		c.clients = &reloaded[x509.CertPool]{parse: parsePool, files: []file{{optionClientCA, a.ClientCAFile}}}
		if _, err := c.clients.load(); err != nil {
			return nil, err
		}
	}
	if a.TokenFile != "" {
		c.token = &reloaded[token]{parse: parseToken, files: []file{{optionToken, a.TokenFile}}}
		if _, err := c.token.load(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func parsePair(contents [][]byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return nil, fmt.Errorf("make a key pair of certificate and key: %w", err)
	}
	return &pair, nil
}

func parsePool(contents [][]byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(contents[0]) {
		return nil, errors.New("there is no PEM certificate in it")
	}
	return pool, nil
}

func parseToken(contents [][]byte) (*token, error) {
	text := strings.TrimRight(string(contents[0]), "\r\n")
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("a token is one line of printable ASCII without blanks")
	}
	return &token{digest: sha256.Sum256([]byte(text)), empty: text == "", short: len(text) < shortToken}, nil
}

// tlsConfig returns what a connection is made with; it changes with the files.
func (c *credentials) tlsConfig() *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		// A resumed session would rest on the client CA of an earlier time.
		SessionTicketsDisabled: true,
	}
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := config.Clone()
		now.GetConfigForClient = nil
		now.Certificates = []tls.Certificate{*c.server.value.Load()}
		if c.clients != nil {
			// The kubelet has none for its probes: receive demands it.
			now.ClientAuth, now.ClientCAs = tls.VerifyClientCertIfGiven, c.clients.value.Load()
		}
		return now, nil
	}
	return config
}

// admit returns why the client may not post, or nil.
func (c *credentials) admit(r *http.Request) *refusal {
	if c.clients != nil {
		if refused := c.admitCertificate(r.TLS); refused != nil {
			return refused
		}
	}
	if c.token == nil {
		return nil
	}
	want := c.token.value.Load()
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	digest := sha256.Sum256([]byte(given))
	if !strings.EqualFold(scheme, "Bearer") || want.empty || subtle.ConstantTimeCompare(digest[:], want.digest[:]) != 1 {
		return &refusal{status: http.StatusUnauthorized, reason: "token", message: "the bearer token is missing or wrong"}
	}
	return nil
}

// admitCertificate verifies again what the handshake has verified: since then
// the certificate may have expired, or its CA been taken out of the file.
func (c *credentials) admitCertificate(state *tls.ConnectionState) *refusal {
	if state == nil || len(state.PeerCertificates) == 0 {
		return &refusal{status: http.StatusUnauthorized, reason: "client_certificate", message: "a client certificate is needed"}
	}
	between := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots:         c.clients.value.Load(),
		Intermediates: between,
		CurrentTime:   c.now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return &refusal{status: http.StatusForbidden, reason: "client_certificate", message: "the client certificate is not valid any more"}
	}
	return nil
}

// warn tells of what is easily made by mistake: a token file that is empty, or
// whose token others may guess or read.
func (c *credentials) warn(logger *slog.Logger) {
	if c.token == nil {
		return
	}
	logger = logger.With("option", optionToken, "path", c.token.files[0].path)
	switch now := c.token.value.Load(); {
	case now.empty:
		logger.Warn("audit webhook: the token file is empty: nobody is let in")
		return
	case now.short:
		logger.Warn("audit webhook: the token is short enough to be guessed: make one of 32 random bytes", "shorter_than", shortToken)
	}
	// A file that is gone already is told of by renew.
	if info, err := os.Stat(c.token.files[0].path); err == nil && info.Mode()&0o004 != 0 {
		logger.Warn("audit webhook: every user of this machine may read the token file: take that right from others (defaultMode: 0400 or 0440 for a mounted Secret)",
			"mode", info.Mode().Perm().String())
	}
}

// watch reads the files again every so often until ctx ends.
func (c *credentials) watch(ctx context.Context, every time.Duration, logger *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if c.server != nil {
			c.server.renew(c.now(), logger)
		}
		if c.clients != nil {
			c.clients.renew(c.now(), logger)
		}
		if c.token != nil && c.token.renew(c.now(), logger) {
			c.warn(logger)
		}
	}
}
