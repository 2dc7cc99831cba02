package drift

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Ignore are drifts that the user does not want to be told of: the option
// sync_ignore. The zero value ignores none.
type Ignore struct{ rules []rule }

// rule is one entry of the option: a drift is ignored if all that is given applies.
type rule struct {
	// kind is in lower case; empty for all kinds.
	kind string
	// pointer are the segments of the field, of which * is any; nil for all.
	pointer []string
	// manager is the one who owns the field, with * for any characters; empty for
	// whoever does.
	manager string
}

const ignoreOption = "sync_ignore"

// ParseIgnore reads entries [KIND][/JSON/POINTER][@MANAGER] that are separated by
// commas.
func ParseIgnore(option string) (Ignore, error) {
	var ig Ignore
	for entry := range strings.SplitSeq(option, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		r, err := parseRule(entry)
		if err != nil {
			return Ignore{}, fmt.Errorf("%s: entry %q: %w", ignoreOption, entry, err)
		}
		ig.rules = append(ig.rules, r)
	}
	return ig, nil
}

func parseRule(entry string) (rule, error) {
	var r rule
	rest, manager, hasManager := cutLast(entry, '@')
	if hasManager && manager == "" {
		return r, fmt.Errorf("no manager after @: name one as metadata.managedFields does, for example deployments.apps@my-operator")
	}
	r.manager = manager
	kind, pointer, hasPointer := strings.Cut(rest, "/")
	if kind != "" {
		r.kind = strings.ToLower(kind)
		if errs := validation.IsDNS1123Subdomain(strings.ReplaceAll(r.kind, "*", "x")); len(errs) > 0 {
			return r, fmt.Errorf("%q is not a kind as kubectl names them: write for example deployments.apps/spec/replicas, *.example.com or, for all kinds, nothing", kind)
		}
	}
	if hasPointer {
		segments, err := parsePointer(pointer)
		if err != nil {
			return r, err
		}
		r.pointer = segments
	}
	if strings.Trim(r.kind, "*") == "" && r.pointer == nil && strings.Trim(r.manager, "*") == "" {
		return r, fmt.Errorf("it would ignore every drift: name a kind, a field or a manager, for example deployments.apps/spec/replicas")
	}
	return r, nil
}

// parsePointer reads a JSON pointer (RFC 6901) without its first slash.
func parsePointer(pointer string) ([]string, error) {
	segments := strings.Split(pointer, "/")
	for i, s := range segments {
		if s == "" {
			return nil, fmt.Errorf("an empty name in the JSON pointer: write for example /spec/replicas, and ~1 for a slash within a name")
		}
		plain := strings.NewReplacer("~0", "", "~1", "").Replace(s)
		if strings.Contains(plain, "~") {
			return nil, fmt.Errorf("a ~ in the JSON pointer: write ~0 for a tilde and ~1 for a slash within a name")
		}
		segments[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
	}
	return segments, nil
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	at := strings.LastIndexByte(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+1:], true
}

// of returns the rules about a kind.
func (ig Ignore) of(kind identity) []rule {
	if len(ig.rules) == 0 {
		return nil
	}
	group := kind.group()
	plural, singular := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Group: group, Kind: clip(kind.kind, maxLabel)})
	names := []string{plural.Resource, singular.Resource}
	return slices.DeleteFunc(slices.Clone(ig.rules), func(r rule) bool { return !r.about(names, group) })
}

// about reports whether a rule is about a kind. A name without a group is that of
// any group.
func (r *rule) about(names []string, group string) bool {
	if r.kind == "" {
		return true
	}
	for _, name := range names {
		if glob(r.kind, name) || group != "" && glob(r.kind, name+"."+group) {
			return true
		}
	}
	return false
}

// ignored reports whether a rule applies to the value at the end of a trail, or to
// one that it is part of.
func ignored(rules []rule, trail []step, look func() *owner) bool {
	for i := range rules {
		r := &rules[i]
		if len(r.pointer) > len(trail) || !leads(r.pointer, trail) {
			continue
		}
		if r.manager == "" {
			return true
		}
		if o := look(); o != nil && glob(r.manager, o.manager) {
			return true
		}
	}
	return false
}

// ignoredBelow reports whether a rule applies to a part of the value.
func ignoredBelow(rules []rule, trail []step) bool {
	return slices.ContainsFunc(rules, func(r rule) bool {
		return len(r.pointer) > len(trail) && leads(r.pointer[:len(trail)], trail)
	})
}

// leads reports whether the trail goes along a pointer.
func leads(pointer []string, trail []step) bool {
	for i, segment := range pointer {
		s := &trail[i]
		switch {
		case segment == "*":
		case s.element:
			if segment != strconv.Itoa(s.index) {
				return false
			}
		case segment != s.name:
			return false
		}
	}
	return true
}

// glob matches with * for any characters, in a time that grows with the product of
// the lengths at most.
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
