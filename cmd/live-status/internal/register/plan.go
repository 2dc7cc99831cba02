package register

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/fluent-live/live-status/pipeline/redact"
)

const (
	// SaltKey is the key of the salt in the Secret.
	SaltKey = "salt"
	// ManagedBy is the label that tells the Secret from those of others, with
	// Manager as its value.
	ManagedBy = "app.kubernetes.io/managed-by"
	// Manager is the value of ManagedBy.
	Manager = "live-status"

	// maxSalt is the longest salt that the plugin takes, in bytes.
	maxSalt = 4096
)

// Target names the Secret.
type Target struct {
	Namespace, Name string
}

func (t Target) String() string { return t.Namespace + "/" + t.Name }

// Plan is what the Secret is to hold afterwards. Keys that are not named stay as
// they are.
type Plan struct {
	Target Target
	// Salt makes a salt where the Secret has none.
	Salt bool
	// Set are values by their keys, Remove are keys that go.
	Set    map[string][]byte
	Remove []string
	// Labels are set beside that of the manager.
	Labels map[string]string
	// Adopt takes a Secret that others have made.
	Adopt bool
}

// Check says what is wrong with the plan by itself.
func (p Plan) Check() error {
	if problems := validation.IsDNS1123Subdomain(p.Target.Name); len(problems) > 0 {
		return fmt.Errorf("--secret %q: %s", p.Target.Name, problems[0])
	}
	if problems := validation.IsDNS1123Label(p.Target.Namespace); len(problems) > 0 {
		return fmt.Errorf("--namespace %q: %s", p.Target.Namespace, problems[0])
	}
	if !p.Salt && len(p.Set) == 0 && len(p.Remove) == 0 {
		return errors.New("nothing is to be kept in the Secret: write --salt, --from-file KEY=PATH or --remove KEY")
	}
	for _, key := range p.Remove {
		if key == SaltKey {
			return errors.New("--remove salt: a salt is never removed, for with another one hashes can no longer be compared")
		}
		if _, ok := p.Set[key]; ok {
			return fmt.Errorf("--remove %s: --from-file sets the same key", key)
		}
	}
	if salt, ok := p.Set[SaltKey]; ok {
		if err := checkSalt(salt); err != nil {
			return fmt.Errorf("--from-file %s: %w", SaltKey, err)
		}
	}
	return nil
}

func checkSalt(salt []byte) error {
	if n := len(salt); n < redact.MinSalt || n > maxSalt {
		return fmt.Errorf("a salt has from %d to %d bytes, not %d", redact.MinSalt, maxSalt, n)
	}
	return nil
}

// Report says what was done, in names of keys.
type Report struct {
	Target                             Target
	Created                            bool
	Salted                             bool
	Added, Replaced, Removed, Labelled []string
	// Kept are keys that the plan does not name.
	Kept []string
}

// Changed reports whether anything was written.
func (r Report) Changed() bool {
	return r.Created || r.Salted || len(r.Added)+len(r.Replaced)+len(r.Removed)+len(r.Labelled) > 0
}

// String is one line for a person.
func (r Report) String() string {
	verb := "updated"
	switch {
	case r.Created:
		verb = "created"
	case !r.Changed():
		return fmt.Sprintf("secret %s is as it should be, nothing was written", r.Target)
	}
	var parts []string
	if r.Salted {
		parts = append(parts, "salt made")
	}
	for _, p := range []struct {
		verb string
		keys []string
	}{{"added", r.Added}, {"replaced", r.Replaced}, {"removed", r.Removed}, {"labelled", r.Labelled}, {"left alone", r.Kept}} {
		if len(p.keys) > 0 {
			parts = append(parts, p.verb+" "+strings.Join(p.keys, ", "))
		}
	}
	return fmt.Sprintf("secret %s %s: %s", r.Target, verb, strings.Join(parts, "; "))
}

// apply changes a Secret to what the plan says, or an empty one where old is
// nil, and leaves old as it is.
func (p Plan) apply(old *corev1.Secret, random io.Reader) (*corev1.Secret, Report, error) {
	report := Report{Target: p.Target}
	var s *corev1.Secret
	if old == nil {
		s = &corev1.Secret{Type: corev1.SecretTypeOpaque}
		s.APIVersion, s.Kind = "v1", "Secret"
		s.Name, s.Namespace = p.Target.Name, p.Target.Namespace
		report.Created = true
	} else {
		if err := p.accept(old); err != nil {
			return nil, report, err
		}
		s = old.DeepCopy()
	}
	if s.Data == nil {
		s.Data = map[string][]byte{}
	}
	if err := p.salt(s, &report, random); err != nil {
		return nil, report, err
	}
	for _, key := range slices.Sorted(maps.Keys(p.Set)) {
		value := p.Set[key]
		switch now, ok := s.Data[key]; {
		case !ok:
			report.Added = append(report.Added, key)
		case !slices.Equal(now, value):
			report.Replaced = append(report.Replaced, key)
		}
		s.Data[key] = value
	}
	for _, key := range p.Remove {
		if _, ok := s.Data[key]; ok {
			delete(s.Data, key)
			report.Removed = append(report.Removed, key)
		}
	}
	p.label(s, &report)
	for _, key := range slices.Sorted(maps.Keys(s.Data)) {
		if _, ok := p.Set[key]; !ok && (key != SaltKey || !p.Salt) {
			report.Kept = append(report.Kept, key)
		}
	}
	total := 0
	for _, value := range s.Data {
		total += len(value)
	}
	if total > MaxBytes {
		return nil, report, fmt.Errorf("secret %s would hold %d bytes, and an API server takes %d: --remove what is no longer needed", p.Target, total, MaxBytes)
	}
	if old != nil && report.Changed() && old.Immutable != nil && *old.Immutable {
		return nil, report, fmt.Errorf("secret %s is immutable: delete it, and register again", p.Target)
	}
	return s, report, nil
}

// accept says why a Secret that exists is not touched.
func (p Plan) accept(s *corev1.Secret) error {
	switch {
	case s.DeletionTimestamp != nil:
		return fmt.Errorf("secret %s is being deleted: register again once it is gone", p.Target)
	case s.Type != "" && s.Type != corev1.SecretTypeOpaque:
		return fmt.Errorf("secret %s is of type %s, not Opaque: choose another --secret", p.Target, s.Type)
	case s.Labels[ManagedBy] != Manager && !p.Adopt:
		return fmt.Errorf("secret %s was made by someone else, it has no label %s=%s: choose another --secret, or take it over with --adopt", p.Target, ManagedBy, Manager)
	}
	return nil
}

// salt makes a salt, or leaves alone the one that is there.
func (p Plan) salt(s *corev1.Secret, report *Report, random io.Reader) error {
	now, there := s.Data[SaltKey]
	given, set := p.Set[SaltKey]
	switch {
	case there && set && !slices.Equal(now, given):
		return fmt.Errorf("secret %s has another salt than --from-file %s names, and a salt is never replaced: with another one hashes can no longer be compared", p.Target, SaltKey)
	case there && p.Salt:
		if err := checkSalt(now); err != nil {
			return fmt.Errorf("secret %s: key %s: %w, and a salt is never replaced: remove the key by hand to have a new one made", p.Target, SaltKey, err)
		}
	case p.Salt && !set:
		salt, err := redact.NewSalt(random)
		if err != nil {
			return err
		}
		s.Data[SaltKey] = salt
		report.Salted = true
	}
	return nil
}

func (p Plan) label(s *corev1.Secret, report *Report) {
	want := maps.Clone(p.Labels)
	if want == nil {
		want = map[string]string{}
	}
	want[ManagedBy] = Manager
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if now, ok := s.Labels[key]; ok && now == want[key] {
			continue
		}
		s.Labels[key] = want[key]
		if !report.Created {
			report.Labelled = append(report.Labelled, key)
		}
	}
}
