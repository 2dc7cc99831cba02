package deployment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/event"
)

// claims gathers the objects that an application consists of.
type claims struct {
	refs []event.ObjectRef
	// beyond is how many there are beyond the bound, and unread how many were
	// named in a way that is none.
	beyond, unread int64
	// names shares the strings of which there are few.
	names map[string]string
}

// add takes an object. Its strings may belong to a larger text.
func (c *claims) add(ref event.ObjectRef) {
	switch {
	case !isAPIVersion(ref.APIVersion) || !isKind(ref.Kind) || !isName(ref.Name) || !isNamespace(string(ref.Namespace)):
		c.unread++
	case len(c.refs) >= maxClaims:
		c.beyond++
	default:
		ref.APIVersion = c.share(ref.APIVersion)
		ref.Kind = c.share(ref.Kind)
		ref.Namespace = event.Namespace(c.share(string(ref.Namespace)))
		ref.Name = strings.Clone(ref.Name)
		c.refs = append(c.refs, ref)
	}
}

func (c *claims) share(s string) string {
	if known, ok := c.names[s]; ok {
		return known
	}
	if c.names == nil {
		c.names = make(map[string]string)
	}
	s = strings.Clone(s)
	c.names[s] = s
	return s
}

// The API's own limits. What exceeds them names no object.
const (
	maxName      = 253
	maxKind      = 63
	maxNamespace = 63
)

func isName(s string) bool {
	if s == "" || len(s) > maxName || !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r == '/' || r == '%' || !unicode.IsPrint(r) }) < 0
}

func isKind(s string) bool { return s != "" && len(s) <= maxKind && isASCII(s, "") }

func isAPIVersion(s string) bool {
	return s != "" && len(s) <= maxName+maxKind && isASCII(s, ".-/") && strings.Count(s, "/") <= 1
}

// isNamespace is true of the empty one, too.
func isNamespace(s string) bool { return len(s) <= maxNamespace && isASCII(s, "-") }

// isASCII reports whether s is made of letters, digits and others.
func isASCII(s, others string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(others, c) < 0:
			return false
		}
	}
	return true
}

// isClusterScoped reports whether a kind is one of Kubernetes' own whose objects
// have no namespace.
func isClusterScoped(apiVersion, kind string) bool {
	switch groupOf(apiVersion) {
	case "":
		return kind == "Namespace" || kind == "Node" || kind == "PersistentVolume"
	case "rbac.authorization.k8s.io":
		return kind == "ClusterRole" || kind == "ClusterRoleBinding"
	case "storage.k8s.io":
		return kind != "CSIStorageCapacity"
	case "resource.k8s.io":
		return kind != "ResourceClaim" && kind != "ResourceClaimTemplate"
	case "networking.k8s.io":
		return kind != "Ingress" && kind != "NetworkPolicy"
	case "apiextensions.k8s.io", "apiregistration.k8s.io", "admissionregistration.k8s.io", "certificates.k8s.io",
		"flowcontrol.apiserver.k8s.io", "node.k8s.io", "scheduling.k8s.io":
		return true
	default:
		return false
	}
}
