package permission_test

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/permission"
)

// FuzzCompare has any rule judged, as a server may list it: what is found to be too
// much must be in it, and a rule that only reads what is harmless must pass.
func FuzzCompare(f *testing.F) {
	f.Add("list watch", "apps", "deployments", "", false)
	f.Add("*", "*", "*", "", true)
	f.Add("get", "", "secrets pods/exec */proxy", "a b", false)
	f.Add("create", "authorization.k8s.io", "selfsubjectaccessreviews subjectaccessreviews", "", true)
	f.Add("use", "security.openshift.io", "securitycontextconstraints", "restricted-v2 privileged", true)
	f.Fuzz(func(t *testing.T, verbs, groups, resources, names string, reviews bool) {
		rule := permission.Rule{Groups: strings.Split(groups, " "), Resources: strings.Fields(resources), Names: strings.Fields(names), Verbs: strings.Fields(verbs)}
		needs := permission.Needs{Reviews: reviews}
		_, excess := permission.Compare(needs, []permission.Rule{rule})
		for _, r := range excess {
			if _, again := permission.Compare(needs, []permission.Rule{{Groups: []string{r.Group}, Resources: []string{r.Resource}, Verbs: []string{r.Verb}, Names: slices.DeleteFunc([]string{r.Name}, func(s string) bool { return s == "" })}}); len(again) == 0 {
				t.Errorf("%v is too much in %v and not by itself", r, rule)
			}
			if !slices.Contains(rule.Verbs, r.Verb) || r.Name != "" && !slices.Contains(rule.Names, r.Name) {
				t.Errorf("%v is not in %v", r, rule)
			}
		}
		reading := !slices.ContainsFunc(rule.Verbs, func(v string) bool { return v != "get" && v != "list" && v != "watch" })
		if reading && len(excess) > 0 && !slices.Contains(rule.Groups, "") && !slices.Contains(rule.Groups, "*") {
			t.Errorf("%v only reads, and has %v", rule, excess)
		}
		if !reading && len(rule.Resources) > 0 && len(excess) == 0 && strings.ContainsAny(verbs, "*") {
			t.Errorf("%v passes", rule)
		}
		// Printed it means the same.
		var back rbacv1.PolicyRule
		if err := yaml.Unmarshal([]byte(rule.String()), &back); err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
	})
}
