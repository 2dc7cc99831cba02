package objects

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/fluent-live/live-status/pipeline/event"
)

// patterns name kinds as kubectl does: pods, deployments.apps, and with * for
// any characters *.example.com. A plural without a group is the core group's
// where that serves it, and otherwise that of any group.
type patterns []string

// newPatterns checks patterns and returns them in lower case; option is named in
// the error.
func newPatterns(option string, given []string) (patterns, error) {
	all := make(patterns, len(given))
	for i, p := range given {
		all[i] = strings.ToLower(p)
		if errs := validation.IsDNS1123Subdomain(strings.ReplaceAll(all[i], "*", "x")); len(errs) > 0 {
			return nil, fmt.Errorf("%s %q: not a kind as kubectl names them, for example pods, deployments.apps, *.example.com", option, p)
		}
	}
	return all, nil
}

// matches reports whether one of the patterns names the kind. Core says whether
// the core group serves a plural.
func (ps patterns) matches(r event.GroupResource, core func(resource string) bool) bool {
	for _, p := range ps {
		if matches(p, r, core) {
			return true
		}
	}
	return false
}

func matches(pattern string, r event.GroupResource, core func(resource string) bool) bool {
	if !strings.ContainsAny(pattern, ".*") {
		return pattern == r.Resource && (r.Group == "" || !core(r.Resource))
	}
	return glob(pattern, r.String())
}

// glob matches with * for any characters, in a time that grows with the product
// of the lengths at most.
func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, last)
}
