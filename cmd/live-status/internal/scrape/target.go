package scrape

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"
)

// Options say what is fetched, and how.
type Options struct {
	// URL is that of the metrics; /metrics where it has no path.
	URL string
	// TokenFile holds the bearer token, and is read anew by each call.
	TokenFile string
	// CAFile holds the authorities that may have signed the server's certificate,
	// PEM; those of the system where it is empty.
	CAFile string
	// CertFile and KeyFile are the certificate of the client and its key, PEM.
	CertFile string
	KeyFile  string
	// ServerName is the name that the certificate must have; that of the URL where
	// it is empty.
	ServerName string
	// SkipVerify takes any certificate.
	SkipVerify bool
	// Insecure allows http.
	Insecure bool
	// Proxy takes the proxy that the environment names.
	Proxy bool
	// Timeout bounds the whole call; 10 s where it is zero.
	Timeout time.Duration
	Limits  Limits
}

// Check returns what is wrong with the options, without touching the network or a
// file.
func (o Options) Check() error {
	_, err := o.target()
	return err
}

// target is the URL, once the options fit together.
func (o Options) target() (*url.URL, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		// Its own words quote the URL, which may hold a password.
		return nil, errors.New("--url is no URL: write https://HOST:PORT/metrics")
	}
	switch {
	case u.User != nil:
		return nil, errors.New("--url: a password in a URL is seen by all users of the machine: write --token-file")
	case u.Scheme == "http" && !o.Insecure:
		return nil, errors.New("--url: http is neither encrypted nor authentic: write https, or --insecure")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("--url %q: write https://HOST:PORT/metrics", u.Redacted())
	case u.Hostname() == "":
		return nil, fmt.Errorf("--url %q names no host", u.Redacted())
	case u.Fragment != "":
		return nil, errors.New("--url: what follows # is never sent: leave it out")
	case u.Scheme == "http" && o.TokenFile != "" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("a token is not sent to %s without encryption: write https", u.Host)
	case u.Scheme == "http" && o.CertFile != "":
		return nil, errors.New("a client certificate is of use with https only")
	case o.SkipVerify && o.CAFile != "":
		return nil, errors.New("--ca-file is of no use with --insecure-skip-verify: leave out either")
	case (o.CertFile == "") != (o.KeyFile == ""):
		return nil, errors.New("--cert-file and --key-file go together")
	case u.Scheme == "http" && o.Proxy && o.TokenFile != "":
		return nil, errors.New("a token is not sent through a proxy without encryption: write https")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/metrics"
	}
	return u, nil
}

// loopback is true of names that lead to this machine: what follows is checked
// again for the address that localhost is resolved to.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
