package generic

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// meaning is what it means that a condition is True.
type meaning int

const (
	// meansNothing is that of types nobody here knows.
	meansNothing meaning = iota
	// meansReady sums the object up: True is Healthy.
	meansReady
	// meansGood is one good thing among others, which counts where nothing sums
	// the object up.
	meansGood
	// meansBad is Degraded where it is True.
	meansBad
	// meansBusy is Progressing where it is True.
	meansBusy
	// meansPaused is Suspended where it is True.
	meansPaused
)

// conditionMeanings are the types whose meaning is common knowledge.
var conditionMeanings = map[string]meaning{
	"Ready": meansReady, "Healthy": meansReady, "Available": meansReady, "Synced": meansReady,
	"Succeeded": meansReady, "Complete": meansReady, "Completed": meansReady, "Successful": meansReady,

	"Accepted": meansGood, "Active": meansGood, "Admitted": meansGood, "Applied": meansGood, "Bound": meansGood,
	"Compliant": meansGood, "Configured": meansGood, "Connected": meansGood, "Deployed": meansGood,
	"Established": meansGood, "Finished": meansGood, "Initialized": meansGood, "Installed": meansGood,
	"Offered": meansGood, "Online": meansGood, "Programmed": meansGood, "Provisioned": meansGood,
	"Reachable": meansGood, "Reconciled": meansGood, "ReconcileSuccess": meansGood, "Registered": meansGood,
	"ResolvedRefs": meansGood, "Running": meansGood, "UpToDate": meansGood, "Valid": meansGood,
	"Validated": meansGood, "Verified": meansGood,

	"Degraded": meansBad, "Error": meansBad, "ErrorOccurred": meansBad, "Failed": meansBad, "Failing": meansBad,
	"Failure": meansBad, "HasErrors": meansBad, "Invalid": meansBad, "InvalidSpec": meansBad,
	"Misconfigured": meansBad, "NotReady": meansBad, "ReconcileError": meansBad, "ReconcileFailed": meansBad,
	"Rejected": meansBad, "Stalled": meansBad, "Terminal": meansBad, "Unhealthy": meansBad,

	"Creating": meansBusy, "Deploying": meansBusy, "Initializing": meansBusy, "Installing": meansBusy,
	"Issuing": meansBusy, "Pending": meansBusy, "Processing": meansBusy, "Progressing": meansBusy,
	"Provisioning": meansBusy, "Reconciling": meansBusy, "RollingOut": meansBusy, "Scaling": meansBusy,
	"Terminating": meansBusy, "Updating": meansBusy, "Upgrading": meansBusy,

	"Hibernated": meansPaused, "Paused": meansPaused, "Stopped": meansPaused, "Suspended": meansPaused,
}

// conditionEndings are the last words of types such as DeploymentsAvailable,
// tried where the whole type is not known.
var conditionEndings = map[string]meaning{
	"accepted": meansGood, "available": meansGood, "healthy": meansGood, "installed": meansGood, "ready": meansGood,
	"succeeded": meansGood, "synced": meansGood, "valid": meansGood,
	"degraded": meansBad, "error": meansBad, "failed": meansBad, "failure": meansBad, "stalled": meansBad,
	"unhealthy": meansBad,
}

// settled are reasons of a True Progressing that say that the progress is over.
var settled = map[string]bool{
	"NewReplicaSetAvailable": true, "NewReplicationControllerAvailable": true,
	"Available": true, "Complete": true, "Completed": true, "Succeeded": true, "RolloutComplete": true,
	"DeploymentCompleted": true, "AsExpected": true,
}

// wordHealth is what words of reasons and phases mean. Forms in -ing that are not
// here are Progressing.
var wordHealth = wordTable(map[event.Health]string{
	event.HealthHealthy: `active applied approved attached available bound complete completed compliant configured
		connected deployed done enabled established exists finished green healthy initialized installed joined
		listening normal ok online operational passed provisioned ready reconciled registered running serving
		succeeded success successful synced up uptodate valid validated`,
	event.HealthProgressing: `accepting await awaiting created expanding init new pending progress queued
		requested retry scheduled started submitted unready unscheduled unsynced wait yellow`,
	event.HealthDegraded: `abort aborted backoff bad blocked broken cannot cancelled canceled conflict corrupt crash
		crashed dead degraded denied down err error errored errors evicted exceeded expired fail failed fails failure
		failures fatal faulted faulty forbidden illegal impossible incompatible incorrect insufficient invalid lost
		malformed misconfigured mismatch missing noncompliant offline oom outdated killed quota red refused rejected stalled
		stuck terminal timeout unable unauthorized unavailable unhealthy unknownerror unreachable unrecoverable
		unsupported violated violation wrong`,
	event.HealthSuspended: `disabled halted hibernated hold paused stopped suspended`,
	event.HealthUnknown:   `unknown`,
})

func wordTable(words map[event.Health]string) map[string]event.Health {
	table := make(map[string]event.Health)
	for health, list := range words {
		for w := range strings.FieldsSeq(list) {
			table[w] = health
		}
	}
	return table
}

// phaseFields are where objects say in one word how they are, the first that is
// there decides.
var phaseFields = []path{
	mustPath(".status.phase"), mustPath(".status.state"), mustPath(".status.health.status"),
	mustPath(".status.health"), mustPath(".status.healthStatus"), mustPath(".status.status"),
	mustPath(".status.currentState"), mustPath(".status.overallStatus"), mustPath(".status.clusterStatus"),
	mustPath(".status.state.phase"), mustPath(".status.applicationState.state"),
}

// readyFields are booleans that say the same.
var readyFields = []path{mustPath(".status.ready"), mustPath(".status.healthy"), mustPath(".status.readyToUse")}

// failureFields hold text only while something is wrong that does not go away by
// itself.
var failureFields = []path{mustPath(".status.failureMessage"), mustPath(".status.failureReason")}

// suspendFields pause an object where they are true.
var suspendFields = []path{mustPath(".spec.suspend"), mustPath(".spec.paused"), mustPath(".spec.suspended")}

// suspendAnnotations pause an object where their value is true.
var suspendAnnotations = []string{
	"cluster.x-k8s.io/paused", "crossplane.io/paused", "autoscaling.keda.sh/paused",
	"reconcile.fluxcd.io/suspend", "operator.victoriametrics.com/paused",
}

// conditionLists are where objects that others report on hold their conditions.
var conditionLists = []path{
	mustPath(".status.parents[].conditions"), mustPath(".status.ancestors[].conditions"),
	mustPath(".status.ingress[].conditions"), mustPath(".status.conditionedStatus.conditions"),
}

// messageFields are the fields of the status that explain a phase.
var messageFields = []string{
	"message", "phaseReason", "statusMessage", "errorMessage", "failureMessage", "description", "errMsg",
	"errorDescription", "error",
}

func mustPath(s string) path {
	p, rest, err := parsePath(s)
	if err != nil || rest != "" {
		panic("generic: a path of the tables does not parse: " + s)
	}
	return p
}

// builtIn are the API groups of Kubernetes itself. Their kinds have health only
// where an entry says so.
var builtIn = map[string]bool{
	"": true, "admissionregistration.k8s.io": true, "apiextensions.k8s.io": true, "apiregistration.k8s.io": true,
	"apps": true, "authentication.k8s.io": true, "authorization.k8s.io": true, "autoscaling": true, "batch": true,
	"certificates.k8s.io": true, "coordination.k8s.io": true, "discovery.k8s.io": true, "events.k8s.io": true,
	"extensions": true, "flowcontrol.apiserver.k8s.io": true, "internal.apiserver.k8s.io": true,
	"metrics.k8s.io": true, "networking.k8s.io": true, "node.k8s.io": true, "policy": true,
	"rbac.authorization.k8s.io": true, "resource.k8s.io": true, "scheduling.k8s.io": true, "storage.k8s.io": true,
	"storagemigration.k8s.io": true,
}
