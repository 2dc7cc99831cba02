package health

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The reasons of what the API has no word for.
const (
	// ReasonUnsupportedVersion is that of an object in a version of its kind to
	// which the rules were never said to apply.
	ReasonUnsupportedVersion = "UnsupportedVersion"
	// ReasonMalformed is that of an object with a field of the wrong type.
	ReasonMalformed = "Malformed"
	// ReasonTerminating is that of an object whose deletion was asked for, in
	// kubectl's word.
	ReasonTerminating = "Terminating"
)

// rule is what is known of a kind.
type rule struct {
	// versions are those to which the rule applies.
	versions []string
	assess   func(*object) event.Assessment
}

// rules holds what the package knows; nothing writes to it.
var rules = map[event.GroupKind]rule{
	{Group: "apps", Kind: "Deployment"}:  {[]string{"v1"}, deployment},
	{Group: "apps", Kind: "StatefulSet"}: {[]string{"v1"}, statefulSet},
	{Group: "apps", Kind: "DaemonSet"}:   {[]string{"v1"}, daemonSet},
	{Group: "apps", Kind: "ReplicaSet"}:  {[]string{"v1"}, replicaSet},

	{Kind: "Pod"}:                   {[]string{"v1"}, pod},
	{Kind: "Service"}:               {[]string{"v1"}, service},
	{Kind: "PersistentVolumeClaim"}: {[]string{"v1"}, persistentVolumeClaim},
	{Kind: "Namespace"}:             {[]string{"v1"}, namespace},

	{Group: "batch", Kind: "Job"}:     {[]string{"v1"}, job},
	{Group: "batch", Kind: "CronJob"}: {[]string{"v1", "v1beta1", "v2alpha1"}, cronJob},

	{Group: "networking.k8s.io", Kind: "Ingress"}: {[]string{"v1", "v1beta1"}, ingress},
	{Group: "extensions", Kind: "Ingress"}:        {[]string{"v1beta1"}, ingress},

	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}: {
		[]string{"v2", "v2beta2", "v2beta1", "v1"}, horizontalPodAutoscaler,
	},
	{Group: "policy", Kind: "PodDisruptionBudget"}: {[]string{"v1", "v1beta1"}, podDisruptionBudget},

	{Group: "apiregistration.k8s.io", Kind: "APIService"}: {[]string{"v1", "v1beta1"}, apiService},
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: {
		[]string{"v1", "v1beta1"}, customResourceDefinition,
	},

	{Group: "argoproj.io", Kind: "Workflow"}: {[]string{"v1", "v1beta1", "v1alpha1"}, workflow},

	{Group: gatewayGroup, Kind: "Gateway"}:          {gatewayVersions, gateway},
	{Group: gatewayGroup, Kind: "ListenerSet"}:      {gatewayVersions, gateway},
	{Group: gatewayXGroup, Kind: "XListenerSet"}:    {gatewayVersions, gateway},
	{Group: gatewayGroup, Kind: "GatewayClass"}:     {gatewayVersions, gatewayClass},
	{Group: gatewayGroup, Kind: "HTTPRoute"}:        {gatewayVersions, route},
	{Group: gatewayGroup, Kind: "TCPRoute"}:         {gatewayVersions, route},
	{Group: gatewayGroup, Kind: "TLSRoute"}:         {gatewayVersions, route},
	{Group: gatewayGroup, Kind: "UDPRoute"}:         {gatewayVersions, route},
	{Group: gatewayGroup, Kind: "GRPCRoute"}:        {gatewayVersions, grpcRoute},
	{Group: gatewayGroup, Kind: "BackendTLSPolicy"}: {gatewayVersions, backendTLSPolicy},
}

// Kinds returns the kinds that have a rule, ordered by group and kind.
func Kinds() []event.GroupKind {
	return slices.SortedFunc(maps.Keys(rules), func(a, b event.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
}

// Assess returns the health of obj, and whether its kind has a rule here. It
// does not look at whether obj is being deleted; Deleting does.
//
// An object in a version that no rule was made for is Unknown, and so is one
// with a field of the wrong type. HealthNone with true is a kind that is known
// to have no health at this time, such as a Namespace that is not going away.
func Assess(obj *unstructured.Unstructured) (event.Assessment, bool) {
	if obj == nil || obj.Object == nil {
		return event.Assessment{}, false
	}
	kind, ok := obj.Object["kind"].(string)
	if !ok {
		return event.Assessment{}, false
	}
	apiVersion, ok := obj.Object["apiVersion"].(string)
	if !ok {
		return event.Assessment{}, false
	}
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "", apiVersion
	}
	r, ok := rules[event.GroupKind{Group: group, Kind: kind}]
	if !ok {
		return event.Assessment{}, false
	}
	if !slices.Contains(r.versions, version) {
		return event.Assessment{
			Health: event.HealthUnknown,
			Reason: ReasonUnsupportedVersion,
			Message: "no health rule for this version of " + kind + ", only for " +
				strings.Join(r.versions, ", "),
		}, true
	}
	o := &object{root: obj.Object}
	a := r.assess(o)
	if o.malformed != "" {
		return event.Assessment{
			Health:  event.HealthUnknown,
			Reason:  ReasonMalformed,
			Message: o.malformed + " is not of the type that the API says",
		}, true
	}
	return a, true
}
