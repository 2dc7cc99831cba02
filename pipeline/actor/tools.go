package actor

import (
	"slices"
	"strings"
)

// tool is a program that is known.
type tool struct {
	// tool is its name in records.
	tool string
	// deploys is set for those that deploy applications. The others are clients
	// and libraries that anyone uses.
	deploys bool
}

// known is a name by which a tool is known.
type known struct {
	name string
	tool
}

// The names of tools in records.
const (
	toolControllerManager = "kube-controller-manager"

	toolArgoCD    = "argocd"
	toolFlux      = "flux"
	toolHelm      = "helm"
	toolOctopus   = "octopus"
	toolKapp      = "kapp"
	toolKubeVela  = "kubevela"
	toolTerraform = "terraform"
	toolPulumi    = "pulumi"
	toolAnsible   = "ansible"
	toolGitLab    = "gitlab-agent"
	toolFleet     = "fleet"
	toolTanka     = "tanka"
	toolSkaffold  = "skaffold"
	toolWerf      = "werf"
	toolKubectl   = "kubectl"
)

// agents are the first products of user agents, ordered by name. Where nothing
// else is said they are client-go's default, the name of the program.
var agents = [...]known{
	// pkg/cli/environment.go and internal/version of Helm, since 3.13.
	{"Helm", tool{toolHelm, true}},
	{"Mozilla", tool{"browser", false}},
	// terraform-provider-kubernetes, kubernetes/provider.go; after HashiCorp/1.0.
	{"Terraform", tool{toolTerraform, true}},
	{"agentk", tool{toolGitLab, true}},
	{"argocd", tool{toolArgoCD, true}},
	// The programs of Argo CD are links to one, so that each has its own name.
	{"argocd-application-controller", tool{toolArgoCD, true}},
	{"argocd-applicationset-controller", tool{toolArgoCD, true}},
	{"argocd-server", tool{toolArgoCD, true}},
	{"cloud-controller-manager", tool{"cloud-controller-manager", false}},
	{"curl", tool{"curl", false}},
	{"fleetagent", tool{toolFleet, true}},
	{"flux", tool{toolFlux, true}},
	{"headlamp-server", tool{"headlamp", false}},
	// The program of Helm before 3.13, and of those that renamed it.
	{"helm", tool{toolHelm, true}},
	{"helm-controller", tool{toolFlux, true}},
	{"helm3", tool{toolHelm, true}},
	{"k9s", tool{"k9s", false}},
	{"kapp", tool{toolKapp, true}},
	{"kapp-controller", tool{toolKapp, true}},
	{"kube-apiserver", tool{"kube-apiserver", false}},
	{"kube-controller-manager", tool{toolControllerManager, false}},
	{"kube-proxy", tool{"kube-proxy", false}},
	{"kube-scheduler", tool{"kube-scheduler", false}},
	{"kubeadm", tool{"kubeadm", false}},
	{"kubectl", tool{toolKubectl, false}},
	{"kubelet", tool{"kubelet", false}},
	// cmd/core/app/server.go of KubeVela.
	{"kubevela", tool{toolKubeVela, true}},
	{"kustomize-controller", tool{toolFlux, true}},
	{"oc", tool{"oc", false}},
	// Pulumi names the programs of its providers so.
	{"pulumi-resource-kubernetes", tool{toolPulumi, true}},
	{"skaffold", tool{toolSkaffold, true}},
	{"stern", tool{"stern", false}},
	{"vela", tool{toolKubeVela, true}},
	{"werf", tool{toolWerf, true}},
}

// agentPrefixes begin the first products of user agents. What follows, such as a
// version, is part of the name of the program.
var agentPrefixes = [...]known{
	// Terraform names the programs of its providers so; the one for Helm has no
	// user agent of its own.
	{"terraform-provider-", tool{toolTerraform, true}},
	// Plug-ins of kubectl.
	{"kubectl-", tool{toolKubectl, false}},
}

// managers are field managers, ordered by name.
var managers = [...]known{
	// defaultFieldManagerName of terraform-provider-kubernetes.
	{"Terraform", tool{toolTerraform, true}},
	// internal/module/gitops/agent of the GitLab agent.
	{"agentk", tool{toolGitLab, true}},
	// The example of kubernetes.core.k8s, whose server_side_apply wants one.
	{"ansible", tool{toolAnsible, true}},
	// ArgoCDSSAManager in common/common.go of Argo CD.
	{"argocd-controller", tool{toolArgoCD, true}},
	{"fleetagent", tool{toolFleet, true}},
	{"flux", tool{toolFlux, true}},
	// StatusManager in main.go of Flux's controllers.
	{"gotk-helm-controller", tool{toolFlux, true}},
	{"gotk-kustomize-controller", tool{toolFlux, true}},
	// ManagedFieldsManager in cmd/helm/helm.go of Helm.
	{"helm", tool{toolHelm, true}},
	// controllerName in main.go of Flux's controllers.
	{"helm-controller", tool{toolFlux, true}},
	{"kapp", tool{toolKapp, true}},
	// The default of kapp's --ssa-field-manager.
	{"kapp-server-side-apply", tool{toolKapp, true}},
	{"kubectl", tool{toolKubectl, false}},
	{"kubevela", tool{toolKubeVela, true}},
	{"kustomize-controller", tool{toolFlux, true}},
	// Octopus' Calamari runs kubectl apply with --field-manager octopus.
	{"octopus", tool{toolOctopus, true}},
	{"tanka", tool{toolTanka, true}},
	{"werf", tool{toolWerf, true}},
}

// managerPrefixes begin field managers.
var managerPrefixes = [...]known{
	// kubectl-client-side-apply, kubectl-set and so on.
	{"kubectl-", tool{toolKubectl, false}},
	// Pulumi's provider adds a random suffix, and leaves its patches one each.
	{"pulumi-kubernetes", tool{toolPulumi, true}},
	// Helm as a library takes the name of the program.
	{"terraform-provider-", tool{toolTerraform, true}},
}

// accounts are the names of service accounts of deployment tools, ordered. They
// count in all namespaces, since tools can be installed in any.
var accounts = [...]known{
	// Argo CD's manifests.
	{"argocd-application-controller", tool{toolArgoCD, true}},
	{"argocd-applicationset-controller", tool{toolArgoCD, true}},
	// argocd cluster add makes it in clusters that are deployed to.
	{"argocd-manager", tool{toolArgoCD, true}},
	{"argocd-server", tool{toolArgoCD, true}},
	// Flux's manifests.
	{"helm-controller", tool{toolFlux, true}},
	{"kapp-controller-sa", tool{toolKapp, true}},
	{"kustomize-controller", tool{toolFlux, true}},
	// _helpers.tpl of Octopus' kubernetes-agent chart.
	{"octopus-agent-auto-upgrader", tool{toolOctopus, true}},
	{"octopus-agent-scripts", tool{toolOctopus, true}},
	{"octopus-agent-tentacle", tool{toolOctopus, true}},
	{"octopus-agent-tentacle-pre", tool{toolOctopus, true}},
}

// components are the parts of Kubernetes that have a user system:…, or in
// kube-system a service account, of their own.
var components = [...]string{
	"cloud-controller-manager",
	"kube-controller-manager",
	"kube-proxy",
	"kube-scheduler",
}

// controllerAccounts are the service accounts in kube-system that the
// controllers of kube-controller-manager use, ordered: the subjects that
// Kubernetes 1.36 binds its roles system:controller:… to
// (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go), and
// those of controllers that have other roles (cmd/kube-controller-manager/app).
var controllerAccounts = [...]string{
	"attachdetach-controller",
	"bootstrap-signer",
	"certificate-controller",
	"clusterrole-aggregation-controller",
	"cronjob-controller",
	"daemon-set-controller",
	"deployment-controller",
	"device-taint-eviction-controller",
	"disruption-controller",
	"endpoint-controller",
	"endpointslice-controller",
	"endpointslicemirroring-controller",
	"ephemeral-volume-controller",
	"expand-controller",
	"generic-garbage-collector",
	"horizontal-pod-autoscaler",
	"job-controller",
	"kube-apiserver-serving-clustertrustbundle-publisher",
	"legacy-service-account-token-cleaner",
	"namespace-controller",
	"node-controller",
	"persistent-volume-binder",
	"pod-garbage-collector",
	"podcertificaterequestcleaner",
	"podgroup-protection-controller",
	"pv-protection-controller",
	"pvc-protection-controller",
	"replicaset-controller",
	"replication-controller",
	"resource-claim-controller",
	"resourcepoolstatusrequest-controller",
	"resourcequota-controller",
	"root-ca-cert-publisher",
	"route-controller",
	"selinux-warning-controller",
	"service-account-controller",
	"service-cidrs-controller",
	"service-controller",
	"statefulset-controller",
	"storage-version-garbage-collector",
	"storage-version-migrator-controller",
	"token-cleaner",
	"ttl-after-finished-controller",
	"ttl-controller",
	"validatingadmissionpolicy-status-controller",
	"volumeattributesclass-protection-controller",
}

// agentTool returns the tool of a user agent's first product, and whether that
// is its whole name.
func agentTool(name string) (t tool, exact bool) {
	if t := find(agents[:], name); t.tool != "" {
		return t, true
	}
	return findPrefix(agentPrefixes[:], name), false
}

func managerTool(name string) tool {
	if t := find(managers[:], name); t.tool != "" {
		return t
	}
	return findPrefix(managerPrefixes[:], name)
}

// accountTool returns the deployment tool of a service account's name.
func accountTool(name string) string { return find(accounts[:], name).tool }

// component returns the part of Kubernetes that has the name, or nothing.
func component(name string) string {
	switch i, ok := slices.BinarySearch(components[:], name); {
	case ok:
		return components[i]
	case name == "apiserver":
		return "kube-apiserver"
	default:
		return ""
	}
}

func isControllerAccount(name string) bool {
	_, ok := slices.BinarySearch(controllerAccounts[:], name)
	return ok
}

func find(table []known, name string) tool {
	i, ok := slices.BinarySearchFunc(table, name, func(k known, name string) int { return strings.Compare(k.name, name) })
	if !ok {
		return tool{}
	}
	return table[i].tool
}

func findPrefix(table []known, name string) tool {
	for i := range table {
		if strings.HasPrefix(name, table[i].name) {
			return table[i].tool
		}
	}
	return tool{}
}
