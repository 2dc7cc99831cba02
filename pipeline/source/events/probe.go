package events

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// connection is the way to the events of the group that is asked.
func (s *Source) connection(client rest.Interface) watch.Connection {
	return watch.Connection{
		Client: client,
		Collection: watch.Collection{
			Path: s.query.path(), LabelSelector: s.query.label, FieldSelector: s.query.field,
			PageSize: s.query.pageSize, WatchTimeout: s.opts.WatchTimeout,
		},
		Received: s.received,
	}
}

// probe asks for the version the server is at. It finds out which API group
// answers: RBAC rules written for Fluent Bit's own input often allow core
// events only.
func (s *Source) probe(ctx context.Context, client rest.Interface) (event.ResourceVersion, error) {
	var refused error
	for range s.query.apis {
		version, err := s.connection(client).Version(ctx)
		if err == nil || !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
			return version, err
		}
		// A refusal by RBAC says more than a group that does not exist.
		if refused == nil || apierrors.IsForbidden(err) {
			refused = err
		}
		if !s.query.next() {
			break
		}
	}
	return "", refused
}
