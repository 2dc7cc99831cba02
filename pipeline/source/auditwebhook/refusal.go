package auditwebhook

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// refusal is an answer other than 200.
type refusal struct {
	status int
	// reason is a word for logs, of a small set.
	reason  string
	message string
	// retryAfter is when the client shall come back. Zero does not say.
	retryAfter time.Duration
	header     [2]string
}

// How long clients shall wait. A spool that is full has to be read first.
const (
	retryBusy  = time.Second
	retryError = 5 * time.Second
	retryFull  = 10 * time.Second
)

func busy(message string) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, reason: "busy", message: message, retryAfter: retryBusy}
}

func tooLarge(limit int64) *refusal {
	return &refusal{
		status: http.StatusRequestEntityTooLarge, reason: "too_large",
		message: "the body is larger than " + strconv.FormatInt(limit, 10) + " bytes: lower --audit-webhook-batch-max-size or raise audit_max_body",
	}
}

// write answers w. Plain text is what the API server shows in its log.
func (f *refusal) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	if f.header[0] != "" {
		header.Set(f.header[0], f.header[1])
	}
	if f.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(f.retryAfter.Seconds())))
	}
	text := "live-status: " + f.message + "\n"
	header.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, text) // The client may be gone.
}
