package permission

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Bounds of what is looked at.
const (
	// maxRights is how many rights are told that are too much.
	maxRights = 1000
	// maxNamespaces is in how many namespaces the roles are looked at.
	maxNamespaces = 50
	// maxLooks is how many rights of rules are looked at: a short rule with long lists
	// has more than could ever be.
	maxLooks = 500_000
)

// everything is the right of who may do all.
var everything = Right{Verb: all, Group: all, Resource: all}

// check is one check.
type check struct {
	asker  *asker
	needs  Needs
	report Report
	// rules are those that hold in each of the report's namespaces, and holes the
	// namespaces whose rules were not told, or not all of them.
	rules [][]Rule
	holes []event.Namespace
}

// Check asks the API server who this is, what is missing of what is needed, and what
// is allowed that must not be. An error says why there is no report: the server is
// down, or it is an *UnansweredError.
func Check(ctx context.Context, server Server, needs Needs) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	c := &check{asker: newAsker(server), needs: needs}
	for _, step := range []func(context.Context) error{c.identify, c.look, c.missing, c.excess} {
		if err := step(ctx); err != nil {
			return Report{}, err
		}
	}
	c.report.Requests, c.report.Checked = c.asker.requests, time.Now()
	c.report.basis = c.basis()
	return c.report, nil
}

// Recheck is as Check, and takes few requests where nothing has changed since former:
// each request is an entry in the audit trail of the cluster.
func Recheck(ctx context.Context, server Server, needs Needs, former Report) (Report, error) {
	if former.basis == "" {
		return Check(ctx, server, needs)
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	c := &check{asker: newAsker(server), needs: needs, report: Report{Namespaces: former.Namespaces}}
	if err := c.read(ctx); err != nil {
		return Report{}, err
	}
	if c.basis() != former.basis {
		return Check(ctx, server, needs)
	}
	former.Requests, former.Checked = c.asker.requests, time.Now()
	return former, nil
}

// basis is what a report rests on: what is needed, and which rules hold. It is empty
// where these are not all known.
func (c *check) basis() string {
	if len(c.holes) > 0 {
		return ""
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%q\n", fmt.Sprint(c.needs))
	for _, rules := range c.rules {
		lines := make([]string, len(rules))
		for i, r := range rules {
			// The server gives both in any order.
			lines[i] = Rule{
				Groups: unique(r.Groups), Resources: unique(r.Resources), Names: unique(r.Names), Verbs: unique(r.Verbs),
				NonResourceURLs: unique(r.NonResourceURLs),
			}.String()
		}
		fmt.Fprintf(hash, "%q\n", unique(lines))
	}
	return string(hash.Sum(nil))
}

func (c *check) note(text string) {
	if !slices.Contains(c.report.Notes, text) {
		c.report.Notes = append(c.report.Notes, text)
	}
}

// identify asks who this is. Servers before Kubernetes 1.28 do not tell.
func (c *check) identify(ctx context.Context) error {
	in := authenticationv1.SelfSubjectReview{
		TypeMeta: metav1.TypeMeta{APIVersion: authenticationv1.SchemeGroupVersion.String(), Kind: "SelfSubjectReview"},
	}
	var out authenticationv1.SelfSubjectReview
	err := c.asker.review(ctx, authenticationGroup, "selfsubjectreviews", in, &out, maxReview)
	if _, unanswered := errors.AsType[*UnansweredError](err); unanswered {
		c.note("the server does not tell who this account is")
		return nil
	}
	if err != nil {
		return err
	}
	c.report.Identity.User = oneLine(out.Status.UserInfo.Username)
	for _, g := range out.Status.UserInfo.Groups[:min(len(out.Status.UserInfo.Groups), 50)] {
		c.report.Identity.Groups = append(c.report.Identity.Groups, oneLine(g))
	}
	return nil
}

// missing asks for what is needed: first whether all of it is there, then all of a
// group, and then right by right.
func (c *check) missing(ctx context.Context) error {
	var wanted []Right
	needs := c.needs.needs()
	for _, n := range needs {
		wanted = slices.Concat(append([][]Right{wanted}, n.any...)...)
	}
	unknown := func() (out []Right) {
		for _, r := range wanted {
			if _, known := c.asker.has(r); !known {
				out = append(out, r)
			}
		}
		return out
	}
	for _, widen := range []func([]Right) []Right{
		func([]Right) []Right { return []Right{everything} },
		func(rest []Right) []Right { return frequent(rest, func(r Right) Right { return wider(r)[1] }) },
		func(rest []Right) []Right { return frequent(rest, func(r Right) Right { return wider(r)[2] }) },
		func(rest []Right) []Right { return rest },
	} {
		err := c.asker.all(ctx, widen(unknown()))
		if errors.Is(err, errTooMany) {
			c.note("more rights are needed than are asked for: not all that is missing may be told")
			break
		}
		if err != nil {
			return err
		}
	}
	has := func(r Right) bool {
		has, known := c.asker.has(r)
		return has || !known
	}
	seen := map[Right]bool{}
	for _, n := range needs {
		for _, r := range lacking(n, has) {
			if seen[r] {
				continue
			}
			seen[r] = true
			c.report.Missing = append(c.report.Missing, Finding{
				Right: r, Why: n.why, Fix: "add to a role: " + rulesOf([]Right{r})[0].String(), Or: n.out,
			})
		}
	}
	slices.SortStableFunc(c.report.Missing, func(a, b Finding) int { return a.compare(b.Right) })
	return nil
}

// frequent returns the wider rights that stand for more than they cost.
func frequent(rights []Right, widen func(Right) Right) []Right {
	const worth = 4
	counts := map[Right]int{}
	for _, r := range rights {
		if r.Path == "" {
			counts[widen(r)]++
		}
	}
	var out []Right
	for _, r := range sortedRights(counts) {
		if counts[r] >= worth {
			out = append(out, r)
		}
	}
	return out
}

// excess asks for what must not be allowed.
func (c *check) excess(ctx context.Context) error {
	c.asker.most = maxRequests
	if has, _ := c.asker.has(everything); has {
		c.found(everything)
		return nil
	}
	suspects := c.suspects()
	questions := c.needs.questions(len(c.holes) > 0)
	for _, r := range suspects {
		r.Namespace = ""
		questions = append(questions, r)
	}
	if err := c.asker.all(ctx, questions); err != nil {
		return err
	}
	var there, elsewhere []Right
	for _, r := range questions {
		if has, _ := c.asker.has(r); has {
			there = append(there, r)
		}
	}
	// What is not allowed everywhere is where it was seen, and where a namespace does
	// not tell all, it is asked for there, too.
	for _, r := range suspects {
		if !slices.ContainsFunc(there, func(wide Right) bool { return wide.covers(r) }) {
			elsewhere = append(elsewhere, r)
		}
	}
	for _, ns := range c.holes {
		for _, r := range c.needs.questions(true) {
			if r.Path == "" {
				r.Namespace = ns
				elsewhere = append(elsewhere, c.needs.tooMuch(r)...)
			}
		}
	}
	err := c.asker.all(ctx, elsewhere)
	if err != nil && !errors.Is(err, errTooMany) {
		return err
	}
	for _, r := range elsewhere {
		if has, _ := c.asker.has(r); has {
			there = append(there, r)
		}
	}
	there = widest(there)
	slices.SortFunc(there, Right.compare)
	for _, r := range there[:min(len(there), maxRights)] {
		c.found(r)
	}
	return nil
}

// found tells of a right that is too much.
func (c *check) found(r Right) {
	f := Finding{Right: r, Why: harm(r), By: c.asker.answers[r].reason}
	f.Fix = "remove it from the role that grants it"
	if r == everything {
		f.Fix = "bind a role of its own to the plugin, which grants what it reads"
	}
	c.report.Excess = append(c.report.Excess, f)
}

// look chooses the namespaces whose rules are read, which are those that hold in the
// whole cluster, too, and reads them.
func (c *check) look(ctx context.Context) error {
	namespaces := slices.Concat([]event.Namespace{"default", identityNamespace}, c.needs.Namespaces)
	if account, ok := c.report.Identity.Account(); ok {
		namespaces = append([]event.Namespace{event.Namespace(account.Namespace)}, namespaces...)
	}
	if len(namespaces) > maxNamespaces {
		c.note("not all namespaces were looked at for roles that grant too much")
		namespaces = namespaces[:maxNamespaces]
	}
	c.report.Namespaces = slices.Compact(slices.Sorted(slices.Values(namespaces)))
	return c.read(ctx)
}

// read asks for the rules that hold in the report's namespaces.
func (c *check) read(ctx context.Context) error {
	namespaces := c.report.Namespaces
	c.rules = make([][]Rule, len(namespaces))
	holes := make([]bool, len(namespaces))
	err := parallel(ctx, len(namespaces), func(ctx context.Context, i int) (err error) {
		c.rules[i], holes[i], err = c.asker.rules(ctx, namespaces[i])
		return err
	})
	for i, ns := range namespaces {
		if holes[i] {
			c.holes = append(c.holes, ns)
			c.note("the server does not list all rights in namespace " + string(ns) + "; the dangerous ones were asked for one by one")
		}
	}
	return err
}

// suspects returns what the rules grant that must not be granted.
func (c *check) suspects() []Right {
	var out []Right
	looks := maxLooks
	for _, rules := range c.rules {
		var found []Right
		for _, rule := range rules {
			if found = append(found, c.needs.excess(rule, maxRights, &looks)...); len(found) >= maxRights {
				break
			}
		}
		out = append(out, widest(found[:min(len(found), maxRights)])...)
	}
	if looks <= 0 {
		c.note("the server lists more rights than are looked at: not all that is too much may be told")
	}
	return out[:min(len(out), maxRights)]
}

// rules asks for the rules that hold in a namespace, and says whether there may be
// more.
func (a *asker) rules(ctx context.Context, ns event.Namespace) (rules []Rule, incomplete bool, err error) {
	in := authorizationv1.SelfSubjectRulesReview{
		TypeMeta: metav1.TypeMeta{APIVersion: authorizationv1.SchemeGroupVersion.String(), Kind: "SelfSubjectRulesReview"},
		Spec:     authorizationv1.SelfSubjectRulesReviewSpec{Namespace: string(ns)},
	}
	a.mu.Lock()
	full := a.listed >= maxListed
	a.mu.Unlock()
	if full {
		return nil, true, nil
	}
	var out authorizationv1.SelfSubjectRulesReview
	err = a.review(ctx, authorizationGroup, "selfsubjectrulesreviews", in, &out, maxRules)
	if _, unanswered := errors.AsType[*UnansweredError](err); unanswered {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	for _, r := range out.Status.ResourceRules {
		rules = append(rules, Rule{Groups: r.APIGroups, Resources: r.Resources, Names: r.ResourceNames, Verbs: r.Verbs, Namespace: ns})
	}
	for _, r := range out.Status.NonResourceRules {
		rules = append(rules, Rule{NonResourceURLs: r.NonResourceURLs, Verbs: r.Verbs, Namespace: ns})
	}
	return rules, out.Status.Incomplete, nil
}
