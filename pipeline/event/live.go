package event

import "time"

// Live is what is kept of a live object: who it is, whom it belongs to, and the
// metadata that rules read. It is never the object itself.
type Live struct {
	// Ref has APIVersion, Kind, Resource, Namespace, Name, UID and
	// ResourceVersion.
	Ref    ObjectRef
	Owners []Owner
	// Labels are all of the object's, ordered by key, each key once.
	Labels []Label
	// Annotations are those that rules read, likewise.
	Annotations []Label
	// Applied is set where the object bears what kubectl last applied.
	Applied bool
	// Deleting is set once the object's deletion was asked for.
	Deleting bool
	Created  time.Time

	// Target is what the object stands for where Kubernetes says it in the spec:
	// the claim of a PersistentVolume, what a HorizontalPodAutoscaler scales.
	Target ObjectRef
	// ClaimTemplates are the names of a StatefulSet's volumeClaimTemplates.
	ClaimTemplates []string
	// Selection is what an Application of app.k8s.io consists of; nil for others.
	Selection *Selection
}

// Label is a label or an annotation.
type Label struct{ Key, Value string }

// Owner is one of an object's metadata.ownerReferences.
type Owner struct {
	APIVersion string
	Kind       string
	Name       string
	UID        UID
	// Controller is set on the one owner that manages the object.
	Controller bool
}

// Selection is the spec of an Application of app.k8s.io/v1beta1 as far as it
// says which objects belong to it: those of the same namespace that are of one of
// the kinds and match the selector.
type Selection struct {
	// Kinds is empty for all.
	Kinds []GroupKind
	// Selector is in the notation of `kubectl --selector`.
	Selector string
}

// GroupKind names a kind of objects regardless of its version.
type GroupKind struct{ Group, Kind string }

// GroupResource names a kind of objects by its plural: deployments of apps.
type GroupResource struct{ Group, Resource string }

// String returns the notation of kubectl: pods, deployments.apps.
func (r GroupResource) String() string {
	if r.Group == "" {
		return r.Resource
	}
	return r.Resource + "." + r.Group
}

// APIResource is a kind that the API server serves, at its preferred version.
type APIResource struct {
	Group, Version, Resource, Kind string
	Namespaced                     bool
}

// GroupKind returns the resource's kind.
func (r APIResource) GroupKind() GroupKind { return GroupKind{Group: r.Group, Kind: r.Kind} }

// GroupResource returns the resource's name.
func (r APIResource) GroupResource() GroupResource {
	return GroupResource{Group: r.Group, Resource: r.Resource}
}

// APIVersion returns group and version as objects bear them: v1, apps/v1.
func (r APIResource) APIVersion() string {
	if r.Group == "" {
		return r.Version
	}
	return r.Group + "/" + r.Version
}

// ServedKind is a kind that the API server serves.
type ServedKind struct {
	APIResource
	// Watched is unset for kinds that are left out by the configuration or that
	// cannot be watched at all.
	Watched bool
}
