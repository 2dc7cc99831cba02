package correlate

import (
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Kinds whose owner is told by something else than an owner reference.
var (
	kindClaim       = event.GroupKind{Kind: "PersistentVolumeClaim"}
	kindVolume      = event.GroupKind{Kind: "PersistentVolume"}
	kindAttachment  = event.GroupKind{Group: "storage.k8s.io", Kind: "VolumeAttachment"}
	kindAutoscaler  = event.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}
	kindEndpoints   = event.GroupKind{Kind: "Endpoints"}
	kindSlice       = event.GroupKind{Group: "discovery.k8s.io", Kind: "EndpointSlice"}
	kindSecret      = event.GroupKind{Kind: "Secret"}
	kindStatefulSet = event.GroupKind{Group: "apps", Kind: "StatefulSet"}
	kindService     = event.GroupKind{Kind: "Service"}
	kindAccount     = event.GroupKind{Kind: "ServiceAccount"}
)

const (
	labelServiceName         = "kubernetes.io/service-name"
	annotationServiceAccount = "kubernetes.io/service-account.name"
)

// sliceSuffix is what the name of an EndpointSlice has after that of its
// Service: a dash and five characters.
const sliceSuffix = 6

// climbImplied is climb for an object without owner references. n is nil if only
// ref is known of it.
func (ix *Index) climbImplied(s *search, n *node, ref *event.ObjectRef) bool {
	switch (event.GroupKind{Group: groupOf(ref.APIVersion), Kind: ref.Kind}) {
	case kindVolume, kindAutoscaler, kindAttachment:
		if n == nil || n.extra == nil || n.extra.target.IsZero() {
			return false
		}
		target := n.extra.target
		r := ix.resolve(&target)
		switch {
		case r.node != nil:
			return s.climbTo(r.node)
		case r.foreign:
			return false
		}
		ix.addUnknown(s, &target)
		return true
	case kindClaim:
		return ix.climbNamed(s, kindStatefulSet, ref.Namespace, func(sets *kind) *node { return setOfClaim(sets, ref) })
	case kindEndpoints:
		return ix.climbNamed(s, kindService, ref.Namespace, func(k *kind) *node { return k.find(ref.Namespace, ref.Name) })
	case kindSlice:
		name := ""
		if n != nil {
			name, _ = n.labels.Get(labelServiceName)
		} else if i := len(ref.Name) - sliceSuffix; i > 0 && ref.Name[i] == '-' {
			name = ref.Name[:i]
		}
		return name != "" && ix.climbNamed(s, kindService, ref.Namespace, func(k *kind) *node { return k.find(ref.Namespace, name) })
	case kindSecret:
		if n == nil {
			return false
		}
		name, _ := n.notes.Get(annotationServiceAccount)
		return name != "" && ix.climbNamed(s, kindAccount, ref.Namespace, func(k *kind) *node { return k.find(ref.Namespace, name) })
	}
	return false
}

// climbNamed adds an owner that is only thought to exist. It is waited for until
// the objects of its kind are known, and not longer.
func (ix *Index) climbNamed(s *search, of event.GroupKind, in event.Namespace, find func(*kind) *node) bool {
	k := ix.kinds.byKind[of]
	if k == nil {
		return false
	}
	if up := find(k); up != nil {
		return s.climbTo(up)
	}
	if ix.isWatched(k, in) && !k.listed {
		s.missing(want{kind: of}, true)
	}
	return false
}

// setOfClaim returns the StatefulSet that made a claim: those are called
// <template>-<set>-<ordinal>, where any part may have dashes of its own.
func setOfClaim(sets *kind, claim *event.ObjectRef) *node {
	i := strings.LastIndexByte(claim.Name, '-')
	if i < 0 || !isOrdinal(claim.Name[i+1:]) {
		return nil
	}
	name := claim.Name[:i]
	for at := range len(name) {
		if name[at] != '-' {
			continue
		}
		n := sets.find(claim.Namespace, name[at+1:])
		if n != nil && n.extra != nil && slices.Contains(n.extra.templates, name[:at]) {
			return n
		}
	}
	return nil
}

func isOrdinal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
