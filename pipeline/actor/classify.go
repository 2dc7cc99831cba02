package actor

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Classify tells who made the request of an audit event. It does not allocate,
// and its cost is bounded whatever the event says.
//
// The first of these that holds decides on the class:
//
//   - anonymous: no user, system:anonymous, or the group system:unauthenticated;
//   - node: a user system:node:… in the group system:nodes, as the API server's
//     node authorizer has it, and one that is about to become a node
//     (system:bootstrap:…);
//   - controller: the other users system:…, the service accounts that Kubernetes'
//     own roles are bound to, and those of hosted control planes;
//   - deployment_tool: a service account of one, then a user agent, then a field
//     manager, whoever runs it;
//   - service_account: other service accounts;
//   - human: any other user. Robots that an identity provider knows as users look
//     like people.
//
// What nobody vouches for comes after what the API server does, so that neither
// a node nor an anonymous client can pass for a deployment tool.
//
// The user is the one who authenticated, also where a request impersonates
// another: impersonation lends the rights of someone, and does not change who
// acted. So it is Argo CD that acts where it impersonates the service account of
// a project, and whoever stole a service account is not a person for having named
// one. Behind a proxy that impersonates its users the class is that of the proxy;
// the record has both users.
func Classify(a *event.Audit) event.Actor {
	id := identify(&a.User)
	agent, version := agentOf(a.UserAgent)
	switch id.class {
	case event.ActorAnonymous, event.ActorNode, event.ActorController:
		return named(id, agent, version)
	case event.ActorHuman, event.ActorServiceAccount, event.ActorDeploymentTool:
	}
	if id.tool != "" {
		out := event.Actor{Class: event.ActorDeploymentTool, Tool: id.tool, By: event.EvidenceUser}
		if agent.tool == id.tool {
			out.ToolVersion = version
		}
		return out
	}
	if agent.deploys {
		return event.Actor{Class: event.ActorDeploymentTool, Tool: agent.tool, ToolVersion: version, By: event.EvidenceUserAgent}
	}
	manager := managerOf(a.RequestURI)
	switch {
	case manager.deploys:
		return event.Actor{Class: event.ActorDeploymentTool, Tool: manager.tool, By: event.EvidenceFieldManager}
	case agent.tool == "" && manager.tool != "":
		return event.Actor{Class: id.class, Tool: manager.tool, By: event.EvidenceFieldManager}
	default:
		return named(id, agent, version)
	}
}

// named returns an actor of the class that its user tells. The program is what
// the user agent names, and else what the user is known for: if kubectl has the
// credentials of a controller, it was kubectl.
func named(id identity, agent tool, version string) event.Actor {
	out := event.Actor{Class: id.class, Tool: id.tool, By: id.by}
	switch agent.tool {
	case "":
	case id.tool:
		out.ToolVersion = version
	default:
		out.Tool, out.ToolVersion, out.By = agent.tool, version, event.EvidenceUserAgent
	}
	return out
}

// identity is what the API server vouches for.
type identity struct {
	class event.ActorClass
	// tool is the program that the user is known for, if any.
	tool string
	by   event.ActorEvidence
}

// Names that Kubernetes reserves, from k8s.io/apiserver's packages
// authentication/user and authentication/serviceaccount, and from kubeadm.
const (
	userSystem         = "system:"
	userAnonymous      = "system:anonymous"
	userNode           = "system:node:"
	userBootstrap      = "system:bootstrap:"
	userServiceAccount = "system:serviceaccount:"
	groupNodes         = "system:nodes"
	groupAnonymous     = "system:unauthenticated"
	// userAdmin is the person with the administrator's credentials that k3s and
	// OpenShift write down at the installation.
	userAdmin = "system:admin"
	// userEKS begins the users of EKS' control plane, which reserves it.
	userEKS = "eks:"
	// userAKS is the control plane of AKS.
	userAKS = "aksService"
	// userGCP ends the service accounts of Google Cloud, which are users to GKE.
	userGCP = ".gserviceaccount.com"
)

func identify(u *event.User) identity {
	name := u.Name
	switch {
	case name == "" || name == userAnonymous:
		return identity{class: event.ActorAnonymous, by: event.EvidenceUser}
	case inGroup(u, groupAnonymous):
		return identity{class: event.ActorAnonymous, by: event.EvidenceGroups}
	case name == userAdmin:
		return identity{class: event.ActorHuman, by: event.EvidenceUser}
	case strings.HasPrefix(name, userServiceAccount):
		return account(name[len(userServiceAccount):])
	case strings.HasPrefix(name, userNode):
		if inGroup(u, groupNodes) {
			return identity{class: event.ActorNode, by: event.EvidenceUser}
		}
		// A program that is no node to the API server either.
		return identity{class: event.ActorServiceAccount, by: event.EvidenceUser}
	case strings.HasPrefix(name, userBootstrap):
		return identity{class: event.ActorNode, by: event.EvidenceUser}
	case strings.HasPrefix(name, userSystem):
		return identity{class: event.ActorController, tool: component(name[len(userSystem):]), by: event.EvidenceUser}
	case strings.HasPrefix(name, userEKS), name == userAKS:
		return identity{class: event.ActorController, by: event.EvidenceUser}
	case strings.HasSuffix(name, userGCP):
		return identity{class: event.ActorServiceAccount, by: event.EvidenceUser}
	default:
		return identity{class: event.ActorHuman, by: event.EvidenceUser}
	}
}

// account identifies a service account by its namespace and name, with a colon
// in between.
func account(s string) identity {
	namespace, name, _ := strings.Cut(s, ":")
	if namespace == "kube-system" {
		if isControllerAccount(name) {
			return identity{class: event.ActorController, tool: toolControllerManager, by: event.EvidenceUser}
		}
		if program := component(name); program != "" {
			return identity{class: event.ActorController, tool: program, by: event.EvidenceUser}
		}
	}
	return identity{class: event.ActorServiceAccount, tool: accountTool(name), by: event.EvidenceUser}
}

// maxGroups bounds the search for a group. Whoever authenticates has few, and
// the API server puts those that are looked for among them; a webhook that can
// be posted to by others may be sent any number.
const maxGroups = 1024

func inGroup(u *event.User, group string) bool {
	for i := range min(len(u.Groups), maxGroups) {
		if u.Groups[i] == group {
			return true
		}
	}
	return false
}
