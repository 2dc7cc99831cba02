package check

import (
	"context"
	"net/http"
	"time"
)

// How far our clock may be from the server's. Audit events, kube-events and
// certificates have the times of other machines: what differs more makes lags and
// orders wrong, and tokens invalid.
const (
	skewWarned = 5 * time.Second
	skewFailed = time.Minute
)

// clock compares our clock with the API server's.
func clock(ctx context.Context, s *session) []Finding {
	if away := s.away(); away != "" {
		return skipped("%s", away)
	}
	_, _, a, err := s.ask(ctx, s.access.Target())
	if err != nil {
		return s.failure(err, "ask for the time")
	}
	if a.header.Get("Date") == "" {
		return warned("something in front of the API server takes the header Date away: let it pass", "the server does not tell its time")
	}
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return warned("look at what is in front of the API server", "the server tells no time that can be read")
	}
	skew := skewOf(date, a.before, a.after)
	side := "behind"
	if skew > 0 {
		side = "ahead of"
	}
	const fix = "let both machines take their time from NTP"
	switch size := max(skew, -skew); {
	case size > skewFailed:
		return failed(fix, "our clock is %s %s the API server's", distance(skew), side)
	case size > skewWarned:
		return warned(fix, "our clock is %s %s the API server's", distance(skew), side)
	case size > 0:
		return okay("our clock is within %s of the API server's", distance(size.Truncate(time.Second)+time.Second))
	}
	return okay("our clock and the API server's agree to the second")
}

// skewOf returns how far our clock is ahead of the server's at least. The server's
// time is told in whole seconds, cut off, and is that of a moment between before and
// after.
func skewOf(date, before, after time.Time) time.Duration {
	if early := before.Sub(date.Add(time.Second)); early > 0 {
		return early
	}
	if late := after.Sub(date); late < 0 {
		return late
	}
	return 0
}
