package register

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var target = Target{Namespace: "shop", Name: "credentials"}

// ours is a Secret of an earlier registration, with more data and labels.
func ours(data map[string]string) *corev1.Secret {
	s := &corev1.Secret{Type: corev1.SecretTypeOpaque, Data: map[string][]byte{}}
	s.Name, s.Namespace, s.UID = target.Name, target.Namespace, "one"
	s.Labels = map[string]string{ManagedBy: Manager, "team": "a"}
	s.Annotations = map[string]string{"note": "kept"}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	return s
}

var (
	oldSalt = strings.Repeat("o", 32)
	newSalt = strings.Repeat("n", 32)
)

func TestRun(t *testing.T) {
	no := false
	for _, tt := range []struct {
		name string
		old  *corev1.Secret
		plan Plan
		want map[string]string
		said string
	}{
		{
			"a Secret is made", nil,
			Plan{Salt: true, Set: map[string][]byte{"b": []byte("2\n"), "a": []byte("1")}},
			map[string]string{"salt": newSalt, "a": "1", "b": "2\n"},
			"secret shop/credentials created: salt made; added a, b",
		},
		{
			"a salt is never replaced", ours(map[string]string{"salt": oldSalt}),
			Plan{Salt: true},
			map[string]string{"salt": oldSalt},
			"secret shop/credentials is as it should be, nothing was written",
		},
		{
			"a salt is added", ours(map[string]string{"a": "1"}),
			Plan{Salt: true},
			map[string]string{"salt": newSalt, "a": "1"},
			"secret shop/credentials updated: salt made; left alone a",
		},
		{
			"a salt of one's own", nil,
			Plan{Salt: true, Set: map[string][]byte{"salt": []byte(oldSalt)}},
			map[string]string{"salt": oldSalt},
			"secret shop/credentials created: added salt",
		},
		{
			"the same salt again", ours(map[string]string{"salt": oldSalt}),
			Plan{Set: map[string][]byte{"salt": []byte(oldSalt)}},
			map[string]string{"salt": oldSalt},
			"secret shop/credentials is as it should be, nothing was written",
		},
		{
			"keys come and go", ours(map[string]string{"salt": oldSalt, "a": "1", "b": "2", "c": "3"}),
			Plan{Set: map[string][]byte{"a": []byte("x"), "d": []byte("4"), "c": []byte("3")}, Remove: []string{"b", "never"}},
			map[string]string{"salt": oldSalt, "a": "x", "c": "3", "d": "4"},
			"secret shop/credentials updated: added d; replaced a; removed b; left alone salt",
		},
		{
			"labels", ours(map[string]string{"a": "1"}),
			Plan{Set: map[string][]byte{"a": []byte("1")}, Labels: map[string]string{"team": "b", "x": "y"}},
			map[string]string{"a": "1"},
			"secret shop/credentials updated: labelled team, x",
		},
		{
			"another's is adopted", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: target.Name}, Immutable: &no},
			Plan{Salt: true, Adopt: true},
			map[string]string{"salt": newSalt},
			"secret shop/credentials updated: salt made; labelled app.kubernetes.io/managed-by",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{}
			if tt.old != nil {
				s.store(tt.old)
				s.writes = 0
			}
			plan := tt.plan
			plan.Target = target
			access := s.access(t)
			report, err := Run(t.Context(), access, plan, Options{Random: strings.NewReader(newSalt)})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for key, value := range s.secret.Data {
				got[key] = string(value)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if report.String() != tt.said {
				t.Errorf("said %q, want %q", report, tt.said)
			}
			if wrote := s.writes > 0; wrote != report.Changed() || s.writes > 1 {
				t.Errorf("written %d times, and reported %v", s.writes, report.Changed())
			}
			if s.secret.Labels[ManagedBy] != Manager {
				t.Errorf("labels are %v", s.secret.Labels)
			}
			for key, value := range plan.Labels {
				if s.secret.Labels[key] != value {
					t.Errorf("labels are %v", s.secret.Labels)
				}
			}
			if tt.old != nil && (!maps.Equal(s.secret.Annotations, tt.old.Annotations) || s.secret.UID != tt.old.UID) {
				t.Error("something else of the Secret was changed")
			}
			// A second run finds nothing to do.
			again, err := Run(t.Context(), access, plan, Options{Random: strings.NewReader("")})
			if err != nil || again.Changed() {
				t.Errorf("once more: %v, %v", again, err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	yes := true
	long := strings.Repeat("x", MaxBytes-31)
	for _, tt := range []struct {
		name   string
		old    *corev1.Secret
		plan   Plan
		before func(http.ResponseWriter, *http.Request) bool
		want   string
	}{
		{
			name: "another's", old: &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: target.Name}}, plan: Plan{Salt: true},
			want: "secret shop/credentials was made by someone else, it has no label app.kubernetes.io/managed-by=live-status: choose another --secret, or take it over with --adopt",
		},
		{
			name: "another type", plan: Plan{Salt: true, Adopt: true},
			old:  &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: target.Name}, Type: corev1.SecretTypeTLS},
			want: "secret shop/credentials is of type kubernetes.io/tls, not Opaque: choose another --secret",
		},
		{
			name: "immutable", plan: Plan{Salt: true}, old: func() *corev1.Secret { s := ours(nil); s.Immutable = &yes; return s }(),
			want: "secret shop/credentials is immutable: delete it, and register again",
		},
		{
			name: "on its way out", plan: Plan{Salt: true},
			old: func() *corev1.Secret {
				s := ours(nil)
				s.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
				return s
			}(),
			want: "secret shop/credentials is being deleted: register again once it is gone",
		},
		{
			name: "a short salt", plan: Plan{Salt: true}, old: ours(map[string]string{"salt": "hunter2"}),
			want: "secret shop/credentials: key salt: a salt has from 32 to 4096 bytes, not 7, and a salt is never replaced: remove the key by hand to have a new one made",
		},
		{
			name: "another salt", plan: Plan{Set: map[string][]byte{"salt": []byte(newSalt)}}, old: ours(map[string]string{"salt": oldSalt}),
			want: "secret shop/credentials has another salt than --from-file salt names, and a salt is never replaced: with another one hashes can no longer be compared",
		},
		{
			name: "too much altogether", plan: Plan{Set: map[string][]byte{"b": []byte(long)}}, old: ours(map[string]string{"a": oldSalt}),
			want: "secret shop/credentials would hold 1048577 bytes, and an API server takes 1048576: --remove what is no longer needed",
		},
		{
			name: "may not get", plan: Plan{Salt: true},
			before: answers("GET", 403, metav1.StatusReasonForbidden, `secrets "credentials" is forbidden: User "u" cannot get resource "secrets" in API group "" in the namespace "shop"`),
			want:   `read secret shop/credentials: the API server forbids it; add to a Role in the namespace shop the rule {apiGroups: [""], resources: [secrets], resourceNames: [credentials], verbs: [get]}, and bind it to this account`,
		},
		{
			name: "may not create", plan: Plan{Salt: true},
			before: answers("POST", 403, metav1.StatusReasonForbidden, `secrets is forbidden: User "u" cannot create resource "secrets" in API group "" in the namespace "shop"`),
			want:   `create secret shop/credentials: the API server forbids it; add to a Role in the namespace shop the rule {apiGroups: [""], resources: [secrets], verbs: [create]}, and bind it to this account`,
		},
		{
			name: "may not update", plan: Plan{Salt: true}, old: ours(nil),
			before: answers("PUT", 403, metav1.StatusReasonForbidden, `secrets "credentials" is forbidden: User "u" cannot update resource "secrets" in API group "" in the namespace "shop"`),
			want:   `update secret shop/credentials: the API server forbids it; add to a Role in the namespace shop the rule {apiGroups: [""], resources: [secrets], resourceNames: [credentials], verbs: [update]}, and bind it to this account`,
		},
		{
			name: "a quota", plan: Plan{Salt: true},
			before: answers("POST", 403, metav1.StatusReasonForbidden, `secrets "credentials" is forbidden: exceeded quota: small`),
			want:   "exceeded quota: small",
		},
		{
			name: "no namespace", plan: Plan{Salt: true},
			before: answers("POST", 404, metav1.StatusReasonNotFound, `namespaces "shop" not found`),
			want:   "create secret shop/credentials: there is no namespace shop",
		},
		{
			name: "no API server", plan: Plan{Salt: true},
			before: func(w http.ResponseWriter, _ *http.Request) bool {
				_, _ = w.Write([]byte("<html>hunter2</html>"))
				return true
			},
			want: "read secret shop/credentials: the answer is no Secret: check kube_url",
		},
		{
			name: "an endless answer", plan: Plan{Salt: true},
			before: func(w http.ResponseWriter, _ *http.Request) bool {
				for chunk := bytes.Repeat([]byte("x"), 1<<20); ; {
					if _, err := w.Write(chunk); err != nil {
						return true
					}
				}
			},
			want: "read secret shop/credentials",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{}
			if tt.old != nil {
				s.store(tt.old)
			}
			s.before, s.writes = tt.before, 0
			plan := tt.plan
			plan.Target = target
			report, err := Run(t.Context(), s.access(t), plan, Options{})
			if err == nil {
				t.Fatalf("not refused: %s", report)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			if s.writes > 0 {
				t.Error("something was written")
			}
		})
	}
}

// What an admission webhook says of a Secret may quote it.
func TestErrorsHoldNoValues(t *testing.T) {
	const password = "correct horse\nbattery staple"
	for _, quoted := range []string{
		password, "battery staple", base64.StdEncoding.EncodeToString([]byte(password)), strings.Repeat("x", 550) + password,
		"correct horse\\nbattery staple",
	} {
		s := &server{before: answers("POST", 422, metav1.StatusReasonInvalid, "admission webhook denied the request: "+quoted)}
		_, err := Run(t.Context(), s.access(t), Plan{Target: target, Set: map[string][]byte{"p": []byte(password)}}, Options{})
		if err == nil {
			t.Fatal("not refused")
		}
		for _, word := range []string{"horse", "battery", "Y29ycmVjd", "corr"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("of %q was said: %s", quoted, err)
			}
		}
	}
}

// Others write at the same time: what they wrote is kept.
func TestConflicts(t *testing.T) {
	for name, old := range map[string]*corev1.Secret{"nothing was there": nil, "it was there": ours(map[string]string{"a": "1"})} {
		t.Run(name, func(t *testing.T) {
			s := &server{}
			if old != nil {
				s.store(old)
			}
			left := 3
			s.before = func(_ http.ResponseWriter, r *http.Request) bool {
				if left > 0 && r.Method != http.MethodGet {
					left--
					changed := ours(map[string]string{"theirs": strings.Repeat("x", left+1)})
					if left == 1 && old != nil {
						// Deleted in between.
						s.secret = nil
					} else {
						s.store(changed)
					}
				}
				return false
			}
			var waited []time.Duration
			report, err := Run(t.Context(), s.access(t), Plan{Target: target, Salt: true}, Options{Wait: func(_ context.Context, d time.Duration) error {
				waited = append(waited, d)
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if string(s.secret.Data["theirs"]) != "x" || len(s.secret.Data[SaltKey]) != 32 {
				t.Errorf("the Secret has %v: %s", slices.Sorted(maps.Keys(s.secret.Data)), report)
			}
			if len(waited) != 3 || !slices.IsSorted(waited) {
				t.Errorf("waited %v", waited)
			}
		})
	}
}

func TestEndlessConflict(t *testing.T) {
	s := &server{before: answers("POST", 409, metav1.StatusReasonAlreadyExists, "already exists")}
	n := 0
	_, err := Run(t.Context(), s.access(t), Plan{Target: target, Salt: true}, Options{Wait: func(context.Context, time.Duration) error { n++; return nil }})
	if err == nil || !strings.Contains(err.Error(), "changed by others 10 times") || n != 9 {
		t.Errorf("after %d waits: %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Run(ctx, s.access(t), Plan{Target: target, Salt: true}, Options{Wait: func(ctx context.Context, d time.Duration) error {
		cancel()
		return sleep(ctx, d)
	}})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
