package deployment

import (
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The rules by which an object that tells of a deployment is tied to the
// application.
const (
	RuleHelmRelease       event.Rule = "helm-release"
	RuleArgoApplication   event.Rule = "argocd-application"
	RuleFluxKustomization event.Rule = "flux-kustomization"
	RuleFluxHelmRelease   event.Rule = "flux-helmrelease"
)

// Bounds of what a report holds.
const (
	// maxObjects is how many objects Deployment.Objects lists.
	maxObjects = 200
	// maxClaims is how many objects Report.Claims lists.
	maxClaims = 10_000
)

// Report is what one object tells of an application's deployment.
type Report struct {
	// Application is the one that is deployed. Its Via names the object read.
	Application event.Application
	// Deployment is the state of the rollout. Its Phase is empty where the object
	// tells of none: it is only requested, suspended before it began, or waits for
	// what it depends on. Objects are the first 200.
	Deployment event.Deployment

	// Key is that of the object, and Attempt the same for all states of one rollout,
	// over restarts and lists. Attempt tells rollouts of one Key apart; it is no
	// text for people.
	Key     event.SeenKey
	Attempt string
	// Series is set where rollouts are objects of their own, as Helm's revisions
	// are: the same for all of an application. The Order of a later one is later.
	Series event.SeenKey
	Order  time.Time

	// Claims are the objects that the tool says are the application's: the first
	// 10,000, with APIVersion, Kind, Namespace and Name. Of a release, objects
	// whose manifest has no namespace bear that of the release, unless their kind
	// is one of Kubernetes' own without namespaces; custom resources without
	// namespaces must be looked for without it, too. There are none where the
	// application is deployed to another cluster.
	//
	// Whoever may write the object that was read chooses them.
	Claims []event.ObjectRef
	// Unread is how many manifests name no object that could be read.
	Unread int64

	// Desired is set where Manifests are how objects should be: if Options asked for
	// them, on Helm releases whose status is deployed, failed or pending.
	Desired bool
	// Manifests are those of the release without its hooks. Whoever may write the
	// object that was read chooses them, and they hold the release's Secrets: they
	// must not be logged or emitted.
	Manifests []Manifest
	// Withheld is how many more manifests there are which could not be read, or are
	// beyond the bounds.
	Withheld int64

	// Release is the Helm release in question: the one read, or the one that a
	// HelmRelease of Flux manages.
	Release Release
}

// Release names a Helm release.
type Release struct {
	// Namespace is the one deployed to: what meta.helm.sh/release-namespace says
	// on the release's objects. Of a release that was read it is what the payload
	// says, and whoever wrote that could say any: it proves nothing unless it is
	// Storage, or a HelmRelease says the same.
	Namespace event.Namespace
	// Storage is the namespace of the Secrets that the release is stored in. It
	// differs from Namespace only where Flux is told so.
	Storage event.Namespace
	Name    string
}

// Time returns when the deployment came into the state reported: zero where the
// object does not tell.
func (r *Report) Time() time.Time {
	if !r.Deployment.Finished.IsZero() {
		return r.Deployment.Finished
	}
	return r.Deployment.Started
}

// Reads reports whether whole objects of a kind tell of deployments. The
// Secrets and ConfigMaps of Helm are not among them: most of their kind are
// somebody else's, and Releases says which ones to fetch.
func Reads(resource event.APIResource) bool {
	return readerOf(event.GroupKind{Group: resource.Group, Kind: resource.Kind}) != nil
}

// Key returns the Key of the reports that are read off an object.
func Key(live event.Live) event.SeenKey {
	return event.SeenKey("deployment/" + string(live.Ref.UID))
}

// Series returns the Series of the reports that are read off an object; it is
// empty where there is none.
func Series(live event.Live) event.SeenKey {
	if stored, ok := storedRelease(live); ok {
		return stored.series()
	}
	return ""
}

// Options say what to read.
type Options struct {
	// Manifests asks for Report.Manifests.
	Manifests bool
}

type reader func(live event.Live, raw []byte) (Report, error)

func readerOf(kind event.GroupKind) reader {
	switch kind {
	case event.GroupKind{Group: "argoproj.io", Kind: "Application"}:
		return readApplication
	case event.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}:
		return readKustomization
	case event.GroupKind{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease"}:
		return readHelmRelease
	default:
		return nil
	}
}

// Read takes a deployment's state out of a whole object: one of a kind that
// Reads is true of, or one that Releases wants. The report shares no memory with
// raw. An error is always an *Error.
func Read(live event.Live, raw []byte) (Report, error) { return Options{}.Read(live, raw) }

// Read is the function Read with options.
func (o Options) Read(live event.Live, raw []byte) (Report, error) {
	if live.Ref.UID == "" || live.Ref.Name == "" {
		return Report{}, &Error{Reason: event.RejectUnidentified, Object: live.Ref, Detail: "metadata.uid or metadata.name is missing"}
	}
	read := readerOf(event.GroupKind{Group: groupOf(live.Ref.APIVersion), Kind: live.Ref.Kind})
	if read == nil {
		return readRelease(live, raw, o)
	}
	return read(live, raw)
}

// newReport begins the report on an object that is an application itself.
func newReport(live event.Live, tool event.Tool, rule event.Rule) Report {
	return Report{
		Application: event.Application{
			Name: live.Ref.Name, Namespace: live.Ref.Namespace, Tool: tool,
			Via: event.Via{Rule: rule, Object: live.Ref},
		},
		Deployment: event.Deployment{Tool: tool},
		Key:        Key(live),
	}
}

// finish fills in what follows from the rest of the report.
func (r *Report) finish(claims *claims) {
	r.Deployment.Version, r.Deployment.Chart = r.Application.Version, r.Application.Chart
	r.Claims, r.Unread = claims.refs, claims.unread
	n := min(len(claims.refs), maxObjects)
	if n > 0 {
		r.Deployment.Objects = claims.refs[:n:n]
	}
	r.Deployment.Omitted = int64(len(claims.refs)-n) + claims.beyond + claims.unread
	switch r.Deployment.Phase {
	case event.DeploymentBegun:
		r.Deployment.ApplicationStatus = event.ApplicationWaiting
	case event.DeploymentFailed:
		r.Deployment.ApplicationStatus = event.ApplicationUnavailable
	case event.DeploymentSucceeded:
	}
}

// groupOf returns the group of an apiVersion.
func groupOf(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}
