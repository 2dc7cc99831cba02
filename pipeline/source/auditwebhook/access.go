package auditwebhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Access says where the server listens and whom it lets in.
type Access struct {
	// Listen is the address as host:port; an empty host listens on all.
	Listen string
	// CertFile and KeyFile are the server's certificate and key in PEM. Without
	// them the server speaks plain HTTP.
	CertFile, KeyFile string
	// ClientCAFile holds certificates in PEM, one of which must have signed the
	// client's.
	ClientCAFile string
	// TokenFile holds the bearer token that a client must show; 16 bytes at
	// least, better 32, are advised. An empty file lets nobody in: emptying it
	// revokes the token. Deleting it does not: as for the other files, what was
	// read last stays in use while there is nothing better, since a mounted
	// Secret may be gone for a moment. Where ClientCAFile is set as well, both
	// are demanded.
	TokenFile string
	// Insecure allows what Check refuses for the sake of security. It also lets
	// clients call a listener on loopback without TLS and credentials by
	// whatever name; otherwise it must be localhost or an IP address.
	Insecure bool
}

// The options as users know them.
const (
	optionListen   = "audit_webhook_listen"
	optionCert     = "audit_tls_crt_file"
	optionKey      = "audit_tls_key_file"
	optionClientCA = "audit_tls_client_ca_file"
	optionToken    = "audit_token_file"
	optionInsecure = "audit_insecure"
)

// Check returns what is wrong with a, naming the options and the way out. It
// opens neither files nor sockets.
func Check(a Access) error {
	host, err := splitListen(a.Listen)
	if err != nil {
		return err
	}
	switch {
	case a.CertFile != "" && a.KeyFile == "":
		return fmt.Errorf("%s is set and %s is not: a certificate needs its key", optionCert, optionKey)
	case a.CertFile == "" && a.KeyFile != "":
		return fmt.Errorf("%s is set and %s is not: a key needs its certificate", optionKey, optionCert)
	case a.ClientCAFile != "" && !a.encrypted():
		return fmt.Errorf("%s needs %s and %s: there are no client certificates without TLS", optionClientCA, optionCert, optionKey)
	}
	if a.Insecure || isLoopback(host) {
		return nil
	}
	if !a.encrypted() {
		return fmt.Errorf("%s %q can be reached from other machines, and audit events would travel in the clear: "+
			"set %s and %s, or listen on 127.0.0.1, or set %s on if something in front of it encrypts",
			optionListen, a.Listen, optionCert, optionKey, optionInsecure)
	}
	if !a.authenticated() {
		return fmt.Errorf("%s %q can be reached from other machines, and anybody could post audit events: "+
			"set %s (client certificates) or %s (a bearer token), or listen on 127.0.0.1, or set %s on if only the API server can reach it",
			optionListen, a.Listen, optionClientCA, optionToken, optionInsecure)
	}
	return nil
}

func (a Access) encrypted() bool     { return a.CertFile != "" && a.KeyFile != "" }
func (a Access) authenticated() bool { return a.ClientCAFile != "" || a.TokenFile != "" }

func splitListen(listen string) (host string, err error) {
	if listen == "" {
		return "", fmt.Errorf("%s is empty: an address is needed, such as 127.0.0.1:9443", optionListen)
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		reason := err.Error()
		if addr := (*net.AddrError)(nil); errors.As(err, &addr) {
			reason = addr.Err
		}
		return "", fmt.Errorf("%s %q is no address: %s; write it as host:port, :port, or [IPv6]:port", optionListen, listen, reason)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%s %q: the port must be a number from 0 to 65535", optionListen, listen)
	} else if n == 0 && !isLoopback(host) {
		return "", fmt.Errorf("%s %q: port 0 is any free port, which no API server would find", optionListen, listen)
	}
	return host, nil
}

// isLoopback reports whether only this machine can reach host. A name other
// than localhost is not looked up: what it resolves to may change.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
