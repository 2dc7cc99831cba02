package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// trailLines returns the recorded audit events, with and without bodies.
func trailLines(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, name := range []string{"audit-metadata.jsonl.gz", "audit-requestresponse.jsonl.gz"} {
		packed, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	return all
}

// What each of Fluent Bit's own inputs makes of an audit trail is recognised: the
// records are those that our own input makes of it.
func TestOutputInputs(t *testing.T) {
	realHost(t, func(t *testing.T, h host) {
		lines := trailLines(t)
		salt := filepath.Join(t.TempDir(), "salt")
		want := ownRecords(t, h, salt, lines)
		for name, input := range map[string]func(*testing.T, *collector, []string) func(){
			"tail": tails(""), "tail with the json parser": tails("json"), "tail with a time of its own": tails("audit_stage"),
			"http": posts, "forward": forwards,
		} {
			t.Run(name, func(t *testing.T) {
				c := newCollector(t, h)
				c.toFile(salt)
				send := input(t, c, lines)
				c.write(t)
				p := c.start(t)
				send()
				compare(t, c, want, "audit")
				p.terminate(t)
			})
		}
	})
}

// toFile has the collector write records to the run's file. Who shares the salt makes
// the same IDs.
func (c *collector) toFile(salt string) {
	c.forward["forward_to"] = "file:" + c.out
	c.forward["redact_salt_file"] = salt
	c.forward["audit_bodies"] = "all"
}

// ownRecords are what our input makes of an audit log, by ID, without what differs
// from run to run.
func ownRecords(t *testing.T, h host, salt string, lines []string) map[string]string {
	t.Helper()
	r := newRun(t, h)
	options := auditOptions(filepath.Join(r.dir, "cursor.db"))
	options["audit_path"], options["audit_bodies"] = filepath.Join(r.dir, "audit.log"), "all"
	options["redact_salt_file"] = salt
	if err := os.WriteFile(options["audit_path"], []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.inputs = append(r.inputs, options)
	r.configure(t)
	records := collect(r, "audit")
	p := r.start(t)
	eventually(t, time.Minute, "the records of our own input", func() bool { return len(records(t)) >= len(lines) })
	p.terminate(t)
	return records(t)
}

// collect returns what follows the records of a type: by ID, as JSON with sorted keys,
// without the time of arrival and what depends on which objects are known.
func collect(r *run, kind string) func(t testing.TB) map[string]string {
	byID := map[string]string{}
	records := &reader{path: r.out, each: func(rec record, line []byte, _ int64) {
		if rec.Type != kind {
			return
		}
		var all map[string]any
		if json.Unmarshal(line, &all) == nil {
			// The output plugin knows more of objects: what the records before told.
			for _, key := range []string{"observed_time", "correlation", "application", "owner"} {
				delete(all, key)
			}
			if object, ok := all["object"].(map[string]any); ok {
				delete(object, "kind")
			}
			sorted, err := json.Marshal(all)
			if err == nil {
				byID[rec.ID] = string(sorted)
			}
		}
	}}
	return func(t testing.TB) map[string]string {
		t.Helper()
		records.read(t)
		return byID
	}
}

// compare waits for the records of a type, and compares them with those wanted.
func compare(t *testing.T, c *collector, want map[string]string, kind string) {
	t.Helper()
	records := collect(c.run, kind)
	var got map[string]string
	eventually(t, time.Minute, "as many records as our own input makes", func() bool {
		got = records(t)
		return len(got) >= len(want)
	})
	differ := 0
	for _, id := range slices.Sorted(maps.Keys(got)) {
		w, ok := want[id]
		switch {
		case !ok:
			t.Errorf("a record that our own input does not make: %s", id)
		case w != got[id]:
			differ++
			t.Errorf("%s differs in %s", id, differing(t, got[id], w))
		}
	}
	t.Logf("%d records, %d of them with the same ID and another content", len(got), differ)
}

// differing describes in which keys two objects differ, and how in the first of them.
func differing(t testing.TB, got, want string) string {
	t.Helper()
	var a, b map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal([]byte(got), &a), json.Unmarshal([]byte(want), &b)); err != nil {
		t.Fatal(err)
	}
	var keys []string
	example := ""
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if !bytes.Equal(a[key], b[key]) {
			if example == "" {
				example = fmt.Sprintf(": %.300s, want %.300s", a[key], b[key])
			}
			keys = append(keys, key)
		}
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			keys = append(keys, key+" (missing)")
		}
	}
	return strings.Join(keys, ", ") + example
}

// tails has the trail read from a file.
func tails(parser string) func(*testing.T, *collector, []string) func() {
	return func(t *testing.T, c *collector, lines []string) func() {
		t.Helper()
		path := filepath.Join(c.dir, "audit.log")
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.parts = []section{c.tail("audit", path, parser)}
		return func() {}
	}
}

// posts has the trail posted, as an API server does and as others might.
func posts(t *testing.T, c *collector, lines []string) func() {
	t.Helper()
	port, err := controlplane.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.parts = []section{{"http", map[string]string{
		"tag": "audit", "listen": "127.0.0.1", "port": strconv.Itoa(port), "buffer_max_size": "32M", "storage.type": "filesystem",
	}}}
	third := len(lines) / 3
	bodies := []string{
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + strings.Join(bare(lines[:third]), ",") + "]}",
		"[" + strings.Join(lines[third:2*third], ",") + "]",
	}
	bodies = append(bodies, lines[2*third:]...)
	return func() {
		t.Helper()
		for _, body := range bodies {
			url := fmt.Sprintf("http://127.0.0.1:%d/audit", port)
			eventually(t, time.Minute, "a body is taken", func() bool {
				response, err := http.Post(url, "application/json", strings.NewReader(body))
				if err != nil {
					return false // It is only starting.
				}
				_ = response.Body.Close()
				return response.StatusCode/100 == 2
			})
		}
	}
}

// bare takes away what the items of a list do not have.
func bare(lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, strings.Replace(line, `"kind":"Event","apiVersion":"audit.k8s.io/v1",`, "", 1))
	}
	return all
}

// forwards has the trail sent by another Fluent Bit, one half of it parsed.
func forwards(t *testing.T, c *collector, lines []string) func() {
	t.Helper()
	port, err := controlplane.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.parts = []section{{"forward", map[string]string{
		"listen": "127.0.0.1", "port": strconv.Itoa(port), "buffer_chunk_size": "1M", "buffer_max_size": "32M", "storage.type": "filesystem",
	}}}
	dir := t.TempDir()
	text := "service:\n  flush: 1\n" + parsers + "pipeline:\n  inputs:\n"
	for i, part := range [][]string{lines[:len(lines)/2], lines[len(lines)/2:]} {
		path := filepath.Join(dir, fmt.Sprintf("%d.log", i))
		if err := os.WriteFile(path, []byte(strings.Join(part, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("    - name: tail\n      tag: node.%d\n      path: %s\n      read_from_head: on\n      buffer_max_size: 16M\n", i, path)
		if i == 1 {
			text += "      parser: json\n"
		}
	}
	text += fmt.Sprintf("  outputs:\n    - name: forward\n      match: '*'\n      host: 127.0.0.1\n      port: %d\n      require_ack_response: on\n      retry_limit: no_limits\n", port)
	sender := &run{host: host{real: true}, dir: dir, log: filepath.Join(dir, "host.log"), out: filepath.Join(dir, "out")}
	if err := os.WriteFile(sender.config(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		sender.start(t)
	}
}

// Fluent Bit's kubernetes_events and our own input make the same records of the same
// events, those that are counted up while they run included.
func TestOutputKubernetesEvents(t *testing.T) {
	cl := cluster(t)
	acc := newAccount(t, cl)
	realHost(t, func(t *testing.T, h host) {
		w := newWriter(t, cl.Client(), "native")
		w.create(t.Context(), t, "before", 100, 4, 0)
		salt := filepath.Join(t.TempDir(), "salt")
		options := map[string]string{"kube_objects": "off", "redact_salt_file": salt}

		own := newRun(t, h)
		input := acc.options(filepath.Join(own.dir, "cursor.db"))
		maps.Copy(input, options)
		own.inputs = append(own.inputs, input)
		own.configure(t)
		c := newCollector(t, h)
		c.parts = []section{{"kubernetes_events", map[string]string{
			"tag": "kube", "kube_url": cl.URL(), "kube_ca_file": cl.CAFile(), "kube_token_file": acc.token, "storage.type": "filesystem",
		}}}
		c.toFile(salt)
		maps.Copy(c.forward, options)
		c.write(t)
		ours, theirs := own.start(t), c.start(t)
		wanted := collect(own, "event")
		eventually(t, time.Minute, "the events from before", func() bool { return len(wanted(t)) >= len(w.latest) })
		// Those that arrive from here on are of the watch, in both.
		records := collect(c.run, "event")
		eventually(t, time.Minute, "the events from before, natively", func() bool { return len(records(t)) >= len(w.latest) })
		w.create(t.Context(), t, "during", 100, 4, 50)
		w.bump(t.Context(), t, w.uids(50))
		eventually(t, time.Minute, "all versions", func() bool { return len(wanted(t)) >= len(w.written) })
		compare(t, c, wanted(t), "event")
		ours.terminate(t)
		theirs.terminate(t)
	})
}
