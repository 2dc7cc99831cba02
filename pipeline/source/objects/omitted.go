package objects

import "github.com/fluent-live/live-status/pipeline/event"

// omitted are the kinds that are left out unless objects_include names them. They
// change all the time, or come and go with other objects, and nobody deploys
// them: watching them would cost more than all others together.
var omitted = map[event.GroupResource]string{
	{Resource: "events"}:                                                             "read by the events source",
	{Group: "events.k8s.io", Resource: "events"}:                                     "read by the events source",
	{Group: "coordination.k8s.io", Resource: "leases"}:                               "renewed every few seconds by every node and controller",
	{Group: "coordination.k8s.io", Resource: "leasecandidates"}:                      "renewed by every controller",
	{Resource: "endpoints"}:                                                          "change with every pod of their service",
	{Group: "discovery.k8s.io", Resource: "endpointslices"}:                          "change with every pod of their service",
	{Resource: "componentstatuses"}:                                                  "made up on every request, and deprecated",
	{Group: "metrics.k8s.io", Resource: "pods"}:                                      "measurements, made up on every request",
	{Group: "metrics.k8s.io", Resource: "nodes"}:                                     "measurements, made up on every request",
	{Group: "storage.k8s.io", Resource: "csistoragecapacities"}:                      "updated all the time by storage drivers",
	{Group: "certificates.k8s.io", Resource: "certificatesigningrequests"}:           "made and approved by nodes, and gone within the hour",
	{Group: "apps", Resource: "controllerrevisions"}:                                 "history of other objects",
	{Group: "flowcontrol.apiserver.k8s.io", Resource: "flowschemas"}:                 "the API server's own",
	{Group: "flowcontrol.apiserver.k8s.io", Resource: "prioritylevelconfigurations"}: "the API server's own",
	{Group: "networking.k8s.io", Resource: "ipaddresses"}:                            "one for each service, kept by the API server",
	{Group: "internal.apiserver.k8s.io", Resource: "storageversions"}:                "the API server's own",
	{Group: "apiserver.openshift.io", Resource: "apirequestcounts"}:                  "counters, one for each kind",
	{Group: "cilium.io", Resource: "ciliumendpoints"}:                                "one for each pod, kept by the network",
	{Group: "cilium.io", Resource: "ciliumidentities"}:                               "kept by the network",
	{Group: "wgpolicyk8s.io", Resource: "policyreports"}:                             "results of scans, one for each object",
	{Group: "wgpolicyk8s.io", Resource: "clusterpolicyreports"}:                      "results of scans",
	{Group: "reports.kyverno.io", Resource: "ephemeralreports"}:                      "results of scans, one for each object",
	{Group: "reports.kyverno.io", Resource: "clusterephemeralreports"}:               "results of scans",
}

// successors are the groups that serve the objects of an older group under the
// same plural, the one to be preferred first. Watching both would tell every
// object twice.
var successors = map[string][]string{
	"":           {"events.k8s.io"},
	"extensions": {"apps", "networking.k8s.io", "policy"},
}

// successorOf says which resources a successor serves; those of other names are
// different objects.
var successorOf = map[event.GroupResource]bool{
	{Group: "events.k8s.io", Resource: "events"}:              true,
	{Group: "apps", Resource: "daemonsets"}:                   true,
	{Group: "apps", Resource: "deployments"}:                  true,
	{Group: "apps", Resource: "replicasets"}:                  true,
	{Group: "networking.k8s.io", Resource: "ingresses"}:       true,
	{Group: "networking.k8s.io", Resource: "networkpolicies"}: true,
	{Group: "policy", Resource: "podsecuritypolicies"}:        true,
}
