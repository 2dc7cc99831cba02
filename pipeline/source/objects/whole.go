package objects

import "github.com/fluent-live/live-status/pipeline/event"

// whole are the kinds that are read with spec and status, because their health
// shows there. All others are read with their metadata only, unless
// Options.Yields wants them whole.
var whole = map[event.GroupKind]bool{
	{Kind: "Namespace"}:             true,
	{Kind: "PersistentVolume"}:      true,
	{Kind: "PersistentVolumeClaim"}: true,
	{Kind: "Pod"}:                   true,
	{Kind: "Service"}:               true,

	{Group: "apps", Kind: "DaemonSet"}:   true,
	{Group: "apps", Kind: "Deployment"}:  true,
	{Group: "apps", Kind: "ReplicaSet"}:  true,
	{Group: "apps", Kind: "StatefulSet"}: true,

	{Group: "batch", Kind: "CronJob"}: true,
	{Group: "batch", Kind: "Job"}:     true,

	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:           true,
	{Group: "networking.k8s.io", Kind: "Ingress"}:                     true,
	{Group: "policy", Kind: "PodDisruptionBudget"}:                    true,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: true,
	{Group: "apiregistration.k8s.io", Kind: "APIService"}:             true,

	{Group: "argoproj.io", Kind: "Workflow"}: true,
	// The selector of an Application says which objects belong to it.
	{Group: "app.k8s.io", Kind: "Application"}: true,
}

// wholeGroups are the groups of which every kind is read whole.
var wholeGroups = map[string]bool{
	"gateway.networking.k8s.io": true,
}

// whole reports whether objects of a kind are read with spec and status.
func (s *Source) whole(r event.APIResource) bool {
	return whole[r.GroupKind()] || wholeGroups[r.Group] || s.opts.Yields(r)
}

// defining reports whether the objects of a kind say which kinds there are.
func defining(r event.GroupResource) bool {
	return r == event.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"} ||
		r == event.GroupResource{Group: "apiregistration.k8s.io", Resource: "apiservices"}
}
