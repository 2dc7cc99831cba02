package decode

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// BenchmarkAudit decodes recorded lines: of level Metadata about 1 KB, of
// RequestResponse about 5 KB.
func BenchmarkAudit(b *testing.B) {
	var d AuditDecoder
	for _, level := range []event.Level{event.LevelMetadata, event.LevelRequest, event.LevelRequestResponse} {
		b.Run(string(level), func(b *testing.B) {
			var lines [][]byte
			size := 0
			for _, line := range auditCorpus(b)["audit-mixed.jsonl"] {
				if a, err := d.Decode(line); err == nil && a.Level == level {
					lines = append(lines, line)
					size += len(line)
				}
			}
			if len(lines) == 0 {
				b.Skip("no such lines")
			}
			b.SetBytes(int64(size / len(lines)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := d.Decode(lines[i%len(lines)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
