package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestReplayEqualsThePlugin has the plugin read a recording, the audit log from a file
// and the rest from a server, and replays the same: the records are the same bytes, but
// for the times at which they were made.
func TestReplayEqualsThePlugin(t *testing.T) {
	rec := loadRecording(t)
	replay := rec.replayed(t)
	eachHost(t, func(t *testing.T, h host) {
		want := sorted(t, replay, h.real)
		got := rec.ran(t, h, len(want["object_status"]), len(want["application_status"]))
		for _, typ := range []string{"audit", "event", "object_status", "application_status"} {
			if len(got[typ]) == 0 {
				t.Errorf("no records of type %s", typ)
			}
			differ := 0
			for id, line := range want[typ] {
				if got[typ][id] != line {
					if differ++; differ <= 3 {
						t.Errorf("%s %s: the plugin says\n%s\nand the replay\n%s", typ, id, got[typ][id], line)
					}
				}
			}
			if differ > 3 || len(got[typ]) != len(want[typ]) {
				t.Errorf("%s: %d of the plugin, %d of the replay, %d of these differ", typ, len(got[typ]), len(want[typ]), differ)
			}
			t.Logf("%s: %d records, all the same bytes: %v", typ, len(want[typ]), differ == 0)
		}
	})
}

// recording is what was recorded of a cluster, as if it had been just now: warnings are
// evidence for an hour.
type recording struct {
	dir                    string
	audit, events, objects []byte
	options                map[string]string
	lines                  int
}

func loadRecording(t *testing.T) *recording {
	t.Helper()
	r := &recording{dir: t.TempDir(), options: map[string]string{"cluster_name": "recorded", "audit_bodies": "all"}}
	audit, events, objects := unzipped(t, "audit.jsonl.gz"), unzipped(t, "events.json.gz"), unzipped(t, "objects.json.gz")
	// One shift for all, of whole seconds, so that all times keep their distances.
	shift := time.Since(newestTime(t, audit)).Truncate(time.Second) - 2*time.Second
	r.audit, r.events, r.objects = shifted(t, audit, shift), shifted(t, events, shift), shifted(t, objects, shift)
	r.lines = bytes.Count(r.audit, []byte("\n"))
	for name, data := range map[string][]byte{"audit.jsonl": r.audit, "events.json": r.events, "objects.json": r.objects} {
		if err := os.WriteFile(r.path(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *recording) path(name string) string { return filepath.Join(r.dir, name) }

func unzipped(t testing.TB, name string) []byte {
	t.Helper()
	zipped, err := os.ReadFile(filepath.Join("testdata", "recording", name))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// moment is a time as Kubernetes writes them, of the day of the recording.
var moment = regexp.MustCompile(`2026-11-21T0[0-9]:\d\d:\d\d(\.\d+)?Z`)

func newestTime(t *testing.T, audit []byte) time.Time {
	t.Helper()
	var newest time.Time
	for line := range bytes.Lines(audit) {
		var head struct{ StageTimestamp time.Time }
		if err := json.Unmarshal(line, &head); err != nil {
			t.Fatal(err)
		}
		if head.StageTimestamp.After(newest) {
			newest = head.StageTimestamp
		}
	}
	return newest
}

// shifted moves all times, and keeps how many digits they have.
func shifted(t *testing.T, data []byte, by time.Duration) []byte {
	t.Helper()
	return moment.ReplaceAllFunc(data, func(b []byte) []byte {
		at, err := time.Parse(time.RFC3339Nano, string(b))
		if err != nil {
			t.Fatal(err)
		}
		_, fraction, _ := strings.Cut(strings.TrimSuffix(string(b), "Z"), ".")
		layout := "2006-01-02T15:04:05Z"
		if fraction != "" {
			layout = "2006-01-02T15:04:05." + strings.Repeat("0", len(fraction)) + "Z"
		}
		return []byte(at.Add(by).Format(layout))
	})
}

// byType are records by their type and what they are about.
type byType map[string]map[string]string

// replayed returns what the command makes of the recording.
func (r *recording) replayed(t *testing.T) []byte {
	t.Helper()
	args := []string{"replay", "--audit", r.path("audit.jsonl"), "--events", r.path("events.json"), "--objects", r.path("objects.json"), "--quiet"}
	for key, value := range r.options {
		args = append(args, "-p", key+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(command, args...)
	// The salt of the hashes is the plugin's, see ran.
	cmd.Args = append(cmd.Args, "-p", "redact_salt_file="+r.path("salt"))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// ran returns what the plugin makes of it. Objects are listed once everything else was
// read: what an event warns of is then known by the time that statuses are told.
func (r *recording) ran(t *testing.T, h host, objects, applications int) byType {
	t.Helper()
	srv := newRecordingServer(t, r.events, r.objects)
	log := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(log, r.audit, 0o600); err != nil {
		t.Fatal(err)
	}
	options := map[string]string{
		"kube_url": srv.URL, "audit_path": log, "kube_retention_time": "0", "correlate_wait": "0",
		"monitor_interval": "1s", "redact_salt_file": r.path("salt"), "status_settle": "1s",
	}
	maps.Copy(options, r.options)
	run := newRun(t, h, options)
	p := run.start(t)
	records := &reader{path: run.out}
	// isReading reports whether a source has read all that there is.
	isReading := func(name, state string) func() bool {
		return func() bool {
			for _, rec := range records.of(t, "monitor_status") {
				for _, s := range rec.Monitor.Sources {
					if s["name"] == name && s["state"] == state && s["behind_bytes"] == nil && s["last_received"] != nil {
						return true
					}
				}
			}
			return false
		}
	}
	eventually(t, time.Minute, "the audit log to be read", isReading("audit_file", "reading"))
	srv.open(eventsPath)
	eventually(t, time.Minute, "the events to be read", isReading("events", "watching"))
	srv.open(podsPath, replicaSetsPath, deploymentsPath)
	eventually(t, time.Minute, "the statuses", func() bool {
		return len(records.of(t, "object_status")) >= objects && len(records.of(t, "application_status")) >= applications
	})
	p.terminate(t)
	data, err := os.ReadFile(run.out)
	if err != nil {
		t.Fatal(err)
	}
	return sorted(t, data, h.real)
}

// sorted returns records without the times at which they were made. Fluent Bit's own
// output writes JSON in its own way: of that the content counts.
func sorted(t *testing.T, lines []byte, foreign bool) byType {
	t.Helper()
	all := byType{}
	for line := range bytes.Lines(lines) {
		var rec struct {
			Type, ID, Time string
			Since          string
			Object         struct{ Kind, Namespace, Name string }
			Application    struct{ Name, Namespace string }
		}
		if err := json.Unmarshal(line, &rec); err != nil {
			continue // The host's own line.
		}
		key, text := rec.ID, strings.TrimSpace(string(line))
		if rec.Type == "object_status" || rec.Type == "application_status" {
			key = fmt.Sprint(rec.Object, rec.Application)
			text = strings.Replace(text, `"time":"`+rec.Time+`"`, `"time":""`, 1)
			text = strings.Replace(text, `"id":"`+rec.ID+`"`, `"id":""`, 1)
			text = strings.Replace(text, `"since":"`+rec.Since+`"`, `"since":""`, 1)
		}
		if foreign {
			text = canonical(t, text)
		}
		if all[rec.Type] == nil {
			all[rec.Type] = map[string]string{}
		}
		all[rec.Type][key] = text
	}
	return all
}

// canonical writes JSON in one way.
func canonical(t *testing.T, text string) string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(rounded(v))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rounded has fractions of as many digits as Fluent Bit writes rightly.
func rounded(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = rounded(member)
		}
	case []any:
		for i, element := range v {
			v[i] = rounded(element)
		}
	case json.Number:
		if f, err := v.Float64(); err == nil && strings.Contains(v.String(), ".") {
			return strconv.FormatFloat(f, 'g', 12, 64)
		}
	}
	return v
}
