package actor_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/actor"
	"github.com/fluent-live/live-status/pipeline/event"
)

const serviceAccounts = "system:serviceaccounts"

// request is an audit event as far as it tells who asked.
func request(user, userAgent, manager string, groups ...string) *event.Audit {
	uri := "/apis/apps/v1/namespaces/shop/deployments/web"
	if manager != "" {
		uri += "?dryRun=All&fieldManager=" + manager + "&force=true"
	}
	return &event.Audit{User: event.User{Name: user, Groups: groups}, UserAgent: userAgent, RequestURI: uri}
}

func human(tool, version string, by event.ActorEvidence) event.Actor {
	return event.Actor{Class: event.ActorHuman, Tool: tool, ToolVersion: version, By: by}
}

func deploys(tool, version string, by event.ActorEvidence) event.Actor {
	return event.Actor{Class: event.ActorDeploymentTool, Tool: tool, ToolVersion: version, By: by}
}

func controller(tool, version string) event.Actor {
	return event.Actor{Class: event.ActorController, Tool: tool, ToolVersion: version, By: event.EvidenceUser}
}

// TestClassify has user agents, field managers and users as the programs send
// them.
func TestClassify(t *testing.T) {
	const (
		byUser, byAgent, byManager = event.EvidenceUser, event.EvidenceUserAgent, event.EvidenceFieldManager

		kubectl = "kubectl/v1.36.3 (linux/amd64) kubernetes/7e1a7c2"
		program = "kubernetes.default"
	)
	anonymous := event.Actor{Class: event.ActorAnonymous, By: byUser}
	account := event.Actor{Class: event.ActorServiceAccount, By: byUser}
	for _, tt := range []struct {
		name string
		in   *event.Audit
		want event.Actor
	}{
		// People.
		{"person", request("jane", kubectl, ""), human("kubectl", "v1.36.3", byAgent)},
		{"person without an agent", request("jane", "", ""), human("", "", byUser)},
		{"person with a program of their own", request("jane", "my-script/1.0", ""), human("", "", byUser)},
		{"administrator by certificate", request("kubernetes-admin", kubectl, "kubectl-client-side-apply", "kubeadm:cluster-admins"), human("kubectl", "v1.36.3", byAgent)},
		{"administrator of k3s", request("system:admin", kubectl, "", "system:masters"), human("kubectl", "v1.36.3", byAgent)},
		{"k9s", request("jane", "k9s/v0.0.0 (darwin/arm64) kubernetes/$Format", ""), human("k9s", "", byAgent)},
		{"oc", request("jane@example.com", "oc/4.19.0 (linux/amd64) kubernetes/f5bb1f3", ""), human("oc", "4.19.0", byAgent)},
		{"kubectl on Windows", request("jane", "kubectl.exe/v1.36.3 (windows/amd64) kubernetes/7e1a7c2", ""), human("kubectl", "v1.36.3", byAgent)},
		{"plug-in of kubectl", request("jane", "kubectl-argo-rollouts/v1.8.0 (linux/amd64) kubernetes/unknown", ""), human("kubectl", "", byAgent)},
		{"browser", request("jane", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", ""), human("browser", "5.0", byAgent)},
		{"field manager of kubectl", request("jane", program, "kubectl-edit"), human("kubectl", "", byManager)},
		{"person in the group of nodes", request("jane", kubectl, "", "system:nodes"), human("kubectl", "v1.36.3", byAgent)},

		// Deployment tools, whoever runs them.
		{"Helm", request("jane", "Helm/4.3.1", "helm"), deploys("helm", "4.3.1", byAgent)},
		{"Helm before 3.13", request("admin", "helm/v0.0.0 (darwin/amd64) kubernetes/$Format", ""), deploys("helm", "", byAgent)},
		{"Argo CD by its account", request("system:serviceaccount:argocd:argocd-application-controller", "argocd-application-controller/v0.0.0 (linux/amd64) kubernetes/$Format", "argocd-controller", serviceAccounts), deploys("argocd", "", byUser)},
		{"Argo CD in another cluster", request("system:serviceaccount:kube-system:argocd-manager", "argocd-application-controller/v3.1.0 (linux/amd64) kubernetes/$Format", "", serviceAccounts), deploys("argocd", "v3.1.0", byUser)},
		{"Argo CD by its field manager", request("arn:aws:sts::1:assumed-role/deploy/x", kubectl, "argocd-controller"), deploys("argocd", "", byManager)},
		{"Flux", request("system:serviceaccount:flux-system:kustomize-controller", "kustomize-controller/v0.0.0 (linux/amd64) kubernetes/$Format", "kustomize-controller", serviceAccounts), deploys("flux", "", byUser)},
		{"Flux' status", request("system:serviceaccount:gitops:reconciler", program, "gotk-helm-controller", serviceAccounts), deploys("flux", "", byManager)},
		{"Flux' Helm", request("system:serviceaccount:gitops:reconciler", "helm-controller/v1.2.0 (linux/amd64) kubernetes/unknown", "", serviceAccounts), deploys("flux", "v1.2.0", byAgent)},
		{"Octopus' script pod with kubectl", request("system:serviceaccount:octopus-agent-prod:octopus-agent-scripts", kubectl, "", serviceAccounts), deploys("octopus", "", byUser)},
		{"Octopus from outside", request("deployer", kubectl, "octopus"), deploys("octopus", "", byManager)},
		{"kapp", request("jane", "kapp/v0.0.0 (linux/amd64) kubernetes/$Format", ""), deploys("kapp", "", byAgent)},
		{"kapp with server-side apply", request("jane", program, "kapp-server-side-apply"), deploys("kapp", "", byManager)},
		{"KubeVela", request("system:serviceaccount:vela-system:kubevela-vela-core", "kubevela/git-8f1a2b3", "", serviceAccounts), deploys("kubevela", "git-8f1a2b3", byAgent)},
		{"Terraform", request("jane", "HashiCorp/1.0 Terraform/1.9.5", ""), deploys("terraform", "1.9.5", byAgent)},
		{"Terraform's field manager", request("jane", program, "Terraform"), deploys("terraform", "", byManager)},
		{"Terraform's provider for Helm", request("jane", "Helm/3.17.1", "terraform-provider-helm_v2.13.0_x5"), deploys("helm", "3.17.1", byAgent)},
		{"Pulumi", request("jane", program, "pulumi-kubernetes-31df3088"), deploys("pulumi", "", byManager)},
		{"Ansible", request("jane", "OpenAPI-Generator/31.0.0/python", "ansible"), deploys("ansible", "", byManager)},
		{"GitLab's agent", request("system:serviceaccount:gitlab:agent", program, "agentk", serviceAccounts), deploys("gitlab-agent", "", byManager)},
		{"Tanka", request("jane", kubectl, "tanka"), deploys("tanka", "", byManager)},

		// Programs.
		{"service account", request("system:serviceaccount:shop:ci", "ci/1.0", "", serviceAccounts), account},
		{"service account with kubectl", request("system:serviceaccount:shop:ci", kubectl, "", serviceAccounts), event.Actor{Class: event.ActorServiceAccount, Tool: "kubectl", ToolVersion: "v1.36.3", By: byAgent}},
		{"name of a controller elsewhere", request("system:serviceaccount:shop:replicaset-controller", "", "", serviceAccounts), account},
		{"service account of Google Cloud", request("deploy@shop.iam.gserviceaccount.com", "", ""), account},
		{"node without its group", request("system:node:a", "", ""), account},
		{"service account without a name", request("system:serviceaccount:", "", ""), account},

		// Kubernetes.
		{"kubelet", request("system:node:node-1", "kubelet/v1.36.3 (linux/amd64) kubernetes/7e1a7c2", "", "system:nodes"), event.Actor{Class: event.ActorNode, Tool: "kubelet", ToolVersion: "v1.36.3", By: byAgent}},
		{"kubectl with a kubelet's credentials", request("system:node:node-1", kubectl, "", "system:nodes"), event.Actor{Class: event.ActorNode, Tool: "kubectl", ToolVersion: "v1.36.3", By: byAgent}},
		{"node that says it is Helm", request("system:node:node-1", "Helm/4.3.1", "helm", "system:nodes"), event.Actor{Class: event.ActorNode, Tool: "helm", ToolVersion: "4.3.1", By: byAgent}},
		{"node that joins", request("system:bootstrap:abcdef", "", "", "system:bootstrappers"), event.Actor{Class: event.ActorNode, By: byUser}},
		{"scheduler", request("system:kube-scheduler", "kube-scheduler/v1.36.3 (linux/amd64) kubernetes/module/leader-election", ""), controller("kube-scheduler", "v1.36.3")},
		{"API server", request("system:apiserver", "kube-apiserver/v1.36.3 (linux/amd64) kubernetes/module", "", "system:masters"), controller("kube-apiserver", "v1.36.3")},
		{"kube-proxy", request("system:serviceaccount:kube-system:kube-proxy", "kube-proxy/v1.36.3 (linux/amd64) kubernetes/7e1a7c2", "", serviceAccounts), controller("kube-proxy", "v1.36.3")},
		{"controller", request("system:serviceaccount:kube-system:replicaset-controller", "kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/7e1a7c2/system:serviceaccount:kube-system:replicaset-controller", "", serviceAccounts), controller("kube-controller-manager", "v1.36.3")},
		{"stolen controller", request("system:serviceaccount:kube-system:generic-garbage-collector", kubectl, "helm", serviceAccounts), event.Actor{Class: event.ActorController, Tool: "kubectl", ToolVersion: "v1.36.3", By: byAgent}},
		{"other user of the system", request("system:kwok-controller", "kwok/v0.8.0 (linux/amd64)", "kwok"), controller("", "")},
		{"control plane of EKS", request("eks:node-manager", "", ""), controller("", "")},
		{"control plane of AKS", request("aksService", "", ""), controller("", "")},

		// No one.
		{"failed authentication", request("", "", ""), anonymous},
		{"anonymous", request("system:anonymous", "", "", "system:unauthenticated"), anonymous},
		{"anonymous by another name", request("guest", "", "", "system:unauthenticated"), event.Actor{Class: event.ActorAnonymous, By: event.EvidenceGroups}},
		{"anonymous that says it is Helm", request("system:anonymous", "Helm/4.3.1", "helm"), event.Actor{Class: event.ActorAnonymous, Tool: "helm", ToolVersion: "4.3.1", By: byAgent}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := actor.Classify(tt.in); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestImpersonation has the one who authenticated act, whoever it is in the name
// of.
func TestImpersonation(t *testing.T) {
	for user, want := range map[string]event.Actor{
		"jane": human("", "", event.EvidenceUser),
		"system:serviceaccount:argocd:argocd-application-controller": deploys("argocd", "", event.EvidenceUser),
		"system:serviceaccount:proxy:proxy":                          {Class: event.ActorServiceAccount, By: event.EvidenceUser},
	} {
		for _, as := range []string{"joe", "system:serviceaccount:shop:web", "system:anonymous"} {
			a := request(user, "", "")
			a.Impersonated = &event.User{Name: as}
			if got := actor.Classify(a); got != want {
				t.Errorf("%s as %s: %+v", user, as, got)
			}
		}
	}
}

// TestFieldManagerOfURI has queries of all shapes.
func TestFieldManagerOfURI(t *testing.T) {
	for uri, want := range map[string]string{
		"/x?fieldManager=helm":                     "helm",
		"/x?fieldManager=helm&fieldManager=tanka":  "helm",
		"/x?fieldManager=unknown&fieldManager=xyz": "",
		"/x?&&fieldManager=helm":                   "helm",
		"/x?xfieldManager=helm":                    "",
		"/x?a=b;fieldManager=helm":                 "",
		"/x?fieldManager=":                         "",
		"/x?fieldManager":                          "",
		"/x?fieldManager=helm2":                    "",
		"/x/fieldManager=helm":                     "",
		"":                                         "",
		"?":                                        "",
	} {
		got := actor.Classify(&event.Audit{User: event.User{Name: "jane"}, RequestURI: uri})
		if got.Tool != want {
			t.Errorf("%s: %+v", uri, got)
		}
	}
}
