package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

func auditLine(at time.Time) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a-1","stage":"ResponseComplete","requestURI":"/api/v1/pods?secret=geheim","verb":"list","stageTimestamp":%q}`+"\n",
		at.UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
}

func TestAuditFile(t *testing.T) {
	now := time.Now()
	fresh, stale := auditLine(now.Add(-3*time.Second)), auditLine(now.Add(-30*time.Minute))
	for _, tt := range []struct {
		name, content string
		backups       int
		want          string
	}{
		{"fresh", stale + fresh, 2, "audit-file ok: ...audit.log: newest event 3...s old, 2 backups"},
		{"half a line", fresh + `{"kind":"Event","audi`, 0, "audit-file ok: ...newest event 3...s old, 0 backups"},
		{"long lines", strings.Repeat("x", 200_000) + "\n" + stale[:len(stale)-2] + `,"responseObject":"` + strings.Repeat("y", 300_000) + `"}` + "\n", 0, "audit-file warning: ...newest event 30m"},
		{"stale", stale, 1, "audit-file warning: ...newest event 30m...s old, 1 backup -> kube-apiserver writes all the time"},
		{"empty", "", 0, "audit-file warning: ...it has no whole line yet (0 backups) -> see that kube-apiserver has an audit policy"},
		{"legacy", "2030-01-01T00:00:00Z AUDIT: id=geheim\n", 0, "audit-file failed: ...the last line is no audit event: ... -> name the audit log in audit_path"},
		{"another kind", `{"kind":"Pod","apiVersion":"v1"}` + "\n", 0, "audit-file failed: ...its kind is not Event"},
		{"one very long line", strings.Repeat("x", 400_000), 0, "audit-file warning: ...no whole line"},
		{"very long lines", strings.Repeat("x", 400_000) + "\n" + strings.Repeat("x", 400_000) + "\n", 0, "audit-file warning: ...longer than audit_max_line -> raise audit_max_line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "audit.log"), []byte(tt.content))
			for i := range tt.backups {
				write(t, filepath.Join(dir, fmt.Sprintf("audit-2030-01-0%dT00-00-00.000.log", i+1)), []byte("x"))
			}
			longest := "8MiB"
			if tt.name == "very long lines" {
				longest = "4KiB"
			}
			rows := only(t, AuditFile, offline(config.Map{"audit_path": filepath.Join(dir, "audit.log"), "audit_max_line": longest}))
			says(t, rows, tt.want)
			if strings.Contains(text(rows), "geheim") {
				t.Errorf("the log is told: %s", text(rows))
			}
		})
	}
}

func TestAuditFileMissing(t *testing.T) {
	dir := t.TempDir()
	says(t, only(t, AuditFile, offline(config.Map{"audit_path": dir + "/audit.log"})), "audit-file failed: ...audit.log: there is no file of that name yet -> check audit_path, and --audit-log-path")
	says(t, only(t, AuditFile, offline(config.Map{"audit_path": dir + "/none/audit.log"})), "audit-file failed: ...there is no file of that name yet")
	write(t, dir+"/audit-2030-01-01T00-00-00.000.log", []byte("x"))
	says(t, only(t, AuditFile, offline(config.Map{"audit_path": dir + "/audit.log"})), "audit-file warning: ...there are rotated files only")
	says(t, only(t, AuditFile, config.Map{"kube_url": "http://" + refused(t)}), "audit-file skipped: audit_path is not set")
}

func TestAuditFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.log", []byte(auditLine(time.Now())))
	write(t, dir+"/b.log", []byte(auditLine(time.Now().Add(-time.Hour))))
	says(t, only(t, AuditFile, offline(config.Map{"audit_path": dir})), "audit-file ok: ...a.log", "audit-file warning: ...b.log")
}

func TestAuditFileUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	path := t.TempDir() + "/audit.log"
	write(t, path, []byte(auditLine(time.Now())))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	says(t, only(t, AuditFile, offline(config.Map{"audit_path": path})), "audit-file failed: ...permission denied -> let this process read it")
}
