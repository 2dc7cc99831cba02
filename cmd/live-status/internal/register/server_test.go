package register

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/kube"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is an API server that has one Secret, and counts what is written.
type server struct {
	mu     sync.Mutex
	secret *corev1.Secret
	writes int
	// before is called with each request, and may answer it.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil && s.before(w, r) {
		return
	}
	var sent corev1.Secret
	if r.Method != http.MethodGet {
		if r.Header.Get("Content-Type") != "application/json" {
			fail(w, http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType, "write JSON")
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			fail(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
			return
		}
	}
	switch at := r.Method + " " + r.URL.Path; {
	case at == "GET /api/v1/namespaces/shop/secrets/credentials" && s.secret == nil,
		at == "PUT /api/v1/namespaces/shop/secrets/credentials" && s.secret == nil:
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, `secrets "credentials" not found`)
		return
	case at == "GET /api/v1/namespaces/shop/secrets/credentials":
	case at == "POST /api/v1/namespaces/shop/secrets" && s.secret != nil:
		fail(w, http.StatusConflict, metav1.StatusReasonAlreadyExists, `secrets "credentials" already exists`)
		return
	case at == "PUT /api/v1/namespaces/shop/secrets/credentials" && sent.ResourceVersion != s.secret.ResourceVersion:
		fail(w, http.StatusConflict, metav1.StatusReasonConflict, "the object has been modified")
		return
	case at == "PUT /api/v1/namespaces/shop/secrets/credentials", at == "POST /api/v1/namespaces/shop/secrets":
		s.store(&sent)
	default:
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, "no such path "+at)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone needs no answer.
	_ = json.NewEncoder(w).Encode(s.secret)
}

// store takes a Secret as a new version.
func (s *server) store(secret *corev1.Secret) {
	s.writes++
	s.secret = secret.DeepCopy()
	s.secret.ResourceVersion = strconv.Itoa(s.writes)
}

func fail(w http.ResponseWriter, code int32, reason metav1.StatusReason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(code))
	// A client that has gone needs no answer.
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	})
}

// answers makes a server answer each request of a method with a failure.
func answers(method string, code int32, reason metav1.StatusReason, message string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method {
			return false
		}
		// What is sent is read, as API servers do before they judge it.
		_, _ = io.Copy(io.Discard, r.Body)
		fail(w, code, reason, message)
		return true
	}
}

// access starts the server.
func (s *server) access(t *testing.T) *kube.Access {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	cfg, err := config.Parse(config.Map{"kube_url": srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	access, err := kube.Load(cfg.Kube, kube.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(access.Close)
	return access
}
