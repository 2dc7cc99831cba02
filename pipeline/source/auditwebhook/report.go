package auditwebhook

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// reports logs what clients can cause at will: once a minute per reason, of
// which there are few, with the number of those left out.
type reports struct {
	logger *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	seen map[string]*report
}

type report struct {
	last    time.Time
	omitted int64
}

const reportEvery = time.Minute

func newReports(logger *slog.Logger, now func() time.Time) *reports {
	return &reports{logger: logger, now: now, seen: make(map[string]*report)}
}

func (r *reports) warn(ctx context.Context, reason, message string, args ...any) {
	omitted, ok := r.due(reason)
	if !ok {
		return
	}
	if omitted > 0 {
		args = append(args, "omitted", omitted)
	}
	r.logger.WarnContext(ctx, "audit webhook: "+message, args...)
}

func (r *reports) due(reason string) (omitted int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	one := r.seen[reason]
	if one == nil {
		one = new(report)
		r.seen[reason] = one
	} else if now.Sub(one.last) < reportEvery {
		one.omitted++
		return 0, false
	}
	omitted, one.last, one.omitted = one.omitted, now, 0
	return omitted, true
}

// handler takes what net/http says of connections that did not get as far as a
// request, above all failed TLS handshakes.
type handler struct{ *reports }

func (h handler) Enabled(context.Context, slog.Level) bool { return true }
func (h handler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h handler) WithGroup(string) slog.Handler            { return h }

// longestComplaint bounds a line that names what a client's certificate says.
const longestComplaint = 300

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	text := record.Message
	h.warn(ctx, "connection", "a connection failed", "error", text[:min(len(text), longestComplaint)])
	return nil
}
