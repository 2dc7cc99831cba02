package emit

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// recordSpec is a record of the tests: an id, and text to make it larger.
type recordSpec struct {
	ID  event.RecordID `json:"id"`
	Pad string         `json:"pad"`
}

// specs returns n records whose ids begin with prefix, of about size bytes each.
func specs(prefix string, n, size int) []recordSpec {
	out := make([]recordSpec, n)
	for i := range out {
		out[i] = recordSpec{ID: event.RecordID(fmt.Sprintf("%s-%d", prefix, i)), Pad: strings.Repeat("x", max(0, size-32))}
	}
	return out
}

// batchOf encodes records.
func batchOf(tb testing.TB, format Format, records []recordSpec) Batch {
	tb.Helper()
	var b Batch
	for _, r := range records {
		switch format {
		case FormatJSON:
			line, err := json.Marshal(r)
			if err != nil {
				tb.Fatal(err)
			}
			b.Data = append(append(b.Data, line...), '\n')
		case FormatForward:
			b.Data = msgp.AppendArrayHeader(b.Data, 2)
			b.Data = append(b.Data, 0xd7, 0)
			b.Data = binary.BigEndian.AppendUint32(b.Data, uint32(time.Now().Unix()))
			b.Data = binary.BigEndian.AppendUint32(b.Data, 5)
			b.Data = msgp.AppendMapHeader(b.Data, 2)
			b.Data = msgp.AppendString(msgp.AppendString(b.Data, "id"), string(r.ID))
			b.Data = msgp.AppendString(msgp.AppendString(b.Data, "pad"), r.Pad)
		case FormatOTLP:
			tb.Fatal("no test here sends OTLP")
		}
		b.Ends = append(b.Ends, len(b.Data))
		b.IDs = append(b.IDs, r.ID)
	}
	return b
}

// opened opens a downstream for the time of the test.
func opened(tb testing.TB, o Options) Client {
	tb.Helper()
	c, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// send sends a batch that is to be acknowledged.
func send(tb testing.TB, c Client, b Batch) {
	tb.Helper()
	if err := c.Send(tb.Context(), b); err != nil {
		tb.Fatal(err)
	}
}

// idsIn returns the ids of the records in files, in order. Each line must be one.
func idsIn(tb testing.TB, files ...string) []event.RecordID {
	tb.Helper()
	var out []event.RecordID
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		if len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")) {
			tb.Fatalf("%s does not end in a newline", name)
		}
		out = append(out, idsOf(tb, data)...)
	}
	return out
}

func idsOf(tb testing.TB, lines []byte) []event.RecordID {
	tb.Helper()
	var out []event.RecordID
	for line := range bytes.Lines(lines) {
		var r recordSpec
		if err := json.Unmarshal(line, &r); err != nil || r.ID == "" {
			tb.Fatalf("no record: %.100q: %v", line, err)
		}
		out = append(out, r.ID)
	}
	return out
}

// idsOfSpecs returns the ids of records.
func idsOfSpecs(lists ...[]recordSpec) []event.RecordID {
	var out []event.RecordID
	for _, list := range lists {
		for _, r := range list {
			out = append(out, r.ID)
		}
	}
	return out
}
