package e2e

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// replayedBytes is how large the audit log is that is replayed, at least.
const replayedBytes = 1_000_000_000

// BenchmarkReplay replays a large audit log, with and without the bodies of requests,
// which cost redaction. Memory is the command's own process.
func BenchmarkReplay(b *testing.B) {
	log := filepath.Join(b.TempDir(), "audit.jsonl")
	recorded := bytes.Split(bytes.TrimSpace(unzipped(b, "audit.jsonl.gz")), []byte("\n"))
	lines := replayedBytes / (len(bytes.Join(recorded, []byte("\n"))) / len(recorded))
	size := multiply(b, recorded, lines+len(recorded), log)
	for _, bodies := range []string{"off", "all"} {
		b.Run("bodies="+bodies, func(b *testing.B) {
			for b.Loop() {
				cmd := exec.Command(command, "replay", "--audit", log, "-p", "audit_bodies="+bodies)
				var summary bytes.Buffer
				cmd.Stderr = &summary
				began := time.Now()
				if err := cmd.Run(); err != nil {
					b.Fatalf("%v: %s", err, summary.Bytes())
				}
				took := time.Since(began)
				usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
				if !ok {
					b.Fatal("no usage of resources is told")
				}
				b.ReportMetric(float64(size)/1e6/took.Seconds(), "MB/s")
				b.ReportMetric(float64(usage.Maxrss)/1024, "peak-MiB")
				b.Logf("%.1f GB in %v: %s", float64(size)/1e9, took.Round(time.Millisecond), bytes.TrimSpace(summary.Bytes()))
			}
		})
	}
}
