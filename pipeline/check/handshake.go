package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"time"
)

// trust says what a certificate is checked against.
type trust struct {
	roots *x509.CertPool
	// name is the one expected in it; names may differ where anyName is set.
	name    string
	anyName bool
	// any takes whatever certificate there is.
	any    bool
	client *tls.Certificate
	now    time.Time
	// where are the options to be mended, in the words of the one who set them.
	where options
}

// options are what to change in a configuration.
type options struct {
	// ca says where authorities are set, host where the host is, and name where
	// another name for it is.
	ca, host, name string
}

// presented is what a server showed of itself.
type presented struct {
	version uint16
	leaf    *x509.Certificate
	// chain is how it was verified, the leaf first and an authority last; without
	// that, what the server sent.
	chain    []*x509.Certificate
	verified bool
	// chainErr and nameErr say what is wrong with it.
	chainErr, nameErr error
}

var errNotTrusted = errors.New("the certificate is not trusted")

// config returns a configuration by which a handshake notes in p what the server
// showed. It is broken off where that is not trusted, before anything is told to the
// server.
func (t trust) config(p *presented) *tls.Config {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.name,
		InsecureSkipVerify: true, // VerifyConnection verifies, and notes what it finds.
		VerifyConnection: func(state tls.ConnectionState) error {
			p.note(t, state)
			if !t.any && p.chainErr != nil || !t.any && !t.anyName && p.nameErr != nil {
				return errNotTrusted
			}
			return nil
		},
	}
	if t.client != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.client, nil }
	}
	return c
}

func (p *presented) note(t trust, state tls.ConnectionState) {
	p.version, p.chain = state.Version, state.PeerCertificates
	if len(p.chain) == 0 {
		p.chainErr = errors.New("the server shows no certificate")
		return
	}
	p.leaf = p.chain[0]
	others := x509.NewCertPool()
	for _, c := range p.chain[1:] {
		others.AddCert(c)
	}
	chains, err := p.leaf.Verify(x509.VerifyOptions{Roots: t.roots, Intermediates: others, CurrentTime: t.now})
	p.chainErr = err
	if err == nil {
		p.chain, p.verified = chains[0], true
	}
	p.nameErr = p.leaf.VerifyHostname(t.name)
}

// dialTLS does a handshake with the server at address and ends it.
func dialTLS(ctx context.Context, address string, t trust) (presented, error) {
	var p presented
	d := tls.Dialer{Config: t.config(&p)}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return p, err
	}
	// Nothing was said that could be lost.
	_ = conn.Close()
	return p, nil
}

// judge says what is to be said of a handshake with what; err is why it failed.
func (p *presented) judge(t trust, what string, err error) []Finding {
	switch {
	case p.leaf == nil && err != nil:
		return judgeAlert(what, err)
	case p.leaf == nil:
		return failed("look at the server's certificate", "%s: it shows no certificate", what)
	case t.any:
		detail := fmt.Sprintf("%s: the certificate of %s is not checked: whoever answers is taken for the server", what, nameOf(p.leaf.Subject))
		return append(warned("turn verification on, and set "+t.where.ca, "%s", detail), p.ending(t, what)...)
	case p.chainErr != nil:
		return p.judgeChain(t, what)
	case p.nameErr != nil:
		detail := fmt.Sprintf("%s: the certificate is for %s, not for %s", what, strings.Join(namesIn(p.leaf), ", "), t.name)
		fix := fmt.Sprintf("use one of these names in %s, or set %s to it", t.where.host, t.where.name)
		if t.anyName {
			return warned(fix, "%s; names are not checked", detail)
		}
		return failed(fix, "%s", detail)
	case err != nil:
		return judgeAlert(what, err)
	}
	if late := p.ending(t, what); late != nil {
		return late
	}
	return okay("%s: %s, certificate of %s until %s, verified by %s", what, tls.VersionName(p.version),
		nameOf(p.leaf.Subject), day(ends(p.chain)), nameOf(p.chain[len(p.chain)-1].Subject))
}

// judgeAlert is for a handshake that ended before or after the certificate was seen.
func judgeAlert(what string, err error) []Finding {
	text := err.Error()
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record), strings.Contains(text, "first record does not look like"), strings.Contains(text, "gave HTTP response to HTTPS"):
		return failed("use the port that speaks TLS, or turn TLS off", "%s: the server does not speak TLS", what)
	case strings.Contains(text, "remote error: tls: "):
		_, alert, _ := strings.Cut(text, "remote error: tls: ")
		return failed("check the client certificate: whether there is one, has expired, and which CA signed it", "%s: the server broke off the handshake: %s", what, alert)
	case strings.HasSuffix(text, "EOF"):
		return failed("use the port that speaks TLS, or look at the server's log", "%s: the server closed the connection within the handshake", what)
	}
	return failed(networkFix(err), "%s: %s", what, cause(err))
}

func (p *presented) judgeChain(t trust, what string) []Finding {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(p.chainErr, &unknown):
		last := p.chain[len(p.chain)-1]
		return failed("put the certificate of that authority into "+t.where.ca, "%s: the certificate is signed by an unknown authority, %s", what, nameOf(last.Issuer))
	case errors.As(p.chainErr, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		c := invalid.Cert
		if t.now.Before(c.NotBefore) {
			return failed("set the clocks of both machines", "%s: the certificate of %s is valid from %s on, in %s", what, nameOf(c.Subject),
				c.NotBefore.UTC().Format(time.RFC3339), distance(c.NotBefore.Sub(t.now)))
		}
		return failed("renew it on the server, and check the clocks of both machines", "%s: the certificate of %s ended on %s, %s ago", what, nameOf(c.Subject),
			day(c.NotAfter), distance(t.now.Sub(c.NotAfter)))
	}
	return failed("look at the server's certificate, and at "+t.where.ca, "%s: the certificate is not valid: %s", what, p.chainErr)
}

// ending warns of a certificate of the chain that ends soon.
func (p *presented) ending(t trust, what string) []Finding {
	for _, c := range p.chain {
		if left := c.NotAfter.Sub(t.now); left < soon {
			text := "ends"
			if left < 0 {
				text = "ended"
			}
			return warned("renew it", "%s: the certificate of %s %s on %s, %s from now", what, nameOf(c.Subject), text, day(c.NotAfter), distance(left))
		}
	}
	return nil
}

// ends is when the first certificate of a chain ends.
func ends(chain []*x509.Certificate) time.Time {
	at := chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotAfter.Before(at) {
			at = c.NotAfter
		}
	}
	return at
}

// nameOf is how a certificate calls its owner.
func nameOf(n pkix.Name) string {
	if text := n.String(); text != "" {
		return text
	}
	return "nobody (it has no subject)"
}

// maxNames is how many names of a certificate are told.
const maxNames = 6

func namesIn(c *x509.Certificate) []string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return []string{"no name"}
	}
	if len(names) > maxNames {
		names = append(names[:maxNames], fmt.Sprintf("%d more", len(names)-maxNames))
	}
	return names
}
