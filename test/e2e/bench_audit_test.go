package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/fluentbit"
)

// subject is a way to read an audit log.
type subject struct {
	name string
	// tail is Fluent Bit's own input, with its JSON parser.
	tail   bool
	host   host
	bodies string
}

// BenchmarkAuditFile reads the same audit log with Fluent Bit's tail input and
// JSON parser and with this plugin, in Fluent Bit and in the plugin host. It
// reports what the whole process needs, from its start until the last record was
// handed over: Fluent Bit's output is null; the plugin host's own is JSON, which
// nobody keeps. tail remembers its offset; the plugin deduplicates, filters and
// redacts besides.
//
// The lines are a recorded sample, multiplied, each with an Audit-ID and times of
// its own. CORPUS_DIR may name a folder whose audit-mixed.jsonl is taken instead.
func BenchmarkAuditFile(b *testing.B) {
	for _, file := range []struct {
		level string
		lines int
	}{{"Metadata", 200_000}, {"RequestResponse", 40_000}} {
		path := filepath.Join(b.TempDir(), "audit.log")
		size := multiply(b, sampleOf(b, file.level), file.lines, path)
		b.Logf("%s: %d lines, %d bytes each", file.level, file.lines, size/int64(file.lines))
		for _, s := range subjects() {
			b.Run("level="+file.level+"/with="+s.name, func(b *testing.B) {
				for range b.N {
					m := s.measure(b, path, file.lines)
					n := float64(file.lines)
					b.ReportMetric(n/m.wall.Seconds(), "records/s")
					b.ReportMetric(float64(size)/1e6/m.wall.Seconds(), "MB/s")
					b.ReportMetric(float64(m.cpu.Microseconds())/n, "cpu-µs/record")
					b.ReportMetric(m.peak, "MB-rss-peak")
				}
			})
		}
	}
}

func subjects() []subject {
	var all []subject
	if fluentbit.Path() != "" {
		all = append(all, subject{name: "tail+json", tail: true, host: host{name: "fluent-bit", real: true}})
	}
	for _, h := range hosts() {
		for _, bodies := range []string{"off", "all"} {
			all = append(all, subject{name: h.name + ",bodies=" + bodies, host: h, bodies: bodies})
		}
	}
	return all
}

// measured is what a process needed.
type measured struct {
	wall, cpu time.Duration
	peak      float64
}

func (s subject) measure(b *testing.B, log string, lines int) measured {
	b.Helper()
	r := &run{host: s.host, dir: b.TempDir()}
	r.log = filepath.Join(r.dir, "host.log")
	b.Cleanup(func() { r.explain(b) })
	port, err := controlplane.FreePort(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(r.config(), []byte(s.config(r.dir, log, port)), 0o600); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	var count func() int
	p := r.startWith(b, func(cmd *exec.Cmd) {
		if s.host.real {
			count = func() int { return ingested(b, port) }
			return
		}
		printed := &lineCounter{}
		cmd.Stdout = printed
		count = func() int { return int(printed.n.Load()) }
	})
	for count() < lines {
		select {
		case <-p.done:
			b.Fatalf("the host ended by itself: %v", p.err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > 5*time.Minute {
			b.Fatalf("%d of %d records in five minutes", count(), lines)
		}
	}
	m := measured{wall: time.Since(began), cpu: p.cpu(b), peak: p.megabytes(b, "VmHWM")}
	p.kill()
	return m
}

// config is that of the host. Batches are as large as they may be: a host asks
// for one a second.
func (s subject) config(dir, log string, port int) string {
	var b strings.Builder
	b.WriteString("service:\n  flush: 1\n  log_level: warn\n")
	if s.host.real {
		fmt.Fprintf(&b, "  http_server: on\n  http_listen: 127.0.0.1\n  http_port: %d\n", port)
	}
	if s.tail {
		b.WriteString("parsers:\n  - name: audit\n    format: json\npipeline:\n  inputs:\n    - name: tail\n")
		fmt.Fprintf(&b, "      path: %q\n      parser: audit\n      read_from_head: on\n      db: %q\n", log, filepath.Join(dir, "tail.db"))
	} else {
		fmt.Fprintf(&b, "plugins:\n  - %s\npipeline:\n  inputs:\n    - name: live_status\n", plugin)
		options := auditOptions(filepath.Join(dir, "cursor.db"))
		options["audit_path"], options["audit_bodies"] = log, s.bodies
		options["batch_max_bytes"], options["monitor_interval"] = "64MiB", "1h"
		for key, value := range options {
			fmt.Fprintf(&b, "      %s: %q\n", key, value)
		}
	}
	b.WriteString("      tag: audit\n")
	if s.host.real {
		b.WriteString("  outputs:\n    - name: \"null\"\n      match: '*'\n")
	} else {
		b.WriteString("  outputs:\n    - name: stdout\n      match: '*'\n")
	}
	return b.String()
}

// lineCounter counts the lines that are written to it.
type lineCounter struct{ n atomic.Int64 }

func (c *lineCounter) Write(p []byte) (int, error) {
	c.n.Add(int64(bytes.Count(p, []byte("\n"))))
	return len(p), nil
}

// ingested asks Fluent Bit how many records its one input has handed over.
func ingested(b *testing.B, port int) int {
	b.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/v1/metrics", port))
	if err != nil {
		return 0 // It is only starting.
	}
	defer func() { _ = response.Body.Close() }()
	var metrics struct {
		Input map[string]struct {
			Records int `json:"records"`
		} `json:"input"`
	}
	if json.NewDecoder(response.Body).Decode(&metrics) != nil {
		return 0
	}
	n := 0
	for _, input := range metrics.Input {
		n = max(n, input.Records)
	}
	return n
}

// cpu is what the process has used so far, all threads, user and system.
func (p *process) cpu(t testing.TB) time.Duration {
	t.Helper()
	stat := string(p.proc(t, "stat"))
	// The name, in parentheses, may hold anything; fields are counted behind it.
	f := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	var ticks int64
	for _, field := range f[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	// The kernel tells user space of hundredths of a second, on any machine.
	return time.Duration(ticks) * time.Second / 100
}

// sampleOf returns recorded lines of a level.
func sampleOf(b *testing.B, level string) [][]byte {
	b.Helper()
	var content io.Reader
	if dir := os.Getenv("CORPUS_DIR"); dir != "" {
		f, err := os.Open(filepath.Join(dir, "audit-mixed.jsonl"))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		content = f
	} else {
		f, err := os.Open(filepath.Join("testdata", "audit-"+strings.ToLower(level)+".jsonl.gz"))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if content, err = gzip.NewReader(f); err != nil {
			b.Fatal(err)
		}
	}
	var lines [][]byte
	scanner := bufio.NewScanner(content)
	scanner.Buffer(nil, 8<<20)
	for scanner.Scan() {
		if bytes.Contains(scanner.Bytes(), []byte(`"level":"`+level+`"`)) {
			lines = append(lines, bytes.Clone(scanner.Bytes()))
		}
	}
	if err := errors.Join(scanner.Err(), notEmpty(lines)); err != nil {
		b.Fatal(err)
	}
	return lines
}

func notEmpty(lines [][]byte) error {
	if len(lines) == 0 {
		return errors.New("no lines of that level")
	}
	return nil
}

// multiply writes n lines, each with an Audit-ID and times of its own, and
// returns their size.
func multiply(b *testing.B, sample [][]byte, n int, path string) int64 {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	at := time.Now().Add(-time.Hour).UTC()
	var size int64
	for i := range n {
		at = at.Add(50 * time.Microsecond)
		stamp := at.Format("2006-01-02T15:04:05.000000Z")
		line := bytes.Clone(sample[i%len(sample)])
		overwrite(b, line, "auditID", fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
		overwrite(b, line, "requestReceivedTimestamp", stamp)
		overwrite(b, line, "stageTimestamp", stamp)
		written, err := out.Write(append(line, '\n'))
		if err != nil {
			b.Fatal(err)
		}
		size += int64(written)
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
	return size
}

// overwrite replaces the value of a key by one of the same length.
func overwrite(b *testing.B, line []byte, key, value string) {
	b.Helper()
	i := bytes.LastIndex(line, []byte(`"`+key+`":"`))
	if i < 0 {
		b.Fatalf("a sample without %s: %.100s", key, line)
	}
	i += len(key) + 4
	if end := bytes.IndexByte(line[i:], '"'); end != len(value) {
		b.Fatalf("a sample with a %s of %d bytes, want %d", key, end, len(value))
	}
	copy(line[i:], value)
}
