package correlate

import (
	"cmp"
	"strings"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Claims beyond these numbers are left out.
const (
	// MaxClaimed is how many objects one claimer may claim, and maxClaimed how
	// many all of them. Those in one namespace may claim no more than they leave
	// to others, so that a tenant cannot use up what all have.
	MaxClaimed = 20_000
	maxClaimed = 500_000
	// maxClaimers is how many may claim the same object. The best ones stay.
	maxClaimers = 16
)

// claimer is what says that objects are an application's: a release Secret, an
// Application.
type claimer struct {
	event.GroupKind
	namespace event.Namespace
	name      string
}

func newClaimer(by event.ObjectRef) claimer {
	return claimer{
		GroupKind: event.GroupKind{Group: groupOf(by.APIVersion), Kind: by.Kind},
		namespace: by.Namespace, name: by.Name,
	}
}

// claimedKind is the kind of an object that is claimed, and by which tool.
type claimedKind struct {
	tool event.Tool
	kind event.GroupKind
}

type claimKey struct {
	what unique.Handle[claimedKind]
	place
}

// claim is what one claimer says.
type claim struct {
	by  claimer
	app event.Application
	// number is higher the later the claim was made.
	number  uint64
	objects []claimKey
	// unsettled is set while it is not known of all objects whether they are in a
	// namespace: what a chart renders does not tell.
	unsettled bool
}

// link is one of the claims to an object.
type link struct {
	*claim
	next *link
}

type claims struct {
	by      map[claimer]*claim
	objects map[claimKey]*link
	// total is how many objects are claimed, as often as they are.
	total int
	// in is how many are by claimers in a namespace.
	in     map[event.Namespace]int
	number uint64
}

func newClaims() claims {
	return claims{by: map[claimer]*claim{}, objects: map[claimKey]*link{}, in: map[event.Namespace]int{}}
}

// Claim tells that by, which is what a tool keeps of an application, says that
// the objects are the application's. It replaces what by said before. Of several
// claims to one object the one from the object's own namespace is heard first; of
// those of the same application the latest; else the one whose application comes
// first by namespace and name.
//
// It returns what by claimed before, as far as the kinds are served.
func (ix *Index) Claim(by event.ObjectRef, app event.Application, objects []event.ObjectRef) []event.ObjectRef {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	s, key := &ix.claims, newClaimer(by)
	former := ix.claimedBy(key)
	s.drop(key)
	key.Group, key.Kind = strings.Clone(key.Group), strings.Clone(key.Kind)
	key.namespace, key.name = event.Namespace(strings.Clone(string(key.namespace))), strings.Clone(key.name)
	s.number++
	c := &claim{by: key, app: cloneApplication(app), number: s.number}
	s.by[key] = c
	for i := range objects {
		if i == MaxClaimed || s.in[c.by.namespace] >= maxClaimed-s.total {
			break
		}
		s.add(c, &objects[i], &ix.kinds)
	}
	return former
}

// Unclaim takes back what by said, and returns it.
func (ix *Index) Unclaim(by event.ObjectRef) []event.ObjectRef {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	former := ix.claimedBy(newClaimer(by))
	ix.claims.drop(newClaimer(by))
	return former
}

// claimedBy returns what by claims.
func (ix *Index) claimedBy(by claimer) []event.ObjectRef {
	c := ix.claims.by[by]
	if c == nil {
		return nil
	}
	refs := make([]event.ObjectRef, 0, len(c.objects))
	for _, key := range c.objects {
		if k := ix.kinds.byKind[key.what.Value().kind]; k != nil {
			refs = append(refs, event.ObjectRef{
				APIVersion: k.apiVersion, Kind: k.name, Resource: k.resource, Namespace: event.Namespace(key.namespace.Value()), Name: key.name,
			})
		}
	}
	return refs
}

func (s *claims) add(c *claim, object *event.ObjectRef, kinds *kinds) {
	gk := event.GroupKind{Group: groupOf(object.APIVersion), Kind: object.Kind}
	if gk.Kind == "" || object.Name == "" {
		return
	}
	namespace := object.Namespace
	if k := kinds.byKind[gk]; k == nil || !k.served {
		c.unsettled = true
	} else if !k.namespaced {
		if namespace != "" && c.isConfined() {
			return
		}
		namespace = ""
	}
	key := claimKey{unique.Make(claimedKind{c.app.Tool, gk}), place{unique.Make(string(namespace)), strings.Clone(object.Name)}}
	if s.link(key, c) {
		c.objects = append(c.objects, key)
	}
}

// link adds a claim to those to an object, unless there are better ones enough.
func (s *claims) link(key claimKey, c *claim) bool {
	in, n := key.namespace.Value(), 0
	var worst *link
	for l := s.objects[key]; l != nil; l = l.next {
		if l.claim == c {
			return false
		}
		if n++; worst == nil || worst.isBetter(l.claim, in) {
			worst = l
		}
	}
	if n == maxClaimers {
		if !c.isBetter(worst.claim, in) {
			return false
		}
		// The other keeps the key; to drop it then finds nothing.
		s.count(worst.claim, -1)
		worst.claim = c
		s.count(c, 1)
		return true
	}
	s.objects[key] = &link{c, s.objects[key]}
	s.count(c, 1)
	return true
}

func (s *claims) count(c *claim, n int) {
	s.total += n
	if s.in[c.by.namespace] += n; s.in[c.by.namespace] == 0 {
		delete(s.in, c.by.namespace)
	}
}

func (s *claims) unlink(key claimKey, c *claim) {
	var before *link
	for l := s.objects[key]; l != nil; before, l = l, l.next {
		if l.claim != c {
			continue
		}
		s.count(c, -1)
		switch {
		case before != nil:
			before.next = l.next
		case l.next != nil:
			s.objects[key] = l.next
		default:
			delete(s.objects, key)
		}
		return
	}
}

func (s *claims) drop(by claimer) {
	c := s.by[by]
	if c == nil {
		return
	}
	delete(s.by, by)
	for _, key := range c.objects {
		s.unlink(key, c)
	}
}

// settle corrects the namespaces of objects whose kind has become known.
func (s *claims) settle(kinds *kinds) {
	for _, c := range s.by {
		if !c.unsettled {
			continue
		}
		c.unsettled = false
		nowhere := unique.Make("")
		kept := c.objects[:0]
		for _, key := range c.objects {
			k := kinds.byKind[key.what.Value().kind]
			switch {
			case k == nil || !k.served:
				c.unsettled = true
			case !k.namespaced && key.namespace != nowhere:
				s.unlink(key, c)
				if key.namespace = nowhere; c.isConfined() || !s.link(key, c) {
					continue
				}
			}
			kept = append(kept, key)
		}
		c.objects = kept
	}
}

// isConfined reports whether the claim is heard of objects in a namespace only.
// Helm's releases are Secrets, which tenants may write in their own; what has no
// namespace is everybody's. It bears Helm's annotations.
func (c *claim) isConfined() bool { return c.app.Tool == event.ToolHelm }

// find returns the claim to an object that is heard.
func (s *claims) find(tool event.Tool, object *event.ObjectRef) *claim {
	if len(s.objects) == 0 {
		return nil
	}
	kind := event.GroupKind{Group: groupOf(object.APIVersion), Kind: object.Kind}
	var best *claim
	for l := s.objects[claimKey{unique.Make(claimedKind{tool, kind}), place{unique.Make(string(object.Namespace)), object.Name}}]; l != nil; l = l.next {
		if best == nil || l.isBetter(best, string(object.Namespace)) {
			best = l.claim
		}
	}
	return best
}

// isBetter reports whether a claim to an object in a namespace is heard rather
// than another.
func (c *claim) isBetter(o *claim, namespace string) bool {
	if near := string(c.by.namespace) == namespace; near != (string(o.by.namespace) == namespace) {
		return near
	}
	if c.app.Key() == o.app.Key() {
		return c.number > o.number
	}
	return cmp.Or(
		cmp.Compare(c.app.Namespace, o.app.Namespace),
		strings.Compare(c.app.Name, o.app.Name),
		cmp.Compare(c.by.namespace, o.by.namespace),
		strings.Compare(c.by.name, o.by.name),
		strings.Compare(c.by.Kind, o.by.Kind),
	) < 0
}

// cloneApplication copies the texts: they may be parts of something large.
func cloneApplication(a event.Application) event.Application {
	for _, s := range []*string{
		&a.Name, (*string)(&a.Namespace), &a.Version, &a.Chart, &a.Environment, &a.Tenant,
		&a.DeploymentID, &a.RunbookRunID, &a.StepID, &a.ActionID,
	} {
		*s = strings.Clone(*s)
	}
	a.Via = event.Via{}
	return a
}
