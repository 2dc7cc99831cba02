package event

// Tool is what deploys an application, or names it.
type Tool string

// The tools.
const (
	ToolOctopus  Tool = "octopus"
	ToolArgoCD   Tool = "argocd"
	ToolFlux     Tool = "flux"
	ToolHelm     Tool = "helm"
	ToolKapp     Tool = "kapp"
	ToolKubeVela Tool = "kubevela"
	// ToolApplication is the Application resource of app.k8s.io.
	ToolApplication Tool = "app.k8s.io"
	ToolBackstage   Tool = "backstage"
	// ToolLabels are labels that no tool is known by.
	ToolLabels Tool = "labels"
	// ToolRules are the rules of application_rules_file.
	ToolRules Tool = "rules"
)

// Application is what was deployed, as the tool that deployed it names it.
// Two are the same where Tool, Namespace, Name, Environment and Tenant are.
type Application struct {
	Name string
	// Namespace is where the tool keeps the application: of Argo CD and Flux that
	// of the resource, of Helm that of the release. Empty where it has none.
	Namespace Namespace
	Tool      Tool
	// Version is that of the application, and Chart the chart with its version.
	Version     string
	Chart       string
	Environment string
	Tenant      string
	// DeploymentID, RunbookRunID, StepID and ActionID are those of Octopus Deploy.
	DeploymentID string
	RunbookRunID string
	StepID       string
	ActionID     string
	// Via says what tied the record's object to the application.
	Via Via
}

// ApplicationKey identifies an application within a cluster.
type ApplicationKey struct {
	Tool        Tool
	Namespace   Namespace
	Name        string
	Environment string
	Tenant      string
}

// Key returns what identifies the application.
func (a *Application) Key() ApplicationKey {
	return ApplicationKey{Tool: a.Tool, Namespace: a.Namespace, Name: a.Name, Environment: a.Environment, Tenant: a.Tenant}
}

// Rule names a rule that ties objects to applications, for example
// argocd-tracking-id, or a user's rule of health for a kind, for example
// health/Widget.example.com. It is a label of counters, so the set is small.
type Rule string

// Via is the evidence for an application: which rule matched which object.
type Via struct {
	Rule Rule
	// Object is the one that the rule matched: the record's own or an owner.
	Object ObjectRef
}

// Correlation says how the search for an application ended.
type Correlation string

// The ends of a search.
const (
	// CorrelationMatched found one.
	CorrelationMatched Correlation = "matched"
	// CorrelationNoRule knew the object and its owners; no rule matched.
	CorrelationNoRule Correlation = "no_rule"
	// CorrelationUnknown did not know the object, or one of its owners, although
	// it waited.
	CorrelationUnknown Correlation = "object_unknown"
	// CorrelationNotWatched did not look: the object's kind is not watched,
	// because it is excluded, forbidden or not served.
	CorrelationNotWatched Correlation = "not_watched"
)
