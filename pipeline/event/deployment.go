package event

import "time"

// DeploymentPhase is how far a deployment is.
type DeploymentPhase string

// The phases.
const (
	DeploymentBegun     DeploymentPhase = "begun"
	DeploymentSucceeded DeploymentPhase = "succeeded"
	DeploymentFailed    DeploymentPhase = "failed"
)

// DeploymentAction is what a deployment does to the application.
type DeploymentAction string

// The actions.
const (
	ActionInstall   DeploymentAction = "install"
	ActionUpgrade   DeploymentAction = "upgrade"
	ActionRollback  DeploymentAction = "rollback"
	ActionUninstall DeploymentAction = "uninstall"
	ActionSync      DeploymentAction = "sync"
	ActionReconcile DeploymentAction = "reconcile"
)

// ApplicationStatus is the status of an application: one word.
type ApplicationStatus string

// The statuses. Waiting and Unavailable are what a deployment decides, the others
// what the objects do.
const (
	ApplicationProgressing ApplicationStatus = "Progressing"
	ApplicationHealthy     ApplicationStatus = "Healthy"
	ApplicationUnknown     ApplicationStatus = "Unknown"
	ApplicationDegraded    ApplicationStatus = "Degraded"
	ApplicationOutOfSync   ApplicationStatus = "Out of Sync"
	ApplicationMissing     ApplicationStatus = "Missing"
	// ApplicationWaiting is an application whose deployment is under way.
	ApplicationWaiting ApplicationStatus = "Waiting"
	// ApplicationUnavailable is one whose last deployment failed.
	ApplicationUnavailable ApplicationStatus = "Unavailable"
)

// Deployment is one state of one rollout of an application, as the tool says it.
// Its application becomes Record.Application, and what says it (the release
// Secret, the Application, the Kustomization) Record.Object.
type Deployment struct {
	Phase  DeploymentPhase
	Action DeploymentAction
	Tool   Tool
	// Status is the tool's own word: pending-upgrade, Running, ReconciliationFailed.
	Status string
	// Revision identifies the rollout: of Helm the number of the release, of Argo
	// CD and Flux the revision of the source.
	Revision string
	// Version is that of the application, Chart the name and version of the chart.
	Version string
	Chart   string
	// Source is where the manifests come from: a repository's URL without
	// credentials, or Kind/namespace/name.
	Source  string
	Message string
	// InitiatedBy is the user who asked for it, where the tool says it.
	InitiatedBy string
	Started     time.Time
	Finished    time.Time

	// ApplicationStatus is empty where the application's objects decide it.
	ApplicationStatus ApplicationStatus

	// Objects are those that the deployment consists of, without UID; the first
	// hundreds of them, and Omitted is how many more there are.
	Objects []ObjectRef
	Omitted int64
}
