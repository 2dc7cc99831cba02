package check

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestClock(t *testing.T) {
	for _, tt := range []struct {
		name string
		off  time.Duration
		want string
	}{
		{"same", 0, "clock ok: our clock and the API server's agree to the second"},
		{"3 s", 3 * time.Second, "clock ok: our clock is within ...s of the API server's"},
		{"8 s ahead", -8 * time.Second, "clock warning: our clock is ... ahead of the API server's -> let both machines take their time from NTP"},
		{"8 s behind", 8 * time.Second, "clock warning: our clock is ... behind the API server's"},
		{"an hour behind", time.Hour, "clock failed: our clock is ... behind the API server's"},
		{"an hour ahead", -time.Hour, "clock failed: our clock is ... ahead of the API server's"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(tt.off).UTC().Format(http.TimeFormat))
			}))
			defer s.Close()
			says(t, only(t, Clock, config.Map{"kube_url": s.URL}), tt.want)
		})
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil }))
	defer s.Close()
	says(t, only(t, Clock, config.Map{"kube_url": s.URL}), "clock warning: the server does not tell its time")
}

func TestSkew(t *testing.T) {
	date := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ before, after, want time.Duration }{
		{0, 0, 0},
		{900 * time.Millisecond, 950 * time.Millisecond, 0},
		{-time.Second, time.Second, 0},
		{3 * time.Second, 4 * time.Second, 2 * time.Second},
		{-5 * time.Second, -4 * time.Second, -4 * time.Second},
	} {
		if got := skewOf(date, date.Add(tt.before), date.Add(tt.after)); got != tt.want {
			t.Errorf("from %s to %s: %s, want %s", tt.before, tt.after, got, tt.want)
		}
	}
}
