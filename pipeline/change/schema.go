package change

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// form is the kind of merge for which a list's key is asked.
type form uint8

const (
	// mergeForm is a merge patch, which replaces lists, or one that may be.
	mergeForm form = iota
	// strategicForm is a strategic merge patch. Which lists it merges is told by
	// the patchStrategy and patchMergeKey tags of the Go types in k8s.io/api.
	strategicForm
	// applyForm is a server-side apply. Which lists it merges is told by the
	// listType and listMapKey markers of the same types.
	applyForm
	// updateForm compares two objects: lists whose elements have a name in
	// either of the above.
	updateForm
)

// schema is what is known of the types of an object's fields. It knows the
// lists of k8s.io/api v0.37 that are merged; of custom resources it knows
// metadata only, and that conditions differ by type.
type schema struct {
	form form
	// resource is empty for subresources that are objects of their own.
	resource string
	core     bool
	// builtin is set if the API server has a Go type for the object.
	builtin bool
}

func schemaOf(o event.ObjectRef, f form) schema {
	group := apiGroup(o.APIVersion)
	s := schema{form: f, resource: o.Resource, core: group == "", builtin: builtinGroup(group)}
	if !wholeObject(o.Subresource) {
		s.resource = ""
	}
	return s
}

// wholeObject reports whether the bodies of a subresource are the object, not
// one of another kind.
func wholeObject(subresource string) bool {
	switch subresource {
	case "", "status", "ephemeralcontainers", "resize", "finalize", "approval":
		return true
	}
	return false
}

// apiGroup returns the group of an apiVersion, empty for the core group.
func apiGroup(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// builtinGroup reports whether a group is one of those that the API server
// itself serves.
func builtinGroup(group string) bool {
	switch group {
	case "", "apps", "autoscaling", "batch", "extensions", "policy",
		"admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io",
		"authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io",
		"discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io",
		"networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io",
		"scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io":
		return true
	}
	return false
}

// customGroup reports whether the objects of a group are custom resources, which
// have no strategic merge patch. Groups without a dot and those of Kubernetes
// itself may be served by other API servers that have one.
func customGroup(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}

// field is a member of an object, or an element of the list that it is.
type field struct {
	name    []byte
	element bool
}

// mergeKey returns the key by which the elements of a list are told apart that
// is the member name of the object at parent; empty if it has none.
func (s *schema) mergeKey(parent field, name []byte) string {
	if s.form == mergeForm {
		return ""
	}
	in := string(parent.name)
	switch {
	case in == "metadata" && string(name) == "ownerReferences":
		return "uid"
	case in == "status" && string(name) == "conditions":
		return s.conditions()
	case !s.builtin || s.resource == "":
		return ""
	}
	switch in {
	case "":
		return s.rootKey(string(name))
	case "spec":
		return s.specKey(string(name))
	case "status":
		return s.statusKey(string(name))
	case "containers", "initContainers", "ephemeralContainers":
		return containerKey(string(name))
	case "resources":
		if string(name) == "claims" && s.form != strategicForm {
			return "name"
		}
	case "webhooks":
		if string(name) == "matchConditions" {
			return "name"
		}
	}
	return ""
}

// conditions are merged nearly everywhere. Of custom resources only their own
// schema knows it.
func (s *schema) conditions() string {
	switch s.form {
	case updateForm:
		return "type"
	case strategicForm:
		switch s.resource {
		case "certificatesigningrequests", "storageversions", "validatingadmissionpolicies", "customresourcedefinitions":
			return ""
		}
	case applyForm:
		if s.resource == "jobs" {
			return ""
		}
	case mergeForm:
		return ""
	}
	if s.builtin && s.resource != "" {
		return "type"
	}
	return ""
}

func (s *schema) rootKey(name string) string {
	switch {
	case name == "secrets" && s.resource == "serviceaccounts":
		return "name"
	case name == "imagePullSecrets" && s.resource == "serviceaccounts" && s.form == updateForm:
		return "name"
	case name == "webhooks" && strings.HasSuffix(s.resource, "webhookconfigurations"):
		return "name"
	}
	return ""
}

// specKey is about spec and template.spec; PodSpec's lists are in both.
func (s *schema) specKey(name string) string {
	switch name {
	case "containers", "initContainers", "ephemeralContainers", "volumes", "imagePullSecrets",
		"schedulingGates", "resourceClaims":
		return "name"
	case "hostAliases":
		return "ip"
	case "topologySpreadConstraints":
		return "topologyKey"
	case "ports":
		if s.core && s.resource == "services" {
			return "port"
		}
	case "drivers":
		if s.resource == "csinodes" {
			return "name"
		}
	case "matchConditions":
		if strings.HasSuffix(s.resource, "admissionpolicies") {
			return "name"
		}
	case "variables":
		if s.resource == "validatingadmissionpolicies" {
			return "name"
		}
	}
	return ""
}

func (s *schema) statusKey(name string) string {
	switch name {
	case "podIPs":
		return "ip"
	case "hostIPs":
		if s.form != applyForm {
			return "ip"
		}
	case "resourceClaimStatuses":
		return "name"
	case "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses":
		if s.form == updateForm {
			return "name"
		}
	case "addresses":
		if s.core && s.resource == "nodes" {
			return "type"
		}
	case "reservedFor":
		if s.resource == "resourceclaims" {
			return "uid"
		}
	}
	return ""
}

func containerKey(name string) string {
	switch name {
	case "ports":
		return "containerPort"
	case "env":
		return "name"
	case "volumeMounts":
		return "mountPath"
	case "volumeDevices":
		return "devicePath"
	}
	return ""
}

// hasKeys reports whether the members of an object are no fields but keys that
// users choose, which stand in brackets.
func (s *schema) hasKeys(f field) bool {
	if f.element {
		return false
	}
	switch string(f.name) {
	case "labels", "annotations", "matchLabels", "nodeSelector", "data", "binaryData", "stringData",
		"limits", "requests", "capacity", "allocatable", "hard", "used", "overhead", "allocatedResources",
		"volumeAttributes":
		return true
	case "selector":
		return s.core && (s.resource == "services" || s.resource == "replicationcontrollers")
	case "parameters":
		return s.resource == "storageclasses"
	}
	return false
}

// identity reports whether a member names the object rather than being a part
// of it, or is kept by the server: what a client sends there changes nothing,
// or is compared with what is there. Depth 0 is the object itself and 1 its
// metadata.
func identity(depth int, name []byte) bool {
	switch string(name) {
	case "apiVersion", "kind":
		return depth == 0
	case "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields":
		return depth == 1
	}
	return false
}
