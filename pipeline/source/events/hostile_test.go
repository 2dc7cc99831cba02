package events

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// nested is an event that an API server stores and that a decoder which limits
// the depth refuses, with all that comes after it.
func nested(rv int) string {
	return fmt.Sprintf(`{"metadata":{"name":"deep","uid":"u%d","resourceVersion":"%d","managedFields":[{"fieldsV1":%s1%s}]}}`,
		rv, rv, strings.Repeat(`{"a":`, 9_995), strings.Repeat("}", 9_995))
}

func huge(rv int) string {
	return fmt.Sprintf(`{"metadata":{"name":"huge","uid":"u%d","resourceVersion":"%d"},"note":%q}`, rv, rv, strings.Repeat("x", watch.MaxItem))
}

// Whoever may create events in one namespace must not be able to stop those of
// all others.
func TestOneHostileEventStopsNobody(t *testing.T) {
	for _, tt := range []struct {
		name, object string
		truncated    bool
	}{
		{name: "nested too deep for decoders", object: nested(7)},
		{name: "too large", object: huge(7), truncated: true},
	} {
		check := func(t *testing.T, out *sink, position event.Position) {
			t.Helper()
			if len(out.items) < 2 {
				t.Fatalf("%d items", len(out.items))
			}
			if got := out.items[0]; (got.Skipped != "") != tt.truncated || got.Position != position || len(got.Raw) > watch.MaxItem {
				t.Errorf("item of %d bytes, skipped %q, position %q", len(got.Raw), got.Skipped, got.Position)
			}
			if got := out.items[1].Raw; !bytes.Contains(got, []byte(`"resourceVersion":"8"`)) {
				t.Errorf("then came %.100s", got)
			}
		}
		t.Run(tt.name+", watched", func(t *testing.T) {
			s := &server{positions: map[event.Stream]event.Position{"events|cluster-uid|||": "5"}}
			s.answer = func(r request) *http.Response {
				if r.probe() {
					return pageOf("9", "")
				}
				return live(r, frames(`{"type":"ADDED","object":`+tt.object+`}`, added(8)))
			}
			run(t, s, nil, func(t *testing.T, _ *Source, out *sink) {
				synctest.Wait()
				check(t, out, "7")
			})
		})
		t.Run(tt.name+", listed", func(t *testing.T) {
			s := &server{}
			s.answer = func(r request) *http.Response {
				switch {
				case r.probe():
					return pageOf("9", "")
				case r.watch() && r.query.Get("sendInitialEvents") != "":
					return noStream()
				case r.watch():
					return live(r, "")
				default:
					return response(200, strings.NewReader(`{"metadata":{"resourceVersion":"9"},"items":[`+tt.object+`,`+objectOf(8)+`]}`))
				}
			}
			run(t, s, nil, func(t *testing.T, _ *Source, out *sink) {
				synctest.Wait()
				check(t, out, "")
			})
		})
	}
}

// A load balancer in maintenance may ask for a day's patience. Events live for
// an hour.
func TestRetryAfterHasABound(t *testing.T) {
	n := 0
	s := &server{}
	s.answer = func(r request) *http.Response {
		if n++; n == 1 {
			resp := failure(503, metav1.StatusReasonServiceUnavailable, "maintenance")
			resp.Header.Set("Retry-After", "86400")
			return resp
		}
		if r.probe() {
			return pageOf("9", "")
		}
		return live(r, frames(bookmark(9, true)))
	}
	run(t, s, nil, func(t *testing.T, _ *Source, out *sink) {
		time.Sleep(watch.LongestWish + time.Second)
		synctest.Wait()
		if got := out.String(); got != "P@9" {
			t.Errorf("items %q after %s", got, watch.LongestWish)
		}
	})
}
