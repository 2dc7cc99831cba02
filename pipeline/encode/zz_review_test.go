package encode

import (
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// Fluent Bit unpacks at most 64 levels (MSGPACK_EMBED_STACK_SIZE), the event's
// own array included, and gives up the rest of the chunk at a record with more.
func TestZZNestingFluentBitReads(t *testing.T) {
	body := strings.Repeat(`{"a":`, redact.MaxDepth) + "1" + strings.Repeat("}", redact.MaxDepth)
	now := time.Unix(1, 0)
	rec := redact.New(redact.Options{}).Redact(event.Record{Type: event.TypeAudit, ID: "x", Time: now, Audit: &event.Audit{AuditID: "a", Request: event.JSON(body), StageTime: now}})
	b, err := AppendMsgpack(nil, rec)
	if err != nil {
		t.Fatal(err)
	}
	var depth func(b []byte) (int, []byte)
	depth = func(b []byte) (int, []byte) {
		n, most := uint32(0), 0
		switch msgp.NextType(b) {
		case msgp.MapType:
			n, b, _ = msgp.ReadMapHeaderBytes(b)
			n *= 2
		case msgp.ArrayType:
			n, b, _ = msgp.ReadArrayHeaderBytes(b)
		default:
			b, _ = msgp.Skip(b)
			return 0, b
		}
		for range n {
			var d int
			d, b = depth(b)
			most = max(most, d)
		}
		return most + 1, b
	}
	if d, _ := depth(b); d > 64 {
		t.Errorf("the record has %d levels", d)
	}
}
