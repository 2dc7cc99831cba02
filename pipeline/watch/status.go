package watch

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// IsGone reports whether the server no longer has a version, so that only a
// list can help. Servers say so as the status of a response or within the
// stream, with the code 410 and either of two reasons.
func IsGone(err error) bool {
	return apierrors.IsGone(err) || apierrors.IsResourceExpired(err) || statusCode(err) == http.StatusGone
}

// IsStatus reports whether an error is the answer of an API server, so that the
// way to it and the credentials are in order.
func IsStatus(err error) bool { return statusCode(err) != 0 }

func statusCode(err error) int32 {
	var s apierrors.APIStatus
	if errors.As(err, &s) {
		return s.Status().Code
	}
	return 0
}
