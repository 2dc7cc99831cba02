package auditwebhook

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// fromBrowser returns why a request is refused that a page in a browser may
// have caused, or nil. API servers send none of these headers. A page is let in
// by no CORS rule either, but posts without asking for one; and where its name
// was bound anew to an address of this server, it counts as of one origin with
// it. With nameless set, such a name is refused as well.
func fromBrowser(r *http.Request, nameless bool) *refusal {
	for name := range r.Header {
		if name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
			return &refusal{status: http.StatusForbidden, reason: "browser", message: "browsers may not come here"}
		}
	}
	if nameless && !unnamed(r.Host) {
		return &refusal{
			status: http.StatusForbidden, reason: "host",
			message: "the host must be localhost or an IP address where neither TLS nor credentials are set: " +
				"call it so, or set " + optionToken + ", or set " + optionInsecure + " on",
		}
	}
	return nil
}

// nameless reports whether nothing but the name that a client calls shows what
// it takes the server for.
func (a Access) nameless() bool {
	if a.Insecure || a.encrypted() || a.authenticated() {
		return false
	}
	host, err := splitListen(a.Listen)
	return err == nil && isLoopback(host)
}

// unnamed reports whether the value of a Host header is what no name server
// resolves.
func unnamed(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
