package secrets

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestListsAndFollows(t *testing.T) {
	s := cluster()
	s.set(all, secretOf("a", "one", 1, "correct horse"), secretOf("b", "two", 2, "battery staple"))
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.expect(t, "put a/one, put b/two, listed")
		if got := b.sink.values["b/two"]; got != "password=battery staple" {
			t.Errorf("two holds %q", got)
		}
		if selector := s.requests[0].query.Get("fieldSelector"); selector != "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token" {
			t.Errorf("asked for %q", selector)
		}
		s.tell(all, frame("MODIFIED", secretOf("a", "one", 101, "another")))
		s.tell(all, frame("ADDED", secretOf("b", "three", 102, "third")))
		s.tell(all, frame("DELETED", secretOf("b", "two", 103, "battery staple")))
		synctest.Wait()
		b.sink.expect(t, "put a/one, put b/three, forget b/two")
		if got := b.sink.values["a/one"]; got != "password=another" {
			t.Errorf("one holds %q", got)
		}
		s.tell(all, bookmark(200))
		synctest.Wait()
		st := b.Status()
		if st.Name != "secrets" || st.State != event.SourceWatching || st.ResourceVersion != "200" || st.LastReceived.IsZero() || st.Error != "" {
			t.Errorf("status %+v", st)
		}
		if n, unread := b.Count(); n != 2 || unread != 0 {
			t.Errorf("%d Secrets, %d unread", n, unread)
		}
		select {
		case <-b.Synced():
		default:
			t.Error("not synced")
		}
		for i, value := range b.sink.data {
			if strings.Trim(string(value), "\x00") != "" {
				t.Errorf("value %d is still in memory", i)
			}
		}
	})
}

func TestReadsPagesWhereListsAreNotStreamed(t *testing.T) {
	s := cluster()
	s.says(func(r request) *http.Response {
		switch r.String() {
		case "streamlist":
			return answered(422, metav1.StatusReasonInvalid, "sendInitialEvents is forbidden")
		case "list":
			return response(200, `{"metadata":{"resourceVersion":"9","continue":"next"},"items":[`+secretOf("a", "one", 1, "x")+`]}`)
		case "list continue=next":
			return response(200, `{"metadata":{"resourceVersion":"9"},"items":[`+secretOf("a", "two", 2, "x")+`]}`)
		default:
			return nil
		}
	})
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.expect(t, "put a/one, put a/two, listed")
		if got := s.said(all); got != "streamlist, list, list continue=next, watch from=9" {
			t.Error(got)
		}
	})
}

func TestVersionIsGone(t *testing.T) {
	s := cluster()
	s.set(all, secretOf("a", "stays", 1, "x"), secretOf("a", "changes", 2, "x"), secretOf("b", "vanishes", 3, "x"))
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.news()
		s.set(all, secretOf("a", "stays", 1, "x"), secretOf("a", "changes", 5, "y"), secretOf("b", "comes", 6, "x"))
		s.tell(all, gone())
		pass(2 * time.Second)
		b.sink.expect(t, "put a/changes, put b/comes, forget b/vanishes")
		if st := b.Status(); st.Relists != 1 || st.Error != "" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestShortFailureIsResumed(t *testing.T) {
	s := cluster()
	s.set(all, secretOf("a", "one", 1, "x"))
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.news()
		s.says(func(request) *http.Response { return none(dead) })
		s.hang()
		pass(10 * time.Second)
		b.sink.expect(t, "")
		if st := b.Status(); st.State != event.SourceBackingOff || !strings.Contains(st.Error, "connection refused") || b.Failing() != nil {
			t.Errorf("status %+v", st)
		}
		s.says(nil)
		pass(10 * time.Second)
		b.sink.expect(t, "")
		if got := s.said(all); !strings.HasSuffix(got, "probe, watch from=100") {
			t.Error(got)
		}
		if st := b.Status(); st.State != event.SourceWatching || st.Error != "" || st.Reconnects == 0 {
			t.Errorf("status %+v", st)
		}
		pass(time.Minute)
		b.sink.expect(t, "")
	})
}

func TestLongFailureIsToldAndListedAnew(t *testing.T) {
	for _, how := range []struct {
		name string
		code int
		want string
	}{
		{"refused", dead, "connection refused"},
		{"silent", silent, "the server has not answered yet"},
	} {
		t.Run(how.name, func(t *testing.T) {
			s := cluster()
			s.set(all, secretOf("a", "stays", 1, "x"), secretOf("a", "vanishes", 2, "x"))
			run(t, s, nil, func(t *testing.T, b bench) {
				b.sink.news()
				s.says(func(request) *http.Response { return none(how.code) })
				s.hang()
				pass(DefaultPatience - 2*time.Second)
				b.sink.expect(t, "")
				pass(4 * time.Second)
				if got := b.sink.news(); !strings.HasPrefix(got, "failed: read secrets in all namespaces: ") || !strings.Contains(got, how.want) {
					t.Errorf("told %q", got)
				}
				if b.Failing() == nil {
					t.Error("not failing")
				}
				s.set(all, secretOf("a", "stays", 1, "x"))
				s.says(nil)
				pass(2 * time.Minute)
				if got := b.sink.news(); !strings.HasSuffix(got, "put a/stays, forget a/vanishes, listed") {
					t.Errorf("told %q", got)
				}
				if err := b.Failing(); err != nil {
					t.Errorf("still failing: %v", err)
				}
			})
		})
	}
}

func TestUnreachableAtTheStart(t *testing.T) {
	s := cluster()
	s.says(func(request) *http.Response { return none(dead) })
	run(t, s, nil, func(t *testing.T, b bench) {
		if got := b.sink.news(); !strings.HasPrefix(got, "failed: ") || strings.Contains(got, ", ") {
			t.Errorf("told %q", got)
		}
		pass(5 * time.Minute)
		b.sink.expect(t, "")
		if n := strings.Count(b.log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, b.log)
		}
		s.says(nil)
		pass(time.Minute)
		b.sink.expect(t, "listed")
	})
}

func TestAnotherClusterAnswers(t *testing.T) {
	s := cluster()
	s.set(all, secretOf("a", "one", 1, "x"))
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.news()
		// The same Secret in the same version, and not the same value.
		s.mu.Lock()
		s.identity = "another"
		s.mu.Unlock()
		s.set(all, secretOf("a", "one", 1, "y"))
		s.says(func(request) *http.Response { return none(dead) })
		s.hang()
		pass(5 * time.Second)
		s.says(nil)
		pass(10 * time.Second)
		b.sink.expect(t, "put a/one")
		if got := b.sink.values["a/one"]; got != "password=y" {
			t.Errorf("one holds %q", got)
		}
	})
}

func TestBackupIsRestored(t *testing.T) {
	s := cluster()
	s.set(all, secretOf("a", "one", 50, "x"))
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.news()
		s.mu.Lock()
		s.rv = 60
		s.mu.Unlock()
		s.set(all, secretOf("a", "one", 50, "y"))
		s.says(func(request) *http.Response { return none(dead) })
		s.hang()
		pass(5 * time.Second)
		s.says(nil)
		pass(10 * time.Second)
		b.sink.expect(t, "put a/one")
	})
}

func TestSecretThatCannotBeRead(t *testing.T) {
	broken := strings.Replace(secretOf("a", "broken", 3, "x"), `"password":"`, `"password":"%`, 1)
	large := secretOf("a", "large", 4, strings.Repeat("long ", 1<<20))
	s := cluster()
	s.set(all, secretOf("a", "one", 1, "x"), broken, large)
	run(t, s, nil, func(t *testing.T, b bench) {
		if got := b.sink.news(); got != "put a/one, unread a/broken, unread a/large, listed" {
			t.Errorf("told %q", got)
		}
		if n, unread := b.Count(); n != 3 || unread != 2 {
			t.Errorf("%d Secrets, %d unread", n, unread)
		}
		s.tell(all, frame("MODIFIED", secretOf("a", "broken", 101, "mended")))
		s.tell(all, frame("DELETED", large))
		synctest.Wait()
		b.sink.expect(t, "put a/broken, forget a/large")
		if n, unread := b.Count(); n != 2 || unread != 0 {
			t.Errorf("%d Secrets, %d unread", n, unread)
		}
		if n := strings.Count(b.log.String(), "cannot be read"); n != 1 {
			t.Errorf("said %d times:\n%s", n, b.log)
		}
	})
}

func TestSecretWithoutName(t *testing.T) {
	nameless := `{"metadata":{"resourceVersion":"101"},"data":{"password":"aHVudGVyMg=="}}`
	s := cluster()
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.expect(t, "listed")
		s.set(all, nameless)
		s.tell(all, frame("ADDED", nameless))
		pass(time.Minute)
		b.sink.expect(t, "failed: read secrets in all namespaces: an object that is not a Secret")
		s.set(all)
		pass(time.Minute)
		b.sink.expect(t, "listed")
	})
}

// TestWatchThatTellsNothing has the server open every watch and end it before it
// has told anything, which looks well each time.
func TestWatchThatTellsNothing(t *testing.T) {
	for name, how := range map[string]struct{ body, want string }{
		"closed":  {"", "the server closes every watch at once"},
		"failing": {frame("ERROR", status(500, metav1.StatusReasonInternalError, "")), "the API server answered 500 Internal Server Error"},
		"unknown": {frame("CHANGED", secretOf("a", "one", 101, "y")), "the answer broke off, or is not that of a Kubernetes API"},
	} {
		t.Run(name, func(t *testing.T) {
			s := cluster()
			s.set(all, secretOf("a", "one", 1, "x"))
			run(t, s, nil, func(t *testing.T, b bench) {
				b.sink.news()
				s.says(func(r request) *http.Response {
					if strings.HasPrefix(r.String(), "watch") {
						return response(200, how.body)
					}
					return nil
				})
				s.hang()
				pass(2 * time.Minute)
				if got := b.sink.news(); !strings.HasPrefix(got, "failed: read secrets in all namespaces: "+how.want) {
					t.Errorf("told %q", got)
				}
				s.says(nil)
				pass(2 * time.Minute)
				if got := b.sink.news(); b.Failing() != nil {
					t.Errorf("failing: %v; told %q", b.Failing(), got)
				}
			})
		})
	}
}

func TestServerThatDoesNotSelect(t *testing.T) {
	s := cluster()
	s.set(all,
		secretOf("a", "one", 1, "x"), typed("helm.sh/release.v1", "a", "sh.helm.release.v1.web.v1", 2, "x"),
		typed("kubernetes.io/service-account-token", "a", "token", 3, "x"))
	s.says(func(r request) *http.Response {
		if r.query.Get("fieldSelector") != "" {
			return answered(400, metav1.StatusReasonBadRequest, "field label not supported: type")
		}
		return nil
	})
	run(t, s, nil, func(t *testing.T, b bench) {
		pass(time.Minute)
		if got := b.sink.news(); !strings.HasSuffix(got, "put a/one, listed") || strings.Contains(got, "token,") {
			t.Errorf("told %q", got)
		}
		if n, _ := b.Count(); n != 1 {
			t.Errorf("%d Secrets", n)
		}
	})
}

// TestNothingOfAnAnswerIsRepeated has servers answer with a Secret in all places
// where no Secret should be.
func TestNothingOfAnAnswerIsRepeated(t *testing.T) {
	const value = "hunter2-hunter2"
	status := func(r request, object string) *http.Response { return live(r, object, nil) }
	for name, answer := range map[string]func(r request) *http.Response{
		"error body":    func(request) *http.Response { return response(500, value) },
		"error text":    func(request) *http.Response { return answered(500, "InternalError", value) },
		"reason":        func(request) *http.Response { return answered(500, metav1.StatusReason(value), "") },
		"redirect body": func(request) *http.Response { return response(304, value) },
		"plain":         func(request) *http.Response { return response(200, value) },
		"frame type":    func(r request) *http.Response { return status(r, frame(value, "{}")) },
		"error frame":   func(r request) *http.Response { return status(r, frame("ERROR", `{"code":"`+value+`"}`)) },
		"error number": func(r request) *http.Response {
			return status(r, frame("ERROR", `{"code":1e999,"message":"`+value+`"}`))
		},
		"error message": func(r request) *http.Response { return status(r, frame("ERROR", `{"code":500,"message":"`+value+`"}`)) },
		"no object":     func(r request) *http.Response { return status(r, frame("ADDED", `"`+value+`"`)) },
		"forbidden":     func(request) *http.Response { return answered(403, metav1.StatusReasonForbidden, value) },
		"broken Secret": func(r request) *http.Response {
			return status(r, frame("ADDED", `{"metadata":{"namespace":"a","name":"one"},"data":{"password":"`+value+`%"}}`))
		},
		"name of a Secret": func(r request) *http.Response {
			return status(r, frame("ADDED", `{"metadata":{"namespace":"a/`+value+`","name":"%"}}`))
		},
		"page": func(r request) *http.Response {
			if r.watch() {
				return answered(422, metav1.StatusReasonInvalid, value)
			}
			return response(200, `{"metadata":{"resourceVersion":{"`+value+`":1}},"items":[]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := cluster()
			s.says(answer)
			run(t, s, nil, func(t *testing.T, b bench) {
				pass(time.Minute)
				said := b.sink.news() + b.log.String() + fmt.Sprintf("%+v %+v %#v", b.Status(), b.Failing(), b.Check(t.Context()))
				if strings.Contains(said, value) {
					t.Errorf("it is repeated:\n%s", said)
				}
				if !strings.Contains(said, "ailed: ") && !strings.Contains(said, "unread") {
					t.Errorf("no failure:\n%s", said)
				}
			})
		})
	}
}
