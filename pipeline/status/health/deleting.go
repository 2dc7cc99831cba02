package health

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// hookFinalizer is what Argo CD puts on the objects of a hook, so that they stay
// until the sync is through.
const hookFinalizer = "argocd.argoproj.io/hook-finalizer"

// Deleting returns the health of obj, whatever its kind, if its deletion was
// asked for: it is Progressing until it is gone. It returns false for all other
// objects, and as Argo CD does for one with its hook finalizer: that is kept
// because its outcome is still to be read, so its own rule applies.
//
// A namespace tells what it is waiting for, and the assessment with it.
func Deleting(obj *unstructured.Unstructured) (event.Assessment, bool) {
	if obj == nil || obj.Object == nil {
		return event.Assessment{}, false
	}
	o := &object{root: obj.Object}
	if o.top().text("metadata", "deletionTimestamp") == "" || o.malformed != "" {
		return event.Assessment{}, false
	}
	finalizers, _ := o.top().list("metadata", "finalizers")
	if slices.Contains(finalizers, any(hookFinalizer)) {
		return event.Assessment{}, false
	}
	if isNamespace(obj) {
		if a := namespace(o); a.Health == event.HealthProgressing && o.malformed == "" {
			return a, true
		}
	}
	return event.Assessment{
		Health:  event.HealthProgressing,
		Reason:  ReasonTerminating,
		Message: "Pending deletion",
	}, true
}
