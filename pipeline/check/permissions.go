package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fluent-live/live-status/pipeline/permission"
)

// maxRights is how many objects of rights are told one by one.
const maxRights = 12

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
	var out []Finding
	missing := together(report.Missing)
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
