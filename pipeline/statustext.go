package pipeline

import (
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/fluent-live/live-status/pipeline/event"
)

// shortText is the longest text that is kept of an object's status as it is. What is
// longer may be cut before it comes to the redactor, which could then no longer
// tell what is secret in it.
const shortText = 256

// clean returns an object as it may be told.
func (s *statuses) clean(object map[string]any) any {
	raw, err := json.Marshal(object)
	if err != nil {
		return nil
	}
	obj := unstructured.Unstructured{Object: object}
	var clean any
	if err := json.Unmarshal([]byte(s.redactor.Object(refOf(&obj), event.JSON(raw))), &clean); err != nil {
		return nil
	}
	return clean
}

func refOf(obj *unstructured.Unstructured) event.ObjectRef {
	return event.ObjectRef{
		APIVersion: obj.GetAPIVersion(), Kind: obj.GetKind(), Namespace: event.Namespace(obj.GetNamespace()), Name: obj.GetName(),
	}
}

// shorten redacts those texts of an assessment that may be cut.
func (s *statuses) shorten(ref event.ObjectRef, a *event.Assessment) {
	a.Reason, a.Message = s.text(ref, a.Reason), s.text(ref, a.Message)
	if c := a.Condition; c != nil {
		c.Type, c.Status = s.text(ref, c.Type), s.text(ref, c.Status)
		c.Reason, c.Message = s.text(ref, c.Reason), s.text(ref, c.Message)
	}
	for i := range a.Containers {
		c := &a.Containers[i]
		c.State = s.text(ref, c.State)
		c.Reason, c.Message = s.text(ref, c.Reason), s.text(ref, c.Message)
	}
}

// text returns a text about an object so that it may be cut.
func (s *statuses) text(ref event.ObjectRef, text string) string {
	if len(text) <= shortText || s.redactor == nil {
		return text
	}
	return s.redactor.Text(ref, text)
}

// seldom is for what whoever may create objects can have logged: they must not be
// able to fill the log.
type seldom struct{ last atomic.Int64 }

// sayAgain is how long the log is silent about one thing.
const sayAgain = 10 * time.Minute

func (s *seldom) isDue(now time.Time) bool {
	last := s.last.Load()
	return (last == 0 || now.UnixNano()-last >= int64(sayAgain)) && s.last.CompareAndSwap(last, now.UnixNano())
}
