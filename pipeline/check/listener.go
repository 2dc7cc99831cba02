package check

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// listener is an address that is, or will be, listened on, with what it needs.
type listener struct {
	// address and the files, each with the option that names it.
	addressOption, address  string
	certOption, cert        string
	keyOption, key          string
	clientCAOption, clients string
	tokenOption, token      string
}

// look looks at the certificate, at other files, and at who has the address.
func (l listener) look(ctx context.Context, s *session) []Finding {
	var out []Finding
	var leaf []byte
	if l.cert != "" {
		pair, err := tls.LoadX509KeyPair(l.cert, l.key)
		if err != nil {
			out = append(out, Finding{
				Failed, fmt.Sprintf("%s %s and its key %s: %s", l.certOption, l.cert, l.key, keyError(err)),
				"write the certificate and the key that belongs to it, both PEM, to these files",
			})
		} else {
			out = append(out, served(pair, s, l))
			leaf = pair.Certificate[0]
		}
	}
	if l.clients != "" {
		out = append(out, l.authorities())
	}
	if l.token != "" {
		out = append(out, l.secret())
	}
	return append(out, l.owner(ctx, s, leaf)...)
}

// keyError never quotes a key.
func keyError(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "does not match"):
		return "the key is not that of the certificate"
	case strings.Contains(text, "in certificate input"):
		return "there is no certificate in it"
	case strings.Contains(text, "in key input"), strings.Contains(text, "private key"):
		return "there is no key in it that can be used"
	}
	return cause(err)
}

func served(pair tls.Certificate, s *session, l listener) Finding {
	left := pair.Leaf.NotAfter.Sub(s.Now())
	detail := fmt.Sprintf("%s: for %s, signed by %s, until %s", l.cert, strings.Join(namesIn(pair.Leaf), ", "), nameOf(pair.Leaf.Issuer), day(pair.Leaf.NotAfter))
	switch {
	case left < 0:
		return Finding{Failed, detail + ", which is past", "renew it"}
	case left < soon:
		return Finding{Warning, detail + ", in " + distance(left), "renew it"}
	case len(pair.Leaf.DNSNames) == 0 && len(pair.Leaf.IPAddresses) == 0:
		return Finding{Warning, detail, "have one issued with the name by which clients call this server: they do not accept one without"}
	}
	return Finding{Result: OK, Detail: detail}
}

// maxFile bounds what is read of a file, in bytes.
const maxFile = 1 << 20

func (l listener) authorities() Finding {
	certs, err := readCertificates(l.clients)
	if err != nil {
		return Finding{Failed, fmt.Sprintf("%s %s: %s", l.clientCAOption, l.clients, cause(err)), "write the certificates of the authorities of clients there, PEM"}
	}
	return Finding{Result: OK, Detail: fmt.Sprintf("clients need a certificate by %s", nameOf(certs[0].Subject))}
}

// shortToken is the length of a token that can be guessed, in bytes.
const shortToken = 16

func (l listener) secret() Finding {
	data, err := readFile(l.token)
	n := len(strings.TrimSpace(string(data)))
	switch {
	case err != nil:
		return Finding{Failed, fmt.Sprintf("%s %s: %s", l.tokenOption, l.token, cause(err)), "let this process read it"}
	case n == 0:
		return Finding{Failed, fmt.Sprintf("%s %s: it is empty, and lets nobody in", l.tokenOption, l.token), "write a token there, for example by openssl rand -hex 32"}
	case n < shortToken:
		return Finding{Warning, fmt.Sprintf("%s %s: it has %d bytes and can be guessed", l.tokenOption, l.token, n), "write a longer one there, for example by openssl rand -hex 32"}
	}
	return Finding{Result: OK, Detail: fmt.Sprintf("clients need the token in %s", l.token)}
}

// owner finds out whether the address is free, or who has it.
func (l listener) owner(ctx context.Context, s *session, leaf []byte) []Finding {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", l.address)
	switch {
	case err == nil:
		_ = ln.Close() // Nobody was served.
		return okay("%s is free", l.address)
	case errors.Is(err, syscall.EADDRINUSE):
		return l.occupied(ctx, s, leaf)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return failed("listen on an address of this machine, or on all with :PORT", "%s %s: this machine has no such address", l.addressOption, l.address)
	case errors.Is(err, os.ErrPermission):
		return failed("listen on a port from 1024 on", "%s %s: this process may not listen there", l.addressOption, l.address)
	}
	return failed("check "+l.addressOption, "%s %s: %s", l.addressOption, l.address, cause(err))
}

// occupied asks whoever has the address whether it is one of us.
func (l listener) occupied(ctx context.Context, s *session, leaf []byte) []Finding {
	host, port, err := net.SplitHostPort(l.address)
	if err != nil {
		return failed("check "+l.addressOption, "%s %s is no address", l.addressOption, l.address)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
		if ip != nil && ip.To4() != nil {
			host = "127.0.0.1"
		}
	}
	u := &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/readyz"}
	if l.cert != "" {
		u.Scheme = "https"
	}
	var p presented
	var body string
	// Whose certificate it is, is compared below: the name would be another one.
	a, err := s.fetch(ctx, http.MethodGet, u, trust{any: true, name: host, now: s.Now()}, &p, nil, func(r io.Reader) (err error) {
		body, err = readLine(r)
		return err
	})
	const taken = "stop it, or listen on another address by "
	switch {
	case err != nil && p.leaf != nil && leaf != nil && bytes.Equal(p.leaf.Raw, leaf):
		return okay("%s is served with this certificate, and talks to clients with a certificate only", l.address)
	case err != nil:
		return failed(taken+l.addressOption, "%s is in use by something that is no running instance: %s", l.address, cause(err))
	case leaf != nil && !bytes.Equal(p.leaf.Raw, leaf):
		return warned("wait for it to be read again, or restart the instance if that is one", "%s is in use, and serves another certificate than that of %s", l.address, l.cert)
	case a.status == http.StatusOK:
		return okay("%s is served by a running instance, which is ready", l.address)
	case a.status == http.StatusServiceUnavailable:
		return warned("see the log of the running instance", "%s is served by a running instance, which is not ready: %s", l.address, body)
	}
	return failed(taken+l.addressOption, "%s is in use by something that is no running instance: it answers %d to /readyz", l.address, a.status)
}
