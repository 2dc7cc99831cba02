package permission

import (
	"slices"
	"strings"
)

// sensitive are what reads that are none of ours can do harm with: some show
// credentials, others run commands or reach what listens behind the API server
// although the verb is get.
var sensitive = []struct {
	resource string
	verbs    []string
	why      string
}{
	{"secrets", []string{get, list, watch}, "shows every credential that is kept there"},
	{"pods/attach", []string{get}, "reaches into running containers"},
	{"pods/exec", []string{get}, "runs commands in containers"},
	{"pods/log", []string{get}, "shows all that containers print"},
	{"pods/portforward", []string{get}, "reaches every port of pods"},
	{"pods/proxy", []string{get}, "reaches every port of pods"},
	{"services/proxy", []string{get}, "reaches every port of services"},
	{"nodes/log", []string{get}, "shows the logs of nodes"},
	{"nodes/proxy", []string{get}, "reaches the kubelet, and runs commands in containers through it"},
}

// writes are what is asked for by name, since not every authorizer can list what it
// allows: what would let the plugin, or who takes it over, change things or become
// somebody else.
var writes = []struct {
	group, resource string
	verbs           []string
}{
	{all, all, []string{"create", "update", "patch", "delete", "deletecollection"}},
	{"", "pods", []string{"create", "update", "patch", "delete", "deletecollection"}},
	{"", "pods/exec", []string{"create"}},
	{"", "pods/attach", []string{"create"}},
	{"", "pods/portforward", []string{"create"}},
	{"", "pods/proxy", []string{"create"}},
	{"", "services/proxy", []string{"create"}},
	{"", "pods/ephemeralcontainers", []string{"update", "patch"}},
	{"", "pods/eviction", []string{"create"}},
	{"", "nodes/proxy", []string{"create"}},
	{"", "nodes", []string{"create", "update", "patch", "delete"}},
	{"", "nodes/status", []string{"update", "patch"}},
	{"", "endpoints", []string{"create", "update", "patch"}},
	{"", "replicationcontrollers", []string{"create", "update", "patch"}},
	{"", "namespaces", []string{"create", "update", "patch", "delete"}},
	{"", "configmaps", []string{"create", "update", "patch", "delete"}},
	{"", "secrets", []string{"create", "update", "patch", "delete"}},
	{"", "services", []string{"create", "update", "patch", "delete"}},
	{"", "serviceaccounts", []string{"create", "update", "patch", "impersonate"}},
	{"", "serviceaccounts/token", []string{"create"}},
	{"", "persistentvolumes", []string{"create", "update", "patch"}},
	{"", "users", []string{"impersonate"}},
	{"", "groups", []string{"impersonate"}},
	{authenticationGroup, "uids", []string{"impersonate"}},
	{authenticationGroup, "userextras/scopes", []string{"impersonate"}},
	{"apps", "daemonsets", []string{"create", "update", "patch", "delete"}},
	{"apps", "deployments", []string{"create", "update", "patch", "delete"}},
	{"apps", "replicasets", []string{"create", "update", "patch"}},
	{"apps", "statefulsets", []string{"create", "update", "patch", "delete"}},
	{"batch", "cronjobs", []string{"create", "update", "patch"}},
	{"batch", "jobs", []string{"create", "update", "patch"}},
	{"rbac.authorization.k8s.io", "clusterrolebindings", []string{"create", "update", "patch", "delete"}},
	{"rbac.authorization.k8s.io", "clusterroles", []string{"create", "update", "patch", "bind", "escalate"}},
	{"rbac.authorization.k8s.io", "rolebindings", []string{"create", "update", "patch", "delete"}},
	{"rbac.authorization.k8s.io", "roles", []string{"create", "update", "patch", "bind", "escalate"}},
	{"certificates.k8s.io", "certificatesigningrequests", []string{"create"}},
	{"certificates.k8s.io", "certificatesigningrequests/approval", []string{"update"}},
	{"certificates.k8s.io", "signers", []string{"approve", "sign"}},
	{"admissionregistration.k8s.io", "mutatingwebhookconfigurations", []string{"create", "update", "patch"}},
	{"admissionregistration.k8s.io", "validatingwebhookconfigurations", []string{"create", "update", "patch"}},
	{"admissionregistration.k8s.io", "mutatingadmissionpolicies", []string{"create", "update", "patch"}},
	{"discovery.k8s.io", "endpointslices", []string{"create", "update", "patch"}},
	{"networking.k8s.io", "ingresses", []string{"create", "update", "patch"}},
	{"networking.k8s.io", "networkpolicies", []string{"create", "update", "patch", "delete"}},
	{"apiextensions.k8s.io", "customresourcedefinitions", []string{"create", "update", "patch", "delete"}},
	{"apiregistration.k8s.io", "apiservices", []string{"create", "update", "patch"}},
}

// grave are those of writes that are asked for also where the server lists all rights.
var grave = []string{all, "pods", "pods/exec", "secrets", "serviceaccounts/token", "users", "clusterroles", "clusterrolebindings"}

// questions are the rights that are asked for one by one because nobody must have
// them who only reads, for the whole cluster: all or the gravest.
func (n Needs) questions(every bool) []Right {
	var out []Right
	for _, w := range writes {
		if !every && !slices.Contains(grave, w.resource) {
			continue
		}
		out = append(out, verbs(Right{Group: w.group, Resource: w.resource}, w.verbs...)...)
	}
	for _, s := range sensitive {
		if (every || s.resource == "secrets" || s.resource == "nodes/proxy") && (s.resource != "secrets" || !n.readsSecrets("")) {
			out = append(out, verbs(Right{Resource: s.resource}, s.verbs...)...)
		}
	}
	if every && !n.Reviews {
		out = append(out, tokenReviews, accessReviews)
	}
	return append(out, verbs(Right{Path: all}, "post", "put", "patch", "delete")...)
}

// excess returns what a rule grants that must not be granted, at most most rights. It
// looks at so many of the rule's rights as looks has left.
func (n Needs) excess(rule Rule, most int, looks *int) []Right {
	var out []Right
	each := func(verb string, r Right) bool {
		if *looks--; *looks <= 0 {
			return false
		}
		r.Verb, r.Namespace = verb, rule.Namespace
		for _, x := range n.tooMuch(r) {
			if len(out) == most {
				return false
			}
			out = append(out, x)
		}
		return true
	}
	names := rule.Names
	if len(names) == 0 {
		names = []string{""}
	}
	for _, verb := range rule.Verbs {
		for _, path := range rule.NonResourceURLs {
			if !each(verb, Right{Path: path}) {
				return out
			}
		}
		for _, group := range rule.Groups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					if !each(verb, Right{Group: group, Resource: resource, Name: name}) {
						return out
					}
				}
			}
		}
	}
	return out
}

// tooMuch returns of a right what must not be granted: itself, or what it covers.
func (n Needs) tooMuch(r Right) []Right {
	if r.Path != "" {
		if isReading(r.Verb) || r.Verb == "head" || r.Verb == "options" {
			return nil
		}
		return []Right{r}
	}
	if !isReading(r.Verb) {
		if n.isAllowed(r) {
			return nil
		}
		return []Right{r}
	}
	if r.Group != "" && r.Group != all {
		return nil
	}
	var out []Right
	for _, s := range sensitive {
		if !matches(r.Resource, s.resource) || !slices.Contains(s.verbs, r.Verb) || s.resource == "secrets" && n.readsSecrets(r.Namespace) {
			continue
		}
		out = append(out, Right{Verb: r.Verb, Resource: s.resource, Name: r.Name, Namespace: r.Namespace})
	}
	return out
}

func isReading(verb string) bool { return verb == get || verb == list || verb == watch }

// isAllowed reports whether a verb that does not read is one that does no harm.
func (n Needs) isAllowed(r Right) bool {
	switch r.Verb {
	case "create":
		if strings.HasPrefix(r.Resource, "selfsubject") {
			// Asking what one may do oneself, which every authenticated user may.
			return true
		}
		return n.Reviews && (tokenReviews.covers(r) || accessReviews.covers(r))
	case "use":
		// Which security context constraints of OpenShift a pod may run under: every
		// authenticated user has the restricted ones.
		return strings.HasPrefix(r.Name, "restricted")
	}
	return false
}

// harm says why a right must not be granted, empty where its verb says it.
func harm(r Right) string {
	if !isReading(r.Verb) {
		return "the plugin only reads"
	}
	for _, s := range sensitive {
		if r.Resource == s.resource {
			return s.why
		}
	}
	return ""
}

// Compare returns what the rules lack of what is needed, and what they grant that
// must not be granted, ordered. It looks at nothing but the rules.
func Compare(n Needs, granted []Rule) (missing, excess []Right) {
	has := func(r Right) bool {
		return slices.ContainsFunc(granted, func(rule Rule) bool { return rule.allows(r) })
	}
	for _, need := range n.needs() {
		if !need.basic {
			missing = append(missing, lacking(need, has)...)
		}
	}
	looks := maxLooks
	for _, rule := range granted {
		excess = append(excess, n.excess(rule, maxRights, &looks)...)
	}
	missing, excess = widest(missing), widest(excess)
	slices.SortFunc(missing, Right.compare)
	slices.SortFunc(excess, Right.compare)
	return missing, excess
}

// lacking returns the rights that a need lacks: none where one of the sets is
// there, else those of the first.
func lacking(n need, has func(Right) bool) []Right {
	if slices.ContainsFunc(n.any, func(set []Right) bool {
		return !slices.ContainsFunc(set, func(r Right) bool { return !has(r) })
	}) {
		return nil
	}
	var out []Right
	for _, r := range n.any[0] {
		if !has(r) {
			out = append(out, r)
		}
	}
	return out
}
