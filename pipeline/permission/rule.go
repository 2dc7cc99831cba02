package permission

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Rule is a rule of RBAC, and where it holds.
type Rule struct {
	Groups, Resources, Names, Verbs []string
	// Namespace is empty for a rule of a ClusterRole that is bound for the whole
	// cluster.
	Namespace event.Namespace
	// NonResourceURLs are paths; the rule has no resources then.
	NonResourceURLs []string
}

// FromRBAC returns the rules of a Role, or of a ClusterRole where the namespace in
// which they hold is empty.
func FromRBAC(rules []rbacv1.PolicyRule, ns event.Namespace) []Rule {
	out := make([]Rule, len(rules))
	for i, r := range rules {
		out[i] = Rule{
			Groups: r.APIGroups, Resources: r.Resources, Names: r.ResourceNames, Verbs: r.Verbs, Namespace: ns,
			NonResourceURLs: r.NonResourceURLs,
		}
	}
	return out
}

// RBAC returns the rule as Kubernetes has it.
func (r Rule) RBAC() rbacv1.PolicyRule {
	return rbacv1.PolicyRule{
		Verbs: r.Verbs, APIGroups: r.Groups, Resources: r.Resources, ResourceNames: r.Names, NonResourceURLs: r.NonResourceURLs,
	}
}

// String returns the rule in one line of YAML, an item of a role's rules.
func (r Rule) String() string {
	var parts []string
	for _, list := range []struct {
		key    string
		values []string
	}{
		{"apiGroups", r.Groups},
		{"resources", r.Resources},
		{"resourceNames", r.Names},
		{"nonResourceURLs", r.NonResourceURLs},
		{"verbs", r.Verbs},
	} {
		if len(list.values) == 0 {
			continue
		}
		quoted := make([]string, len(list.values))
		for i, v := range list.values {
			quoted[i] = quote(v)
		}
		parts = append(parts, list.key+": ["+strings.Join(quoted, ", ")+"]")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// quote quotes what YAML would not read as the same text.
func quote(s string) string {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-./", rune(c)) {
			return fmt.Sprintf("%q", s)
		}
	}
	if s == "" || s[0] != '/' && (s[0] < 'a' || s[0] > 'z') || slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, s) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// allows reports whether a rule grants a right.
func (r Rule) allows(want Right) bool {
	if r.Namespace != "" && r.Namespace != want.place() {
		return false
	}
	if !slices.Contains(r.Verbs, all) && !slices.Contains(r.Verbs, want.Verb) {
		return false
	}
	if want.Path != "" {
		return slices.ContainsFunc(r.NonResourceURLs, func(p string) bool { return Right{Verb: all, Path: p}.covers(want) })
	}
	return (slices.Contains(r.Groups, all) || slices.Contains(r.Groups, want.Group)) &&
		slices.ContainsFunc(r.Resources, func(resource string) bool { return matches(resource, want.Resource) }) &&
		(len(r.Names) == 0 || slices.Contains(r.Names, want.Name))
}

// rulesOf returns the fewest rules that grant the rights and nothing more, in an
// order that depends on nothing but them: one for all resources of a group with the
// same verbs, and one for all groups with the same resources.
func rulesOf(rights []Right) []Rule {
	byResource := map[Right][]string{}
	for _, r := range rights {
		key := r
		key.Verb = ""
		byResource[key] = append(byResource[key], r.Verb)
	}
	byVerbs := map[string]*Rule{}
	for _, key := range sortedRights(byResource) {
		verbs := unique(byResource[key])
		rule := Rule{Namespace: key.Namespace, Verbs: verbs}
		switch {
		case key.Path != "":
			rule.NonResourceURLs = []string{key.Path}
		default:
			rule.Groups, rule.Resources = []string{key.Group}, []string{key.Resource}
		}
		if key.Name != "" {
			rule.Names = []string{key.Name}
		}
		same := strings.Join(append([]string{string(key.Namespace), fmt.Sprint(key.Path != ""), key.Group, key.Name}, verbs...), "\x00")
		if key.Name != "" {
			same += "\x00" + key.Resource
		}
		if former := byVerbs[same]; former != nil {
			former.Resources = unique(append(former.Resources, rule.Resources...))
			former.NonResourceURLs = unique(append(former.NonResourceURLs, rule.NonResourceURLs...))
			continue
		}
		byVerbs[same] = &rule
	}
	byGroups := map[string]*Rule{}
	for _, rule := range byVerbs {
		same := strings.Join(slices.Concat([]string{string(rule.Namespace)}, rule.Resources, []string{""}, rule.Names, []string{""}, rule.NonResourceURLs, []string{""}, rule.Verbs), "\x00")
		if former := byGroups[same]; former != nil {
			former.Groups = unique(append(former.Groups, rule.Groups...))
			continue
		}
		byGroups[same] = rule
	}
	var out []Rule
	for _, rule := range byGroups {
		out = append(out, *rule)
	}
	slices.SortFunc(out, func(a, b Rule) int {
		return cmp.Or(
			cmp.Compare(a.Namespace, b.Namespace), slices.Compare(a.NonResourceURLs, b.NonResourceURLs), slices.Compare(a.Groups, b.Groups),
			slices.Compare(a.Resources, b.Resources), slices.Compare(a.Names, b.Names), slices.Compare(a.Verbs, b.Verbs),
		)
	})
	return out
}

func sortedRights[V any](m map[Right]V) []Right {
	keys := make([]Right, 0, len(m))
	for r := range m {
		keys = append(keys, r)
	}
	slices.SortFunc(keys, Right.compare)
	return keys
}

func unique(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// Account is the service account that rights are granted to.
type Account struct{ Name, Namespace string }

// Manifest returns the roles of that name with these rules, and their bindings to the
// account: a ClusterRole, and a Role in each namespace that rules hold in. It is YAML
// to be applied.
func Manifest(rules []Rule, name string, account Account) ([]byte, error) {
	byNamespace := map[event.Namespace][]rbacv1.PolicyRule{}
	var namespaces []event.Namespace
	for _, r := range rules {
		if _, ok := byNamespace[r.Namespace]; !ok {
			namespaces = append(namespaces, r.Namespace)
		}
		byNamespace[r.Namespace] = append(byNamespace[r.Namespace], r.RBAC())
	}
	slices.Sort(namespaces)
	var b bytes.Buffer
	for _, ns := range namespaces {
		kind, meta := "ClusterRole", map[string]any{"name": name}
		if ns != "" {
			kind = "Role"
			meta["namespace"] = string(ns)
		}
		for _, object := range []map[string]any{
			{"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": kind, "metadata": meta, "rules": byNamespace[ns]},
			{
				"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": kind + "Binding", "metadata": meta,
				"roleRef":  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name},
				"subjects": []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: account.Namespace}},
			},
		} {
			text, err := yaml.Marshal(object)
			if err != nil {
				return nil, fmt.Errorf("write role %s: %w", name, err)
			}
			if b.Len() > 0 {
				b.WriteString("---\n")
			}
			b.Write(text)
		}
	}
	return b.Bytes(), nil
}
