package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// outputPlugin is what `make build` has built.
var outputPlugin = built("out_live_status.so")

// grace is how long the host waits at its end for what is under way.
const grace = 5 * time.Second

// collector is a host that has inputs of its own, and the output plugin.
type collector struct {
	*run
	// parts are the inputs.
	parts []section
	// forward are the options of the output plugin.
	forward map[string]string
	// service has further keys of that part, in place of the default ones.
	service map[string]string
	// resolver stands in the place of /etc/resolv.conf; empty for this machine's.
	resolver string
}

// section is a plugin and its options.
type section struct {
	name    string
	options map[string]string
}

// realHost runs a test of Fluent Bit's own inputs.
func realHost(t *testing.T, f func(t *testing.T, h host)) {
	t.Helper()
	if fluentbit.Path() == "" {
		t.Skip("NOT RUN: no Fluent Bit was found")
	}
	t.Run("fluent-bit", func(t *testing.T) { f(t, host{name: "fluent-bit", real: true}) })
}

func newCollector(t testing.TB, h host) *collector {
	t.Helper()
	if _, err := os.Stat(outputPlugin); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	dir := t.TempDir()
	c := &collector{
		run: &run{host: h, dir: dir, flush: "1", out: filepath.Join(dir, "records.jsonl"), log: filepath.Join(dir, "host.log")},
		forward: map[string]string{
			"match": "*", "cluster_name": "e2e", "db": filepath.Join(dir, "cursor.db"), "workers": "2", "retry_limit": "no_limits",
			"audit_stages": "*", "monitor_interval": "5s", "flush_timeout": "1s",
		},
		service: map[string]string{},
	}
	t.Cleanup(func() { c.explain(t) })
	return c
}

// storage is where the host keeps its chunks.
func (c *collector) storage() string { return filepath.Join(c.dir, "storage") }

// deadLetters is where the output plugin is to put what is refused for good.
func (c *collector) deadLetters() string { return filepath.Join(c.dir, "dead-letters.jsonl") }

// parsers are what the inputs may name. The plugin host knows only the first, by that
// name.
const parsers = `parsers:
  - name: json
    format: json
  - name: audit_stage
    format: json
    time_key: stageTimestamp
    time_format: "%Y-%m-%dT%H:%M:%S.%LZ"
`

// write writes the configuration.
func (c *collector) write(t testing.TB) {
	t.Helper()
	service := map[string]string{
		"flush": c.flush, "grace": strconv.Itoa(int(grace / time.Second)), "log_level": "info", "storage.path": c.storage(),
		"scheduler.base": "1", "scheduler.cap": "3",
		// Little is to be in memory of what waits on disk.
		"storage.max_chunks_up": "8", "storage.backlog.mem_limit": "5M",
	}
	maps.Copy(service, c.service)
	var b strings.Builder
	b.WriteString("service:\n")
	writeOptions(&b, "  ", service)
	fmt.Fprintf(&b, "plugins:\n  - %s\n%spipeline:\n  inputs:\n", outputPlugin, parsers)
	for _, part := range c.parts {
		writeSection(&b, part)
	}
	b.WriteString("  outputs:\n")
	writeSection(&b, section{"live_status", c.forward})
	if err := os.WriteFile(c.config(), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeSection(b *strings.Builder, s section) {
	fmt.Fprintf(b, "    - name: %s\n", s.name)
	writeOptions(b, "      ", s.options)
}

func writeOptions(b *strings.Builder, indent string, options map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(options)) {
		// Fluent Bit tells numbers and texts apart.
		if _, err := strconv.Atoi(options[key]); err == nil {
			fmt.Fprintf(b, "%s%s: %s\n", indent, key, options[key])
		} else {
			fmt.Fprintf(b, "%s%s: %q\n", indent, key, options[key])
		}
	}
}

// tail is an input that follows an audit log; parser may be empty.
func (c *collector) tail(tag, path, parser string) section {
	options := map[string]string{
		"tag": tag, "path": path, "read_from_head": "on", "refresh_interval": "1", "db": filepath.Join(c.dir, tag+".db"),
		"buffer_chunk_size": "256k", "buffer_max_size": "16M", "mem_buf_limit": "5M", "storage.type": "filesystem",
	}
	if parser != "" {
		options["parser"] = parser
	}
	return section{"tail", options}
}

// start starts the host.
func (c *collector) start(t testing.TB) *process {
	t.Helper()
	return c.startWith(t, func(cmd *exec.Cmd) {
		cmd.Stdout = c.appendTo(t, c.out)
		if c.resolver != "" {
			resolveBy(cmd, c.resolver)
		}
	})
}

// chunks counts the chunks that the host has on disk: of what it was not told that
// all of it has arrived, or never will.
func (c *collector) chunks(t testing.TB) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(c.storage(), func(path string, _ fs.DirEntry, err error) error {
		// The plugin host's end in .flb.host.
		if strings.HasSuffix(strings.TrimSuffix(path, ".host"), ".flb") {
			n++
		}
		if os.IsNotExist(err) {
			return nil // It is gone meanwhile.
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// memory follows the resident memory of a process.
type memory struct {
	mu      sync.Mutex
	samples []float64
	stopped chan struct{}
	done    sync.WaitGroup
}

func watchMemory(t testing.TB, p *process) *memory {
	t.Helper()
	m := &memory{stopped: make(chan struct{})}
	status := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	m.done.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-m.stopped:
				return
			case <-p.done:
				return
			case <-tick.C:
			}
			data, err := os.ReadFile(status)
			if err != nil {
				return // It has ended.
			}
			m.note(data)
		}
	})
	t.Cleanup(m.stop)
	return m
}

func (m *memory) note(status []byte) {
	_, rest, found := bytes.Cut(status, []byte("VmRSS:"))
	if !found {
		return // A zombie has none.
	}
	if kb, err := strconv.ParseFloat(strings.Fields(string(rest))[0], 64); err == nil {
		m.mu.Lock()
		m.samples = append(m.samples, kb/1024)
		m.mu.Unlock()
	}
}

func (m *memory) stop() {
	m.mu.Lock()
	select {
	case <-m.stopped:
	default:
		close(m.stopped)
	}
	m.mu.Unlock()
	m.done.Wait()
}

// peaks are the most of the first and of the second half of the time, in MB.
func (m *memory) peaks() (first, second float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range m.samples {
		if i < len(m.samples)/2 {
			first = max(first, s)
		} else {
			second = max(second, s)
		}
	}
	return first, second
}
