package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// ReadError says why Secrets cannot be read. It repeats nothing of an answer's
// body, and wraps nothing that does.
type ReadError struct {
	// Forbidden is set where somebody has to grant the right first.
	Forbidden bool

	text string
}

// Error returns one line for a person.
func (e *ReadError) Error() string { return e.text }

// accessError is what went wrong before a Secret was asked for.
type accessError struct{ err error }

func (e *accessError) Error() string { return e.err.Error() }
func (e *accessError) Unwrap() error { return e.err }

// errLost says that a watch was resumed too late.
var errLost = errors.New("secrets could not be followed for too long")

// errShort says that watches tell nothing.
var errShort = errors.New("the server closes every watch at once")

// errNameless says that an object does not tell which Secret it is.
var errNameless = errors.New("an object that is not a Secret")

// isForbidden reports whether Secrets may not be read.
func isForbidden(err error) bool {
	var access *accessError
	return apierrors.IsForbidden(err) && !errors.As(err, &access)
}

// explain returns what went wrong when the Secrets of a namespace were read, or
// those of all if that is empty. An error of the client for answers that it does
// not expect holds their body, as a Status or plain, and so may one of a decoder:
// these are told by their kind.
func (s *Source) explain(err error, ns event.Namespace) *ReadError {
	text := func(format string, args ...any) *ReadError {
		return &ReadError{Forbidden: isForbidden(err), text: "read secrets " + place(ns) + ": " + fmt.Sprintf(format, args...)}
	}
	var access *accessError
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &access):
		return text("%s", s.opts.Describe(access.err))
	case isForbidden(err):
		return text("the API server answered 403 Forbidden; grant get, list and watch of secrets, as conf/rbac-secrets.yaml does")
	case errors.As(err, &status):
		code := int(status.Status().Code)
		return text("%s", strings.TrimSpace(fmt.Sprintf("the API server answered %d %s", code, http.StatusText(code))))
	case errors.Is(err, errLost), errors.Is(err, errShort), errors.Is(err, errNameless):
		return text("%s", err.Error())
	case isTransport(err):
		return text("%s", s.opts.Describe(err))
	default:
		return text("the answer broke off, or is not that of a Kubernetes API")
	}
}

// place says where Secrets are read.
func place(ns event.Namespace) string {
	if ns == "" {
		return "in all namespaces"
	}
	return "in " + string(ns)
}

// isTransport reports whether an error is about the way to the server and back,
// and so does not show what came.
func isTransport(err error) bool {
	var (
		request *url.Error
		network *net.OpError
	)
	switch {
	case watch.IsStalled(err), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.Canceled),
		errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		return true
	case errors.As(err, &request):
		// What is no HTTP is quoted, and may be the rest of an answer.
		return !strings.Contains(request.Error(), "malformed")
	default:
		return false
	}
}
