package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// maxDescription bounds a description, in bytes.
const maxDescription = 600

// Describe says in one line for a person what failed, at which URL where the
// error tells, and the way out. It shows no credential. It is empty for nil.
func Describe(err error) string { return describe(err, "") }

// Describe is as the function, and names the API server where the error does
// not.
func (a *Access) Describe(err error) string { return describe(err, a.URL()) }

// Explain is Describe in two parts, what failed and the way out, and does not name
// the API server.
func (a *Access) Explain(err error) (what, fix string) {
	if err == nil {
		return "", ""
	}
	what, fix = explain(err)
	return oneLine(what), oneLine(fix)
}

func describe(err error, server string) string {
	if err == nil {
		return ""
	}
	where := server
	if ue, ok := errors.AsType[*url.Error](err); ok {
		where = location(ue)
	}
	what, hint := explain(err)
	var b strings.Builder
	if where != "" {
		b.WriteString(where + ": ")
	}
	b.WriteString(what)
	if hint != "" {
		b.WriteString("; " + hint)
	}
	return oneLine(b.String())
}

// oneLine is what may be shown of a text that a stranger had a say in.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(scrubText(text, nil)), " ")
	if len(line) > maxDescription {
		line = strings.ToValidUTF8(line[:maxDescription], "") + "..."
	}
	return line
}

// location is the request without what may be secret or merely long.
func location(ue *url.Error) string {
	u, err := url.Parse(ue.URL)
	if err != nil {
		return strings.ToUpper(ue.Op)
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return strings.ToUpper(ue.Op) + " " + u.String()
}

// explain returns what happened and what to do about it.
func explain(err error) (what, hint string) {
	if scrubbed, ok := errors.AsType[*scrubbedError](err); ok {
		// The fields below it are not clean.
		return innermost(scrubbed.text), ""
	}
	for _, f := range []func(error) (string, string){explainStatus, explainTLS, explainNetwork, explainAccess} {
		if what, hint = f(err); what != "" {
			return what, hint
		}
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err.Error(), ""
	}
	return err.Error(), ""
}

// innermost drops the request from the text of an error, which is named
// already.
func innermost(text string) string {
	for _, verb := range []string{`Get "`, `Post "`, `Head "`} {
		if rest, ok := strings.CutPrefix(text, verb); ok {
			if _, after, ok := strings.Cut(rest, `": `); ok {
				return after
			}
		}
	}
	return text
}

// explainStatus is for answers of the API server.
func explainStatus(err error) (what, hint string) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return "", ""
	}
	s := status.Status()
	what = fmt.Sprintf("the API server answered %d %s", s.Code, http.StatusText(int(s.Code)))
	if s.Message != "" {
		what += ": " + strings.TrimRight(s.Message, ". \n")
	}
	switch {
	case s.Code == http.StatusBadRequest && strings.HasSuffix(s.Message, "for an unknown reason"):
		// A TLS server's answer to plain HTTP is no Status.
		hint = "perhaps the server wants https:// in kube_url"
	case s.Code == http.StatusUnauthorized:
		hint = "the credentials are missing, expired or of another cluster: check kube_token_file or the user in the kubeconfig"
	case s.Code == http.StatusForbidden:
		hint = "grant it with a ClusterRole and a ClusterRoleBinding"
	case s.Code == http.StatusNotFound:
		hint = "check that kube_url is that of an API server, and its path"
	case s.Code == http.StatusGone:
		hint = "the list is read anew"
	case s.Code == http.StatusTooManyRequests || s.Code >= http.StatusInternalServerError:
		hint = "it is tried again"
	case s.Code >= http.StatusMultipleChoices && s.Code < http.StatusBadRequest:
		hint = "this is no API server, perhaps a gateway that wants a login: check kube_url"
	}
	return what, hint
}

// explainTLS is for what goes wrong with certificates, on either side.
func explainTLS(err error) (what, hint string) {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
	)
	const wrongCA = "check kube_ca_file, or certificate-authority in the kubeconfig; after a rotation of the CA the file must hold the new one"
	switch {
	case errors.As(err, &authority):
		return "the server's certificate is signed by an unknown authority", wrongCA
	case errors.As(err, &host):
		return host.Error(), "use a name of the certificate in kube_url, or set kube_tls_server_name to one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate has expired or is not yet valid: " + detail(invalid),
			"renew it, and check the clocks of both machines"
	case errors.As(err, &invalid):
		return "the server's certificate is not valid: " + invalid.Error(), wrongCA
	case errors.As(err, &verify):
		return "the server's certificate is not valid: " + verify.Err.Error(), wrongCA
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the server does not speak TLS", "use http:// in kube_url, or the port that speaks TLS"
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls: "):
		return "the server broke off the TLS handshake: " + afterLast(err.Error(), "remote error: tls: "),
			"check the client certificate, whether it has expired and which CA signed it"
	}
	return "", ""
}

// detail leaves out the present time, which would make every line another one.
func detail(e x509.CertificateInvalidError) string {
	if e.Cert == nil {
		return e.Detail
	}
	return "valid from " + e.Cert.NotBefore.UTC().Format(time.RFC3339) + " to " + e.Cert.NotAfter.UTC().Format(time.RFC3339)
}

// explainNetwork is for what happens before TLS, and after it.
func explainNetwork(err error) (what, hint string) {
	var (
		dns     *net.DNSError
		timeout interface{ Timeout() bool }
	)
	const path = "check routes, firewalls, network policies and proxy variables"
	switch {
	case errors.As(err, &dns) && dns.IsTimeout:
		return fmt.Sprintf("looking up %s timed out", dns.Name), "check the name server"
	case errors.As(err, &dns):
		return fmt.Sprintf("no address is known for %s", dns.Name), "check the host in kube_url, and the name server"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused" + at(err), "nothing listens there: it is down, or the port is another one"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset" + at(err), "the server or something before it closed it; it is tried again"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the network does not reach the server" + at(err), path
	case errors.Is(err, context.Canceled):
		return "canceled", ""
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time" + at(err), path
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection", "it is tried again"
	}
	return "", ""
}

// explainAccess is for credentials that cannot be had.
func explainAccess(err error) (what, hint string) {
	var file *fs.PathError
	switch text := err.Error(); {
	case strings.Contains(text, "getting credentials: "):
		return "no credentials from the kubeconfig's exec plugin: " + afterLast(text, "getting credentials: "),
			"run the plugin by hand, as the user and with the environment of this process"
	case errors.As(err, &file):
		return fmt.Sprintf("cannot %s %s: %v", file.Op, file.Path, file.Err), "check the path and its permissions"
	case strings.Contains(text, "proxyconnect"):
		return afterLast(text, "proxyconnect "), "check the proxy and HTTPS_PROXY, NO_PROXY"
	}
	return "", ""
}

// at names the address of the other end where the error tells.
func at(err error) string {
	via := ""
	for op := new(net.OpError); errors.As(err, &op); err = op.Err {
		if op.Op == "proxyconnect" {
			via = "the proxy "
		}
		if op.Addr != nil {
			return " (" + via + op.Addr.String() + ")"
		}
	}
	return ""
}

func afterLast(s, sep string) string {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[i+len(sep):]
	}
	return s
}
