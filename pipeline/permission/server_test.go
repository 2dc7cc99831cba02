package permission_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

const user = "system:serviceaccount:live-status:live-status"

// basic is what Kubernetes binds to every authenticated user.
const basic = `
- apiGroups: [authorization.k8s.io]
  resources: [selfsubjectaccessreviews, selfsubjectrulesreviews]
  verbs: [create]
- apiGroups: [authentication.k8s.io]
  resources: [selfsubjectreviews]
  verbs: [create]
- nonResourceURLs: [/api, "/api/*", /apis, "/apis/*", /healthz, /livez, /openapi, "/openapi/*", /readyz, /version, /version/]
  verbs: [get]
`

// apiServer answers reviews as an API server with RBAC does. It has an evaluator of
// its own: that of the package must not prove itself right.
type apiServer struct {
	*httptest.Server

	mu sync.Mutex
	// bindings are the rules that hold in a namespace, or everywhere under "".
	bindings map[string][]rbacv1.PolicyRule
	// incomplete are namespaces whose rules are not all told.
	incomplete map[string]bool
	// refuse answers in its place where it does not return 0.
	refuse func(path string) int
	asked  []string
}

func newServer(t *testing.T, cluster string) *apiServer {
	t.Helper()
	s := &apiServer{bindings: map[string][]rbacv1.PolicyRule{"": append(rules(t, basic), rules(t, cluster)...)}, incomplete: map[string]bool{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func rules(t *testing.T, text string) []rbacv1.PolicyRule {
	t.Helper()
	var out []rbacv1.PolicyRule
	if err := yaml.UnmarshalStrict([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Client implements permission.Server.
func (s *apiServer) Client(context.Context) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return rest.UnversionedRESTClientFor(&rest.Config{Host: s.URL, QPS: -1, ContentConfig: rest.ContentConfig{
		NegotiatedSerializer: serializer.NewCodecFactory(scheme).WithoutConversion(),
	}})
}

// requests returns what was asked, and forgets it.
func (s *apiServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *apiServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if code := s.refuse(r.URL.Path); code != 0 {
			refuse(w, code)
			return
		}
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType)
		return
	}
	var answer any
	switch r.URL.Path {
	case "/apis/authentication.k8s.io/v1/selfsubjectreviews":
		var review authenticationv1.SelfSubjectReview
		answer = &review
		if json.NewDecoder(r.Body).Decode(&review) == nil {
			review.Status.UserInfo = authenticationv1.UserInfo{Username: user, Groups: []string{"system:serviceaccounts", "system:authenticated"}}
			s.asked = append(s.asked, "who")
		}
	case "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
		var review authorizationv1.SelfSubjectAccessReview
		answer = &review
		if json.NewDecoder(r.Body).Decode(&review) == nil {
			s.decide(&review)
		}
	case "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews":
		var review authorizationv1.SelfSubjectRulesReview
		answer = &review
		if json.NewDecoder(r.Body).Decode(&review) == nil {
			s.list(&review)
		}
	default:
		refuse(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, code int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	reason := metav1.StatusReason("")
	if code == http.StatusForbidden {
		reason = metav1.StatusReasonForbidden
	}
	_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure", Code: int32(code), Reason: reason})
}

// decide answers a SelfSubjectAccessReview.
func (s *apiServer) decide(review *authorizationv1.SelfSubjectAccessReview) {
	if p := review.Spec.NonResourceAttributes; p != nil {
		s.asked = append(s.asked, p.Verb+" "+p.Path)
		for _, rule := range s.bindings[""] {
			if among(rule.Verbs, p.Verb) && slices.ContainsFunc(rule.NonResourceURLs, func(u string) bool {
				begin, open := strings.CutSuffix(u, "*")
				return u == p.Path || open && strings.HasPrefix(p.Path, begin)
			}) {
				review.Status.Allowed = true
			}
		}
		return
	}
	a := review.Spec.ResourceAttributes
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	s.asked = append(s.asked, strings.TrimSpace(a.Verb+" "+resource+"."+a.Group+" "+a.Name+" "+a.Namespace))
	places := []string{""}
	if a.Namespace != "" {
		places = append(places, a.Namespace)
	}
	for _, place := range places {
		for _, rule := range s.bindings[place] {
			if among(rule.Verbs, a.Verb) && among(rule.APIGroups, a.Group) && (among(rule.Resources, resource) || a.Subresource != "" && slices.Contains(rule.Resources, "*/"+a.Subresource)) &&
				(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.Name)) {
				review.Status.Allowed = true
				review.Status.Reason = `RBAC: allowed by a binding in "` + place + `"`
				return
			}
		}
	}
}

func among(rule []string, want string) bool {
	return slices.Contains(rule, "*") || slices.Contains(rule, want)
}

// list answers a SelfSubjectRulesReview.
func (s *apiServer) list(review *authorizationv1.SelfSubjectRulesReview) {
	ns := review.Spec.Namespace
	s.asked = append(s.asked, "rules in "+ns)
	if s.incomplete[ns] {
		review.Status.Incomplete = true
		return
	}
	for _, rule := range slices.Concat(s.bindings[""], s.bindings[ns]) {
		if len(rule.NonResourceURLs) > 0 {
			review.Status.NonResourceRules = append(review.Status.NonResourceRules, authorizationv1.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
			continue
		}
		review.Status.ResourceRules = append(review.Status.ResourceRules, authorizationv1.ResourceRule{
			Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
		})
	}
}
