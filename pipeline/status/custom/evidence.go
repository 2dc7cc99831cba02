package custom

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// addEvidence adds the condition of the object that says word for word what the
// verdict says, if there is one: that is what the rule went by.
func addEvidence(obj *unstructured.Unstructured, a *event.Assessment) {
	if a.Message == "" {
		return
	}
	status, ok := obj.Object["status"].(map[string]any)
	if !ok {
		return
	}
	conditions, ok := status["conditions"].([]any)
	if !ok {
		return
	}
	for _, c := range conditions {
		c, ok := c.(map[string]any)
		if !ok || text(c, "message") != a.Message || text(c, "type") == "" {
			continue
		}
		if a.Reason != "" && text(c, "reason") != a.Reason {
			continue
		}
		if a.Condition != nil {
			// Two conditions say so, and which one it was cannot be told.
			a.Condition = nil
			return
		}
		a.Condition = &event.Condition{
			Type: text(c, "type"), Status: text(c, "status"), Reason: text(c, "reason"), Message: a.Message,
		}
		if t, err := time.Parse(time.RFC3339, text(c, "lastTransitionTime")); err == nil {
			a.Condition.Time = t
		}
	}
	if a.Condition != nil && a.Reason == "" {
		a.Reason = cut(a.Condition.Reason, maxReason)
	}
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}
