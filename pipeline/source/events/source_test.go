package events

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// noStream is how servers before WatchList answer a streamed list.
func noStream() *http.Response {
	return failure(422, metav1.StatusReasonInvalid, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
}

func TestConversations(t *testing.T) {
	stored := map[event.Stream]event.Position{"events|cluster-uid|||": "5"}
	tests := []struct {
		name   string
		stored map[event.Stream]event.Position
		// answers are given in order; after the last one the server is silent.
		answers []func(request) *http.Response
		said    string
		yielded string
	}{
		{
			name: "first start, streamed list goes on as the watch",
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(r request) *http.Response {
					return live(r, frames(added(3), added(7), bookmark(9, true), added(10), modified(11), deleted(12), bookmark(15, false)))
				},
			},
			said:    "probe, streamlist",
			yielded: "L3 L7 P@9 U10@10 U11@11 D12@12 P@15",
		},
		{
			name: "first start, paged list",
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(request) *http.Response { return noStream() },
				func(request) *http.Response { return pageOf("9", "to=ken&", 3, 7) },
				func(request) *http.Response { return pageOf("9", "", 8) },
				func(r request) *http.Response { return live(r, frames(added(10))) },
			},
			said:    "probe, streamlist, list, list continue=to=ken&, watch from=9",
			yielded: "L3 L7 L8 P@9 U10@10",
		},
		{
			name: "the second page is gone: the list begins anew",
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(request) *http.Response { return noStream() },
				func(request) *http.Response { return pageOf("9", "a", 3, 7) },
				func(request) *http.Response {
					return failure(410, metav1.StatusReasonExpired, "The provided continue parameter is too old")
				},
				func(request) *http.Response { return pageOf("20", "b", 3, 7) },
				func(request) *http.Response { return pageOf("20", "", 8) },
				func(r request) *http.Response { return live(r, "") },
			},
			said:    "probe, streamlist, list, list continue=a, list, list continue=b, watch from=20",
			yielded: "L3 L7 L3 L7 L8 P@20",
		},
		{
			name: "restart: the watch resumes without a list", stored: stored,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(r request) *http.Response { return live(r, frames(modified(6), added(9))) },
			},
			said:    "probe, watch from=5",
			yielded: "U6@6 U9@9",
		},
		{
			name: "restart: the stored version is gone, said in the stream", stored: stored,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(r request) *http.Response { return live(r, frames(gone())) },
				func(r request) *http.Response { return live(r, frames(added(4), added(8), bookmark(9, true))) },
			},
			said:    "probe, watch from=5, streamlist",
			yielded: "L4(known 5) L8(known 5) P@9",
		},
		{
			name: "restart: the stored version is gone, said as the response", stored: stored,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(request) *http.Response { return failure(410, metav1.StatusReasonGone, "gone") },
				func(r request) *http.Response { return live(r, frames(added(8), bookmark(9, true))) },
			},
			said:    "probe, watch from=5, streamlist",
			yielded: "L8(known 5) P@9",
		},
		{
			name: "restart: etcd was restored and counts from before", stored: stored,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("3", "") },
				func(r request) *http.Response { return live(r, frames(added(2), bookmark(3, true))) },
			},
			said:    "probe, streamlist",
			yielded: "L2 P@3",
		},
		{
			name: "a watch that ends is resumed where it was", stored: stored,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(request) *http.Response { return response(200, strings.NewReader(frames(added(6)))) },
				func(request) *http.Response { return pageOf("9", "") },
				func(r request) *http.Response { return live(r, frames(added(7))) },
			},
			said:    "probe, watch from=5, probe, watch from=6",
			yielded: "U6@6 U7@7",
		},
		{
			name: "a frame that is cut in the middle is read again", stored: stored,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(request) *http.Response { return response(200, strings.NewReader(added(6)+"\n"+added(7)[:40])) },
				func(request) *http.Response { return pageOf("9", "") },
				func(r request) *http.Response { return live(r, frames(added(7))) },
			},
			said:    "probe, watch from=5, probe, watch from=6",
			yielded: "U6@6 U7@7",
		},
		{
			name: "a list that is cut is no list", stored: nil,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(request) *http.Response { return noStream() },
				func(request) *http.Response {
					return response(200, strings.NewReader(`{"metadata":{"resourceVersion":"9"},"items":[`+objectOf(3)+`,`))
				},
				func(request) *http.Response { return pageOf("9", "") },
				func(request) *http.Response { return pageOf("9", "", 3, 7) },
				func(r request) *http.Response { return live(r, "") },
			},
			said:    "probe, streamlist, list, probe, list, watch from=9",
			yielded: "L3 L3 L7 P@9",
		},
		{
			name: "an error in the stream that is no 410 keeps the position", stored: stored,
			answers: []func(request) *http.Response{
				func(request) *http.Response { return pageOf("9", "") },
				func(r request) *http.Response {
					return live(r, frames(added(6), `{"type":"ERROR","object":`+status(500, metav1.StatusReasonInternalError, "etcdserver: no leader")+`}`))
				},
				func(request) *http.Response { return pageOf("9", "") },
				func(r request) *http.Response { return live(r, frames(added(7))) },
			},
			said:    "probe, watch from=5, probe, watch from=6",
			yielded: "U6@6 U7@7",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			s := &server{positions: tt.stored}
			s.answer = func(r request) *http.Response {
				if n++; n > len(tt.answers) {
					return nil
				}
				return tt.answers[n-1](r)
			}
			run(t, s, nil, func(t *testing.T, _ *Source, out *sink) {
				time.Sleep(20 * time.Second) // the bubble's clock: all pauses are over
				synctest.Wait()
				if got := s.said(); got != tt.said {
					t.Errorf("requests\n got %s\nwant %s", got, tt.said)
				}
				if got := out.String(); got != tt.yielded {
					t.Errorf("items\n got %s\nwant %s", got, tt.yielded)
				}
			})
		})
	}
}

// RBAC rules written for Fluent Bit's own input allow events of the core group
// alone.
func TestFallsBackToCoreEvents(t *testing.T) {
	s := &server{}
	s.answer = func(r request) *http.Response {
		switch {
		case strings.HasPrefix(r.path, "/apis/events.k8s.io"):
			return failure(403, metav1.StatusReasonForbidden, `events.events.k8s.io is forbidden`)
		case r.probe():
			return pageOf("9", "")
		default:
			return live(r, frames(added(3), bookmark(9, true)))
		}
	}
	run(t, s, nil, func(t *testing.T, src *Source, out *sink) {
		synctest.Wait()
		if got := out.String(); got != "L3 P@9" {
			t.Errorf("items %s", got)
		}
		if st := src.Status(); st.API != "v1" || st.State != event.SourceWatching {
			t.Errorf("status %+v", st)
		}
	})
}

// A half-open connection says nothing for ever. It must be left, in a list as
// in a watch.
func TestSilenceIsNotTrusted(t *testing.T) {
	t.Run("in a watch", func(t *testing.T) {
		s := &server{positions: map[event.Stream]event.Position{"events|cluster-uid|||": "5"}}
		s.answer = func(r request) *http.Response {
			if r.probe() {
				return pageOf("9", "")
			}
			return live(r, "")
		}
		run(t, s, nil, func(t *testing.T, src *Source, _ *sink) {
			time.Sleep(watch.QuietWatch + time.Second)
			synctest.Wait()
			if got := s.said(); got != "probe, watch from=5, probe, watch from=5" {
				t.Errorf("requests %s", got)
			}
			if st := src.Status(); st.Error != "" {
				t.Errorf("a quiet watch is no error: %s", st.Error)
			}
		})
	})
	t.Run("before the answer", func(t *testing.T) {
		s := &server{}
		s.answer = func(request) *http.Response { return nil }
		run(t, s, nil, func(t *testing.T, src *Source, _ *sink) {
			time.Sleep(watch.AnswerWithin + time.Millisecond)
			synctest.Wait()
			if st := src.Status(); !strings.Contains(st.Error, "said nothing for 1m5s") || s.invalidated == 0 {
				t.Errorf("status %+v, invalidated %d", st, s.invalidated)
			}
		})
	})
	t.Run("in the middle of a list", func(t *testing.T) {
		s := &server{}
		s.answer = func(r request) *http.Response {
			if r.probe() {
				return pageOf("9", "")
			}
			return live(r, frames(added(3)))
		}
		run(t, s, nil, func(t *testing.T, src *Source, _ *sink) {
			time.Sleep(watch.QuietWatch + 100*time.Millisecond)
			synctest.Wait()
			if st := src.Status(); st.Error == "" || st.ResourceVersion != "" {
				t.Errorf("status %+v", st)
			}
		})
	})
}

func TestBacksOffAndRecovers(t *testing.T) {
	var up atomic.Bool
	s := &server{identity: func() (string, error) { return "", errors.New("connection refused") }}
	s.identity = func() (string, error) {
		if !up.Load() {
			return "", errors.New("connection refused")
		}
		return "cluster-uid", nil
	}
	s.answer = func(r request) *http.Response {
		if r.probe() {
			return pageOf("9", "")
		}
		return live(r, frames(bookmark(9, true)))
	}
	run(t, s, nil, func(t *testing.T, src *Source, out *sink) {
		time.Sleep(time.Hour)
		synctest.Wait()
		st := src.Status()
		if st.State != event.SourceBackingOff || st.Error != "connection refused" || st.Reconnects < 60 || st.Reconnects > 400 {
			t.Errorf("after an hour without a server: %+v", st)
		}
		up.Store(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := src.Status(); st.State != event.SourceWatching || st.Error != "" || out.String() != "P@9" {
			t.Errorf("after it came back: %+v, items %s", st, out)
		}
	})
}

// A server that is overloaded says how long to stay away.
func TestRetryAfterIsHeeded(t *testing.T) {
	s := &server{}
	s.answer = func(request) *http.Response {
		r := response(429, strings.NewReader(`{"kind":"Status","status":"Failure","reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":40}}`))
		r.Header.Set("Retry-After", "40")
		return r
	}
	run(t, s, nil, func(t *testing.T, _ *Source, _ *sink) {
		time.Sleep(39 * time.Second)
		synctest.Wait()
		if got := s.said(); got != "probe" {
			t.Errorf("requests within 39 s: %s", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := s.said(); got != "probe, probe" {
			t.Errorf("requests within 41 s: %s", got)
		}
	})
}

func TestQuery(t *testing.T) {
	s := &server{}
	s.answer = func(request) *http.Response { return nil }
	change := func(o *Options) {
		o.Namespace, o.Exclude = "shop", []event.Namespace{"a", "b"}
		o.LabelSelector, o.FieldSelector = "team in (x,y)", "involvedObject.kind=Pod"
	}
	run(t, s, change, func(t *testing.T, _ *Source, _ *sink) {
		synctest.Wait()
		r := s.requests[0]
		if r.path != "/api/v1/namespaces/shop/events" {
			t.Errorf("path %s: the selector's fields are those of core/v1", r.path)
		}
		if got, want := r.query.Get("fieldSelector"), "involvedObject.kind=Pod,metadata.namespace!=a,metadata.namespace!=b"; got != want {
			t.Errorf("fieldSelector %s, want %s", got, want)
		}
		if got := r.query.Get("labelSelector"); got != "team in (x,y)" {
			t.Errorf("labelSelector %s", got)
		}
	})
}

// kube_watch_timeout 0 leaves the time of a watch to the server.
func TestWatchTimeout(t *testing.T) {
	for timeout, want := range map[time.Duration]func(string) bool{
		0:                func(s string) bool { return s == "" },
		10 * time.Minute: func(s string) bool { n, err := strconv.Atoi(s); return err == nil && n >= 300 && n <= 600 },
	} {
		s := &server{}
		s.answer = func(r request) *http.Response {
			if r.probe() {
				return pageOf("9", "")
			}
			return live(r, frames(bookmark(9, true)))
		}
		run(t, s, func(o *Options) { o.WatchTimeout = timeout }, func(t *testing.T, _ *Source, _ *sink) {
			synctest.Wait()
			if got := s.requests[1].query.Get("timeoutSeconds"); !want(got) {
				t.Errorf("timeout %s: timeoutSeconds=%q", timeout, got)
			}
		})
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for want, opts := range map[string]Options{
		`kube_label_selector "a in"`:             {LabelSelector: "a in"},
		`kube_field_selector "reason"`:           {FieldSelector: "reason"},
		`kube_field_selector "involvedObject.ki`: {FieldSelector: "involvedObject.kind=Pod,regarding.name=x"},
	} {
		if _, err := New(opts); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want it to begin with %s", err, want)
		}
	}
}

// A server that has just started may refuse to name the cluster for a moment.
// The stored position must not be missed for that.
func TestTheIdentityIsAskedForOnceEventsCanBeListed(t *testing.T) {
	ready := false
	s := &server{positions: map[event.Stream]event.Position{"events|cluster-uid|||": "5"}}
	s.identity = func() (string, error) {
		if !ready {
			t.Error("asked for the identity before events could be listed")
		}
		return "cluster-uid", nil
	}
	s.answer = func(r request) *http.Response {
		switch {
		case len(s.requests) <= 2:
			return failure(403, metav1.StatusReasonForbidden, "RBAC: informers are not synced")
		case r.probe():
			ready = true
			return pageOf("9", "")
		default:
			return live(r, frames(added(6)))
		}
	}
	run(t, s, nil, func(t *testing.T, _ *Source, out *sink) {
		time.Sleep(time.Second)
		synctest.Wait()
		if got := out.String(); got != "U6@6" {
			t.Errorf("items %s; requests %s", got, s.said())
		}
	})
}

// A cluster made anew under the same address begins its versions anew: the
// position of the former one means nothing to it.
func TestAnotherClusterAtTheSameAddress(t *testing.T) {
	identity := "old"
	s := &server{positions: map[event.Stream]event.Position{"events|old|||": "5"}}
	s.identity = func() (string, error) { return identity, nil }
	s.answer = func(r request) *http.Response {
		switch {
		case r.probe() && len(s.requests) == 3:
			identity = "new"
			return failure(503, metav1.StatusReasonServiceUnavailable, "starting")
		case r.probe():
			return pageOf("900", "")
		case identity == "old":
			return response(200, strings.NewReader(frames(added(6))))
		default:
			return live(r, frames(added(2), bookmark(900, true)))
		}
	}
	run(t, s, nil, func(t *testing.T, _ *Source, out *sink) {
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := out.String(); got != "U6@6 L2 P@900" {
			t.Errorf("items %s; requests %s", got, s.said())
		}
		for i, want := range []event.Stream{"events|old|||", "events|new|||", "events|new|||"} {
			if got := out.items[i].Stream; got != want {
				t.Errorf("item %d is of stream %s, want %s", i, got, want)
			}
		}
	})
}

func TestAnUnansweredIdentityIsNotAwaitedForEver(t *testing.T) {
	s := &server{}
	s.answer = func(request) *http.Response { return pageOf("9", "") }
	run(t, s, func(o *Options) { o.Server = silent{s} }, func(t *testing.T, src *Source, _ *sink) {
		time.Sleep(watch.AnswerWithin + time.Millisecond)
		synctest.Wait()
		if st := src.Status(); !strings.Contains(st.Error, "said nothing") {
			t.Errorf("status %+v", st)
		}
	})
}

// silent is a server that never names the cluster.
type silent struct{ *server }

func (silent) Identity(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}
