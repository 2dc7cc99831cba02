package docs

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// recorder runs the input on the documented cursor, in the background.
const recorder = `live-status-host -e build/in_live_status.so -i live_status -p kube_config=$KUBECONFIG -p db=/var/lib/fluent-bit/live-status.db -p monitor_interval=1s -f 1`

// backup makes a backup as docs/OPERATIONS.md says it, while the plugin runs, puts it
// back over a cursor that is gone, and sees that nothing is told again.
func backup(t *testing.T, p *place, commands map[string]string) {
	t.Helper()
	if commands["backup"] == "" || commands["restore"] == "" {
		t.Fatal("docs/OPERATIONS.md does not say how to make a backup and put it back")
	}
	p.write(t, "kept/.keep", "")
	p.write(t, "backup/.keep", "")
	here := func(text string) string {
		text = strings.ReplaceAll(text, "/var/lib/fluent-bit", filepath.Join(p.dir, "kept"))
		return strings.ReplaceAll(text, "/backup", filepath.Join(p.dir, "backup"))
	}
	// All that was told is in the cursor once there are as many keys as events.
	p.play(t, &scene{}, here(recorder+` > first.jsonl 2> first.log & host=$!
kept() { sqlite3 -readonly /var/lib/fluent-bit/live-status.db 'SELECT (SELECT count(*) FROM seen) * min(1, (SELECT count(*) FROM status))' 2> first.err || echo 0; }
told() { grep -c '"type":"event"' first.jsonl || true; }
for _ in $(seq 600); do
  events=$(told)
  if [ "$events" -gt 0 ] && [ "$(kept)" -ge "$events" ]; then break; fi
  sleep 0.1
done
[ "$(told)" -gt 0 ]
`+commands["backup"]+`
kill -INT $host; wait $host
rm -f /var/lib/fluent-bit/live-status.db*
`+commands["restore"]))
	// tee ends with the code of an interrupt.
	p.play(t, &scene{Until: `(?s)("phase":"running".*){3}`, Exit: "any"}, here(recorder+" 2> second.log | tee second.jsonl"))
	first := ids(t, filepath.Join(p.dir, "first.jsonl"))
	if len(first) == 0 {
		t.Error("nothing was told before the backup")
	}
	repeated := 0
	for id := range ids(t, filepath.Join(p.dir, "second.jsonl")) {
		if first[id] {
			repeated++
		}
	}
	if repeated > 0 {
		t.Errorf("%d of %d events are told again after the backup was put back\n%s", repeated, len(first), tail(read(t, filepath.Join(p.dir, "second.log"))))
	}
	if log := read(t, filepath.Join(p.dir, "second.log")); strings.Contains(log, "another salt") {
		t.Errorf("the salt is not that of the cursor\n%s", tail(log))
	}
	t.Logf("%d events before the backup, none of them again after it was put back", len(first))
}

// ids are those of the events in a file of records.
func ids(t *testing.T, path string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for line := range strings.Lines(read(t, path)) {
		var record struct{ Type, ID string }
		if err := json.Unmarshal([]byte(line), &record); err == nil && record.Type == "event" {
			out[record.ID] = true
		}
	}
	return out
}
