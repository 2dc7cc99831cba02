package pipeline

import (
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/fluent-live/live-status/pipeline/event"
)

// clusterScoped are the built-in kinds that have no namespace (`kubectl api-resources
// --namespaced=false`). The types of client-go do not tell.
const clusterScoped = " APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding ClusterTrustBundle" +
	" ComponentStatus CustomResourceDefinition DeviceClass DeviceTaintRule FlowSchema IPAddress IngressClass" +
	" MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node PersistentVolume" +
	" PriorityClass PriorityLevelConfiguration ResourceSlice RuntimeClass SelfSubjectAccessReview SelfSubjectReview" +
	" SelfSubjectRulesReview ServiceCIDR StorageClass StorageVersion StorageVersionMigration SubjectAccessReview TokenReview" +
	" ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment" +
	" VolumeAttributesClass "

// builtinKinds returns the kinds that every cluster serves, at the version that is
// preferred there, for where no cluster can be asked.
func builtinKinds() map[event.GroupKind]event.ServedKind {
	kinds := map[event.GroupKind]event.ServedKind{}
	add := func(gvk schema.GroupVersionKind) {
		plural, _ := meta.UnsafeGuessKindToResource(gvk)
		r := event.APIResource{
			Group: gvk.Group, Version: gvk.Version, Resource: plural.Resource, Kind: gvk.Kind,
			Namespaced: !strings.Contains(clusterScoped, " "+gvk.Kind+" "),
		}
		// A cluster prefers the stable and the newest, and so are versions ordered.
		if former, ok := kinds[r.GroupKind()]; !ok || version.CompareKubeAwareVersionStrings(r.Version, former.Version) > 0 {
			kinds[r.GroupKind()] = event.ServedKind{APIResource: r}
		}
	}
	object := reflect.TypeFor[metav1.ObjectMetaAccessor]()
	for _, gv := range scheme.Scheme.PrioritizedVersionsAllGroups() {
		for kind, typ := range scheme.Scheme.KnownTypes(gv) {
			if reflect.PointerTo(typ).Implements(object) && !strings.HasSuffix(kind, "List") {
				add(gv.WithKind(kind))
			}
		}
	}
	add(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	add(schema.GroupVersionKind{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"})
	return kinds
}
