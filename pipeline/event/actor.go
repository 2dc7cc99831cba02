package event

// ActorClass says what kind of a client made a request.
type ActorClass string

// The classes.
const (
	// ActorHuman is a person, through whichever client.
	ActorHuman ActorClass = "human"
	// ActorServiceAccount is a program that is none of those below.
	ActorServiceAccount ActorClass = "service_account"
	// ActorNode is a kubelet.
	ActorNode ActorClass = "node"
	// ActorController is a part of Kubernetes itself.
	ActorController ActorClass = "controller"
	// ActorDeploymentTool is a program known to deploy applications.
	ActorDeploymentTool ActorClass = "deployment_tool"
	// ActorAnonymous is whoever did not authenticate.
	ActorAnonymous ActorClass = "anonymous"
)

// ActorEvidence is the part of an audit event that an actor was recognised by.
type ActorEvidence string

// The evidences. A client chooses its user agent and its field manager itself.
const (
	EvidenceUser         ActorEvidence = "user"
	EvidenceGroups       ActorEvidence = "groups"
	EvidenceUserAgent    ActorEvidence = "user_agent"
	EvidenceFieldManager ActorEvidence = "field_manager"
)

// Actor is who made a request, as far as an audit event tells.
type Actor struct {
	Class ActorClass
	// Tool is the program, in lower case: kubectl, helm, argocd, flux,
	// kube-controller-manager; empty where it is not known.
	Tool string
	// ToolVersion is what the program says of itself.
	ToolVersion string
	// By is what Tool was recognised by, or Class where there is no Tool.
	By ActorEvidence
}
