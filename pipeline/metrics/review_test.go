package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// reviews is an API server that knows a few tokens. What the real one does is in
// test/e2e.
type reviews struct {
	*httptest.Server
	asked atomic.Int64
	// fail is the status that is answered instead; zero for none.
	fail atomic.Int64
	// hold is waited for before an answer, if there is one.
	hold chan struct{}
	mu   sync.Mutex
	// sent are the reviews of access.
	sent []authorizationv1.SubjectAccessReview
}

func newReviews(t *testing.T) *reviews {
	t.Helper()
	s := &reviews{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *reviews) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.asked.Add(1)
	if s.hold != nil {
		<-s.hold
	}
	var answer any
	switch fail := int(s.fail.Load()); {
	case fail == http.StatusOK:
		_, _ = w.Write([]byte("<html>" + string(body)))
		return
	case fail != 0:
		w.WriteHeader(fail)
		answer = metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure", Message: "you sent " + string(body), Code: int32(fail)}
	case strings.HasSuffix(r.URL.Path, "/tokenreviews"):
		var review authenticationv1.TokenReview
		if json.Unmarshal(body, &review) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if user, _, ok := strings.Cut(review.Spec.Token, "."); ok && user != "nobody" {
			review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{
				Username: user, UID: "7", Groups: []string{"system:authenticated"}, Extra: map[string]authenticationv1.ExtraValue{"scopes": {"a", "b"}},
			}}
		}
		answer = review
	default:
		var review authorizationv1.SubjectAccessReview
		if json.Unmarshal(body, &review) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.sent = append(s.sent, review)
		s.mu.Unlock()
		review.Status.Allowed = strings.HasPrefix(review.Spec.User, "prometheus")
		answer = review
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// Client implements APIServer.
func (s *reviews) Client(context.Context) (rest.Interface, error) {
	return rest.UnversionedRESTClientFor(&rest.Config{Host: s.URL, ContentConfig: rest.ContentConfig{NegotiatedSerializer: plainCodec()}})
}

func TestReview(t *testing.T) {
	server := newReviews(t)
	s := serve(t, Options{Auth: NewReviewer(server, nil)})
	c := client(t, nil)
	get := func(header ...string) answer {
		return ask(t, c, "GET", "http://"+s.Addr().String()+"/metrics", header...)
	}
	for name, tc := range map[string]struct {
		header []string
		status int
		body   string
		asked  int64
	}{
		"allowed":        {[]string{"Authorization", "Bearer prometheus.a"}, 200, "live_status_info", 2},
		"known":          {[]string{"Authorization", "bearer  prometheus.a"}, 200, "live_status_info", 2},
		"forbidden":      {[]string{"Authorization", "Bearer eve.a"}, 403, `nonResourceURLs ["/metrics"]`, 2},
		"unknown":        {[]string{"Authorization", "Bearer nobody.a"}, 401, "does not know the token", 1},
		"none":           {nil, 401, "is needed", 0},
		"password":       {[]string{"Authorization", "Basic cHJvbWV0aGV1czp4"}, 401, "is needed", 0},
		"empty":          {[]string{"Authorization", "Bearer "}, 401, "no token", 0},
		"blanks":         {[]string{"Authorization", "Bearer a b"}, 401, "no token", 0},
		"letters":        {[]string{"Authorization", "Bearer ä"}, 401, "no token", 0},
		"padding alone":  {[]string{"Authorization", "Bearer =="}, 401, "no token", 0},
		"too long":       {[]string{"Authorization", "Bearer " + strings.Repeat("a", maxToken+1)}, 401, "no token", 0},
		"several":        {[]string{"Authorization", "Bearer prometheus.a", "Authorization", "Bearer prometheus.b"}, 401, "several", 0},
		"in the address": {[]string{"X-Token", "prometheus.a"}, 401, "is needed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := server.asked.Load()
			got := get(tc.header...)
			if got.status != tc.status || !strings.Contains(got.body, tc.body) {
				t.Errorf("%d %.200q", got.status, got.body)
			}
			if challenge := got.header.Get("WWW-Authenticate"); (tc.status == 401) != strings.HasPrefix(challenge, "Bearer ") {
				t.Errorf("challenge %q", challenge)
			}
			if n := server.asked.Load() - before; n > tc.asked {
				t.Errorf("asked %d times, want %d", n, tc.asked)
			}
		})
	}
	for _, probe := range []string{"/healthz", "/readyz"} {
		if got := ask(t, c, "GET", "http://"+s.Addr().String()+probe); got.status != 200 {
			t.Errorf("%s: %d", probe, got.status)
		}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	for i := range server.sent {
		spec := &server.sent[i].Spec
		if spec.UID != "7" || len(spec.Groups) != 1 || len(spec.Extra["scopes"]) != 2 || *spec.NonResourceAttributes != (authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"}) {
			t.Errorf("asked about %+v", spec)
		}
	}
}

// Where the API server cannot be asked, nobody is let in, and neither answer nor log
// has the token.
func TestReviewFailsClosed(t *testing.T) {
	for status, want := range map[int]string{
		403: "system:auth-delegator", 401: "own credentials", 500: "500 Internal Server Error", 429: "429 Too Many Requests",
		200: "no review", 302: "API server answered", 0: "",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			server := newReviews(t)
			server.fail.Store(int64(status))
			if status == 0 {
				server.Close()
			}
			var log syncBuffer
			s := serve(t, Options{Auth: NewReviewer(server, nil), Logger: log.logger()})
			c := client(t, nil)
			for range 3 {
				got := ask(t, c, "GET", "http://"+s.Addr().String()+"/metrics", "Authorization", "Bearer prometheus.hunter2")
				if got.status != 503 || got.header.Get("Retry-After") == "" || strings.Contains(got.body, "hunter2") {
					t.Errorf("%+v", got)
				}
			}
			if text := log.String(); strings.Count(text, "cannot be asked") != 1 || !strings.Contains(text, want) || strings.Contains(text, "hunter2") {
				t.Error(text)
			}
		})
	}
}

// Those who come at the same time with the same token wait for one answer.
func TestOneAsksForAll(t *testing.T) {
	server := newReviews(t)
	server.hold = make(chan struct{})
	r := NewReviewer(server, nil)
	var all sync.WaitGroup
	gone, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	all.Go(func() {
		defer close(left)
		if err := r.Authorize(gone, "prometheus.a"); !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
	})
	for server.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		all.Go(func() {
			if err := r.Authorize(t.Context(), "prometheus.a"); err != nil {
				t.Error(err)
			}
		})
	}
	leave()
	<-left
	close(server.hold)
	all.Wait()
	if n := server.asked.Load(); n > 4 {
		t.Errorf("asked %d times", n)
	}
}
