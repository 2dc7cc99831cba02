package auditfile

import (
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestLogOf(t *testing.T) {
	for _, tt := range []struct {
		name, log string
		rotated   bool
	}{
		{"audit.log", "audit.log", false},
		{"kube-apiserver-audit.log", "kube-apiserver-audit.log", false},
		{"node-10.log", "node-10.log", false},
		{"audit.json", "audit.json", false},
		{"audit", "audit", false},
		{"audit.log.gz", "audit.log", true},
		{"audit.log.1", "audit.log", true},
		{"audit.log.12.gz", "audit.log", true},
		{"audit-2026-11-21T10-00-00.000.log", "audit.log", true},
		{"audit-2026-11-21T10-00-00.000.log.gz", "audit.log", true},
		{"audit-2026-11-21T10-00-00.000", "audit", true},
		{"audit.log-20261121", "audit.log", true},
		{"audit.log-20261121.gz", "audit.log", true},
		{"audit.log-2026112110", "audit.log", true},
		{"audit.log-1795255200", "audit.log", true},
		{"audit.log.2026-11-21", "audit.log", true},
		{"audit-20261121.log", "audit.log", true},
		{"audit_2026-11-21_10-00-00.jsonl", "audit.jsonl", true},
	} {
		if log, rotated := logOf(tt.name); log != tt.log || rotated != tt.rotated {
			t.Errorf("%s: %s, %t", tt.name, log, rotated)
		}
	}
	for name, want := range map[string]bool{
		"audit.log": true, "audit.log.1.gz": true, "audit-2026-11-21T10-00-00.000.log": true, "a.jsonl": true,
		"policy.yaml": false, "audit.log.swp": false, "audit.log~": false, "dump.gz": false, "audit.log.xz": false,
	} {
		if isLog(name) != want {
			t.Errorf("isLog(%s) is %t", name, !want)
		}
	}
}

func TestStageTime(t *testing.T) {
	want := time.Date(2026, 11, 21, 2, 28, 54, 207207000, time.UTC)
	for line, want := range map[string]time.Time{
		`{"stageTimestamp":"2026-11-21T02:28:54.207207Z","annotations":{}}`:                                          want,
		`{"requestObject":{"stageTimestamp":"1999-01-01T00:00:00Z"},"stageTimestamp":"2026-11-21T02:28:54.207207Z"}`: want,
		`{"stageTimestamp":"yesterday"}`: {},
		`{"stageTimestamp":"2026`:        {},
		`{}`:                             {},
	} {
		if got := stageTime([]byte(line)); !got.Equal(want) {
			t.Errorf("%s: %v", line, got)
		}
	}
}

func FuzzPosition(f *testing.F) {
	p := place{offset: 1 << 40, sum: 0xdeadbeef, id: inode{1<<64 - 1, 7}, finished: true, name: "a:b.log"}
	f.Add(string(p.position()))
	f.Add("0:0:0:0::")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePosition(event.Position(s))
		if err != nil {
			return
		}
		if again, err := parsePosition(p.position()); err != nil || again != p {
			t.Fatalf("%+v became %+v, %v", p, again, err)
		}
	})
}

func TestPositionsSurvive(t *testing.T) {
	want := place{offset: 1 << 40, sum: 0xdeadbeef, id: inode{1<<64 - 1, 7}, finished: true, name: "a:b.log"}
	if got, err := parsePosition(want.position()); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, s := range []event.Position{"", "started", "1:2:3:4:5", "-1:0:0:0::", "1:100000000:0:0::", "1:x:0:0::", "99999999999999999999:0:0:0::"} {
		if _, err := parsePosition(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for _, opts := range []Options{
		{MaxLine: 1},
		{Path: "a\x00b", MaxLine: 1},
		{Path: "a[", MaxLine: 1},
		{Path: "a"},
	} {
		if _, err := New(opts); err == nil {
			t.Errorf("%+v was taken", opts)
		}
	}
}
