package pipeline

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// An id must be one that every store takes, whatever Audit-ID a client sends.
func TestAuditID(t *testing.T) {
	fp := event.Fingerprint{0xab, 0xcd, 15: 0xef}
	for _, tt := range []struct {
		id    event.AuditID
		stage event.Stage
		want  event.RecordID
	}{
		{"6d0c7f0e-3d0a-4e0c-9a41-0a1f2c7d4b11", "Panic", "audit/6d0c7f0e-3d0a-4e0c-9a41-0a1f2c7d4b11/Panic/abcd000000000000"},
		{event.AuditID(strings.Repeat("A", 64)), "Panic", "audit/" + event.RecordID(strings.Repeat("A", 64)) + "/Panic/abcd000000000000"},
		{event.AuditID(strings.Repeat("A", 65)), "Panic", "audit/abcd00000000000000000000000000ef"},
		{"a/b", "Panic", "audit/abcd00000000000000000000000000ef"},
		{"a b", "Panic", "audit/abcd00000000000000000000000000ef"},
		{"ä", "Panic", "audit/abcd00000000000000000000000000ef"},
		{"a", "another\nstage", "audit/abcd00000000000000000000000000ef"},
	} {
		if got := auditID(&event.Audit{AuditID: tt.id, Stage: tt.stage}, fp); got != tt.want {
			t.Errorf("%q, %q: %s, want %s", tt.id, tt.stage, got, tt.want)
		}
	}
}
