package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// skipped is the error of an item that the source itself could not read.
func skipped(item *event.Item) error {
	bad := &decode.Error{Reason: item.Skipped}
	switch item.Skipped {
	case event.RejectTooLarge:
		bad.Detail = "it is larger than is read whole"
	case event.RejectNotAnEvent:
		bad.Detail = "it is neither a Kubernetes event nor an audit event"
	case event.RejectNotMsgpack:
		bad.Detail = "it is no log event as Fluent Bit writes them"
	case event.RejectPanic:
		bad.Detail = "a defect of this program; the log has more"
	case event.RejectNULBlock:
		bad.Detail = "a run of NUL bytes, as a crash of the machine leaves it; what was written there is lost"
	case event.RejectUndecryptable:
		bad.Detail = "its bytes in the spool are damaged, or were not written there by this plugin"
	default:
		bad.Detail = "it cannot be taken apart"
	}
	return bad
}

// reject emits a record of an item that nothing can be made of: a retry would
// not mend it, and whoever relies on the records must know that one is missing.
func (p *pump) reject(ctx context.Context, item *event.Item, err error) error {
	reason, detail := p.say(err)
	return p.emit(ctx, item, event.Record{
		Type:    event.TypeRejected,
		ID:      p.rejectID(item, reason),
		Time:    time.Now(),
		Cluster: p.cluster,
		Rejected: &event.Rejection{
			Place: item.Place, Reason: reason, Detail: detail, Bytes: max(item.Size, int64(len(item.Raw))),
		},
	}, remembered{})
}

// say counts a rejected item and logs it, the first time and at every tenth
// multiple: a broken client can send thousands.
func (p *pump) say(err error) (reason event.RejectReason, detail string) {
	reason, detail = event.RejectUnencodable, "its record could not be written"
	if bad, ok := errors.AsType[*decode.Error](err); ok {
		reason, detail = bad.Reason, bad.Detail
	} else if _, ok := errors.AsType[*panicError](err); ok {
		reason, detail = event.RejectPanic, "a defect of this program; the log has more"
	}
	n := p.count.reject(string(reason)) + 1
	for n%10 == 0 {
		n /= 10
	}
	if n == 1 {
		p.logger.Warn("rejected an item that cannot be read", "error", err, "reason", string(reason))
	}
	return reason, detail
}
