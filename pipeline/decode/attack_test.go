package decode

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Each requirement is asked of each object of the namespace, for every record.
func TestAttackSelectorOfManyRequirements(t *testing.T) {
	t.Parallel()
	of := func(n int) string {
		return `{"apiVersion":"app.k8s.io/v1beta1","kind":"Application","metadata":{"name":"a","namespace":"evil"},"spec":{"selector":{"matchExpressions":[` +
			strings.TrimSuffix(strings.Repeat(`{"key":"a","operator":"DoesNotExist"},`, n), ",") + `]}}}`
	}
	for n, there := range map[int]bool{1: true, maxRequirements: true, maxRequirements + 1: false, 10_000: false} {
		l, err := ObjectDecoder{}.Decode([]byte(of(n)), event.APIResource{})
		if err != nil || (l.Selection != nil) != there {
			t.Errorf("%d requirements: %v, %v", n, l.Selection, err)
		}
	}
}
