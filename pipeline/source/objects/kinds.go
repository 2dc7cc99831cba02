package objects

import (
	"context"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Kinds asks once which kinds the server serves, and says which of them a source with
// these options watches. Of the options it needs the server, the patterns and the
// namespaces.
func Kinds(ctx context.Context, opts Options) ([]event.ServedKind, error) {
	chosen, err := newChoice(opts)
	if err != nil {
		return nil, err
	}
	client, err := opts.Server.Client(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := discover(ctx, client)
	if err != nil {
		return nil, err
	}
	served, _ := merge(nil, groups)
	return chosen.choose(served), nil
}
