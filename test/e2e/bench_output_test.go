package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// outputLines is how many lines are in the log that BenchmarkOutput has read.
const outputLines = 40_000

// BenchmarkOutput has the same audit log read by Fluent Bit's tail, and written by
// Fluent Bit's own outputs file and http and by this plugin: to a file and to the same
// web server, which reads and says that all is well. It reports what the whole process
// needs from its start until the last record has arrived, and how that compares with
// Fluent Bit's own output to the same place. Those write lines as they are; the plugin
// takes them apart, deduplicates, filters and redacts besides.
//
// The lines are a recorded sample, multiplied; CORPUS_DIR may name a folder whose
// audit-mixed.jsonl is taken instead.
func BenchmarkOutput(b *testing.B) {
	if fluentbit.Path() == "" {
		b.Skip("NOT RUN: no Fluent Bit was found")
	}
	log := filepath.Join(b.TempDir(), "audit.log")
	size := multiply(b, append(sampleOf(b, "Metadata"), sampleOf(b, "RequestResponse")...), outputLines, log)
	b.Logf("%d lines, %d bytes each", outputLines, size/outputLines)
	for _, parser := range []string{"", "json"} {
		for _, to := range []string{"file", "http"} {
			var own time.Duration
			var cpu time.Duration
			for _, output := range []string{to, "live_status,bodies=off", "live_status,bodies=all"} {
				name := fmt.Sprintf("parser=%s/to=%s/output=%s", cmp.Or(parser, "none"), to, output)
				plugin, bodies, _ := strings.Cut(output, ",bodies=")
				b.Run(name, func(b *testing.B) {
					for range b.N {
						m := writeThrough(b, log, parser, plugin, to, bodies)
						b.ReportMetric(outputLines/m.wall.Seconds(), "records/s")
						b.ReportMetric(float64(size)/1e6/m.wall.Seconds(), "MB/s")
						b.ReportMetric(float64(m.cpu.Microseconds())/outputLines, "cpu-µs/record")
						b.ReportMetric(m.peak, "MB-rss-peak")
						if plugin == to {
							own, cpu = m.wall, m.cpu
						} else if own > 0 {
							b.ReportMetric(own.Seconds()/m.wall.Seconds(), "x-of-own-speed")
							b.ReportMetric(m.cpu.Seconds()/cpu.Seconds(), "x-of-own-cpu")
						}
					}
				})
			}
		}
	}
}

// writeThrough measures one output.
func writeThrough(b *testing.B, log, parser, plugin, to, bodies string) measured {
	b.Helper()
	c := newCollector(b, host{name: "fluent-bit", real: true})
	var arrived atomic.Int64
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := countLines(r.Body)
		if err != nil {
			return
		}
		arrived.Add(n)
		w.WriteHeader(http.StatusNoContent)
	})}
	listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	defer func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
		<-done
	}()
	count := arrived.Load
	if to == "file" {
		count = (&lineFollower{path: c.out}).lines
	}
	text := c.benchConfig(log, parser, plugin, to, listener.Addr().String(), bodies)
	if err := os.WriteFile(c.config(), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	c.out = filepath.Join(c.dir, "stdout")
	p := c.start(b)
	for count() < outputLines {
		select {
		case <-p.done:
			b.Fatalf("the host ended by itself: %v", p.err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > 5*time.Minute {
			b.Fatalf("%d of %d records in five minutes", count(), outputLines)
		}
	}
	m := measured{wall: time.Since(began), cpu: p.cpu(b), peak: p.megabytes(b, "VmHWM")}
	p.kill()
	return m
}

// benchConfig differs in the output only.
func (c *collector) benchConfig(log, parser, plugin, to, address, bodies string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "service:\n  flush: 1\n  log_level: warn\nplugins:\n  - %s\n%spipeline:\n  inputs:\n", outputPlugin, parsers)
	input := c.tail("audit", log, parser)
	// In memory, as fast as it goes.
	delete(input.options, "mem_buf_limit")
	delete(input.options, "storage.type")
	writeSection(&b, input)
	b.WriteString("  outputs:\n")
	options := map[string]string{"match": "*", "workers": "1", "retry_limit": "no_limits"}
	host, port, _ := strings.Cut(address, ":")
	switch plugin {
	case "file":
		options["path"], options["file"] = c.dir, filepath.Base(c.out)
		// A JSON object a line; what is nothing but JSON has no time and no tag.
		options["format"] = "plain"
	case "http":
		options["host"], options["port"], options["format"], options["json_date_key"] = host, port, "json_lines", "false"
	default:
		for _, key := range []string{"cluster_name", "db", "audit_stages"} {
			options[key] = c.forward[key]
		}
		options["monitor_interval"], options["audit_bodies"], options["forward_file_max_size"] = "0", bodies, "10GiB"
		options["forward_to"] = "file:" + c.out
		if to == "http" {
			options["forward_to"] = "http://" + address + "/"
		}
	}
	writeSection(&b, section{plugin, options})
	return b.String()
}

// countLines reads to the end.
func countLines(r io.Reader) (n int64, err error) {
	buf := make([]byte, 256<<10)
	for {
		k, err := r.Read(buf)
		n += int64(bytes.Count(buf[:k], []byte("\n")))
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// lineFollower counts the lines of a file that grows.
type lineFollower struct {
	path   string
	offset int64
	n      int64
}

func (f *lineFollower) lines() int64 {
	file, err := os.Open(f.path)
	if err != nil {
		return f.n // It is not there yet.
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Seek(f.offset, io.SeekStart); err != nil {
		return f.n
	}
	counted, err := countLines(file)
	if err != nil {
		return f.n
	}
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return f.n
	}
	f.offset, f.n = at, f.n+counted
	return f.n
}
