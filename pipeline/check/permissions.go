package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/permission"
)

// maxRights is how many objects of rights are told one by one.
const maxRights = 12

// maxKinds is how many kinds of an API group are named.
const maxKinds = 4

// permissions asks what the account may do, and compares that with what it needs.
func permissions(ctx context.Context, s *session) []Finding {
	if away := s.away(); away != "" {
		return skipped("%s", away)
	}
	if s.Rights == nil {
		return skipped("nothing says which rights are needed")
	}
	report, err := s.Rights(ctx, s.access, s.Config)
	if unanswered, ok := errors.AsType[*permission.UnansweredError](err); ok {
		return warned("let the account create SelfSubjectAccessReviews, as Kubernetes does by itself", "%s", unanswered)
	}
	if err != nil {
		return s.failure(err, "ask for the rights")
	}
	missing, custom := split(report.Missing)
	out := s.custom(custom)
	for _, g := range missing[:min(len(missing), maxRights)] {
		out = append(out, s.lacks(g))
	}
	if more := len(missing) - maxRights; more > 0 {
		out = append(out, Finding{Failed, fmt.Sprintf("missing on %s more", plural(more, "resource")), "grant them likewise; the chart's ClusterRole has all of them"})
	}
	excess := together(report.Excess)
	for _, g := range excess[:min(len(excess), maxRights)] {
		out = append(out, grants(g))
	}
	if more := len(excess) - maxRights; more > 0 {
		out = append(out, Finding{Warning, fmt.Sprintf("more than needed on %s more", plural(more, "resource")), "take them away likewise"})
	}
	if len(out) > 0 {
		return out
	}
	detail := fmt.Sprintf("all that is needed is allowed, and nothing that must not be (%s)", plural(report.Requests, "request"))
	if len(report.Notes) > 0 {
		detail += "; " + strings.Join(report.Notes, "; ")
	}
	return okay("%s", detail)
}

// together groups findings that differ in their verb only.
func together(findings []permission.Finding) [][]permission.Finding {
	var out [][]permission.Finding
	at := map[permission.Right]int{}
	for _, f := range findings {
		key := f.Right
		key.Verb = ""
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], f)
	}
	return out
}

// split tells what is missing, by object, and of custom resources apart from it.
func split(findings []permission.Finding) (missing [][]permission.Finding, custom []permission.Finding) {
	var others []permission.Finding
	for _, f := range findings {
		// Kubernetes' own groups have no dot, or end like that.
		if strings.Contains(f.Group, ".") && !strings.HasSuffix(f.Group, ".k8s.io") {
			custom = append(custom, f)
		} else {
			others = append(others, f)
		}
	}
	return together(others), custom
}

// custom tells of custom resources that may not be read, one line for each API group:
// clusters serve dozens of kinds, and the others do without them.
func (s *session) custom(findings []permission.Finding) []Finding {
	type place struct {
		group     string
		namespace event.Namespace
	}
	kinds, verbs := map[place][]string{}, map[place][]string{}
	var places []place
	for _, f := range findings {
		at := place{f.Group, f.Namespace}
		if _, ok := kinds[at]; !ok {
			places = append(places, at)
		}
		if !slices.Contains(kinds[at], f.Resource) {
			kinds[at] = append(kinds[at], f.Resource)
		}
		if !slices.Contains(verbs[at], f.Verb) {
			verbs[at] = append(verbs[at], f.Verb)
		}
	}
	var out []Finding
	for _, at := range places[:min(len(places), maxRights)] {
		names := strings.Join(kinds[at][:min(len(kinds[at]), maxKinds)], ", ")
		if more := len(kinds[at]) - maxKinds; more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		role, where := "a ClusterRole", ""
		if at.namespace != "" {
			role, where = "a Role in "+string(at.namespace), " in "+string(at.namespace)
		}
		verbs := strings.Join(verbs[at], ", ")
		out = append(out, Finding{
			Warning,
			fmt.Sprintf("missing: %s custom resources of %s%s (%s): applications that have some are Unknown", verbs, at.group, where, names),
			fmt.Sprintf("add to %s: {apiGroups: [%s], resources: [\"*\"], verbs: [%s]} (kinds.apiGroups in the chart); or put *.%s into objects_exclude (kinds.exclude)", role, at.group, verbs, at.group),
		})
	}
	if more := len(places) - maxRights; more > 0 {
		out = append(out, Finding{Warning, fmt.Sprintf("missing on %s more", plural(more, "API group")), "grant them likewise, or leave them out"})
	}
	return out
}

// named is a right with all verbs of a group.
func named(group []permission.Finding) string {
	verbs := make([]string, len(group))
	for i, f := range group {
		verbs[i] = f.Verb
	}
	r := group[0].Right
	r.Verb = strings.Join(verbs, ", ")
	return r.String()
}

func (s *session) lacks(group []permission.Finding) Finding {
	var rules []string
	for _, r := range (permission.Report{Missing: group}).Add() {
		rules = append(rules, r.String())
	}
	role := "a ClusterRole"
	if ns := group[0].Namespace; ns != "" {
		role = "a Role in " + string(ns)
	}
	fix := "add to " + role + ": " + strings.Join(rules, " ")
	if group[0].Or != "" {
		fix += "; or " + group[0].Or
	}
	result := Failed
	if r := group[0].Right; r.Group == "" && r.Resource == "secrets" && !s.Config.Redaction.ClusterSecrets {
		// Many grant everything but that on purpose, and all but Helm's releases works.
		result = Warning
	}
	return Finding{result, fmt.Sprintf("missing: %s (for %s)", named(group), group[0].Why), fix}
}

func grants(group []permission.Finding) Finding {
	detail := fmt.Sprintf("more than needed: %s: %s", named(group), group[0].Why)
	if group[0].By != "" {
		detail += "; " + group[0].By
	}
	return Finding{Warning, detail, group[0].Fix}
}
