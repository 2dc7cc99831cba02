package health

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// namespace has a health only while it goes away: it is Progressing then, and the
// first condition that is True tells what it is waiting for, a failure before
// what merely takes time. There is no published rule for the kind.
func namespace(o *object) event.Assessment {
	if o.top().text("status", "phase") != "Terminating" {
		return says(event.HealthNone, "", "")
	}
	var failure, remaining condition
	items, _ := o.top().list("status", "conditions")
	for _, item := range items {
		c := o.condition(item, statusConditions)
		if c.status != "True" {
			continue
		}
		switch c.typ {
		case "NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure",
			"NamespaceDeletionContentFailure":
			failure.first(c.typ, c)
		case "NamespaceContentRemaining", "NamespaceFinalizersRemaining":
			remaining.first(c.typ, c)
		}
	}
	switch {
	case failure.typ != "":
		return failure.says(event.HealthProgressing)
	case remaining.typ != "":
		return remaining.says(event.HealthProgressing)
	}
	return says(event.HealthProgressing, ReasonTerminating, "Pending deletion")
}

func isNamespace(obj *unstructured.Unstructured) bool {
	return obj.Object["kind"] == "Namespace" && obj.Object["apiVersion"] == "v1"
}
