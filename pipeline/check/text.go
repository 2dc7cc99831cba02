package check

import (
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxText bounds a detail and a fix, in bytes.
const maxText = 500

// clean returns a text as a line of a table.
func clean(text string) string {
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError
	}), " ")
	if len(line) > maxText {
		line = strings.ToValidUTF8(line[:maxText], "") + "..."
	}
	return line
}

// bare is a URL without what may be a credential: only scheme, host and port.
func bare(u *url.URL) string { return u.Scheme + "://" + u.Host }

// cause is an error without the request or the path that it repeats.
func cause(err error) string {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		// It quotes the URL, and with it what may be a credential.
		err = ue.Err
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Op + ": " + pe.Err.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsTimeout {
			return "looking up " + dns.Name + " timed out"
		}
		return "no address is known for " + dns.Name
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return "no answer in time"
	}
	return err.Error()
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// networkFix is the way out where nothing can be reached.
func networkFix(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "check the host name, and the name server"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: start it, or correct the host and the port"
	default:
		return "check the address, routes, firewalls, network policies and proxy variables"
	}
}

// distance says how far apart two times are.
func distance(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	switch {
	case d >= 48*time.Hour:
		return plural(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return d.Round(time.Minute).String()
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d < time.Millisecond:
		return "less than 1ms"
	default:
		return d.Round(time.Millisecond).String()
	}
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }
