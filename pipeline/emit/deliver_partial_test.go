package emit

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// partly acknowledges one record of all that it is sent, if there are several, and
// breaks then.
type partly struct{ downstream }

func (p *partly) Send(_ context.Context, b Batch) error {
	p.sends++
	p.got = append(p.got, b.IDs[0])
	if b.Len() == 1 {
		return nil
	}
	return &PartialError{Delivered: 1, Err: errors.New("connection reset by peer")}
}

// What a downstream has acknowledged before it broke is not sent again, however often
// it breaks; and as it goes on, nobody waits for longer each time.
func TestWhatArrivedInPartIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 40
		b := batchOf(t, FormatJSON, specs("r", n, 40))
		c := &partly{}
		d := deliverer(c, &letters{}, nil)
		began := time.Now()
		dead, err := d.Deliver(t.Context(), b)
		if err != nil || len(dead) > 0 || !slices.Equal(c.got, b.IDs) {
			t.Errorf("dead %v, %v, arrived %v", dead, err, c.got)
		}
		if s := d.Status(); s.Acknowledged != n || s.Attempts != n || s.Failures != n-1 || s.State != event.ForwardDelivering {
			t.Errorf("status %+v", s)
		}
		if took := time.Since(began); took > n*minWait {
			t.Errorf("took %s", took)
		}
	})
}
