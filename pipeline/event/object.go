package event

// UID is the identity that the API server gave an object.
type UID string

// Namespace is a Kubernetes namespace; empty for cluster-scoped objects.
type Namespace string

// ObjectRef names a Kubernetes object. Fields that the source did not tell
// are empty.
type ObjectRef struct {
	APIVersion string
	Kind       string
	// Resource is the plural name in the API's paths, and Subresource the part
	// of the object that was asked for: pods and exec.
	Resource        string
	Subresource     string
	Namespace       Namespace
	Name            string
	UID             UID
	ResourceVersion ResourceVersion
	// FieldPath is the part of the object that is meant, for example
	// spec.containers{app}.
	FieldPath string
}

// IsZero reports whether the reference names nothing.
func (r ObjectRef) IsZero() bool { return r == ObjectRef{} }
