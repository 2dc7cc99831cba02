package recorded

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// recordedLog returns an audit log of a real API server.
const recordedLog = "../../../test/e2e/testdata/audit-requestresponse.jsonl.gz"

// TestRecorded replays a real audit log, compressed, plain, as webhook bodies and
// as Fluent Bit's tail would wrap it: every line comes once, as it is, in order of
// the times that the decoder tells.
func TestRecorded(t *testing.T) {
	text := unzipped(t, recordedLog)
	lines := bytes.Split(bytes.TrimSpace(text), []byte{'\n'})
	var list, logs bytes.Buffer
	list.WriteString(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[`)
	for i, line := range lines {
		if i > 0 {
			list.WriteByte(',')
		}
		list.Write(line)
		logs.WriteString(`{"date":1.0,"log":`)
		logs.Write(line)
		logs.WriteString("}\n")
	}
	list.WriteString("]}")
	for name, path := range map[string]string{
		"gzip": recordedLog, "plain": file(t, "a", string(text)), "list": file(t, "a", list.String()), "log": file(t, "a", logs.String()),
	} {
		t.Run(name, func(t *testing.T) {
			m, s := mustReplay(t, Options{Audit: []string{path}, MaxItem: 8 << 20})
			var got [][]byte
			var d decode.AuditDecoder
			last := epoch.AddDate(-10, 0, 0)
			for i := range m.items {
				item := &m.items[i]
				a, err := d.Decode(item.Raw)
				if err != nil || item.Kind != event.KindAudit || a.StageTime.Before(last) {
					t.Fatalf("item %d at %d: %v, %v after %v", i, item.Place.Offset, err, a.StageTime, last)
				}
				last = a.StageTime
				got = append(got, item.Raw)
			}
			want := slices.Clone(lines)
			slices.SortFunc(want, bytes.Compare)
			slices.SortFunc(got, bytes.Compare)
			if !slices.EqualFunc(got, want, bytes.Equal) || s.Late() > 0 {
				t.Errorf("%d items of %d lines, late %d", len(got), len(want), s.Late())
			}
		})
	}
}

func unzipped(tb testing.TB, path string) []byte {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // Nothing was written.
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
