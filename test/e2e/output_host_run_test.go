package e2e

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// loaded is a host with the input tail, of which each file has a tag and so chunks
// of its own, and any number of outputs of the plugin.
type loaded struct {
	*run
	// service has further lines of that part.
	service string
	outputs []map[string]string
	// env is what the host has more in its environment.
	env  []string
	seen *hostLog
}

// pressure has Go collect garbage all the time, overwrite what it frees, and say
// that it collects.
const pressure = "GODEBUG=gctrace=1,clobberfree=1"

func newLoaded(t testing.TB, h host) *loaded {
	t.Helper()
	if _, err := os.Stat(outputPlugin); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	l := &loaded{
		run: &run{host: h, dir: dir, flush: "0.1", out: filepath.Join(dir, "stdout"), log: filepath.Join(dir, "host.log")},
		env: []string{pressure, "GOGC=5"},
	}
	l.seen = &hostLog{path: l.log}
	t.Cleanup(func() { l.explain(t) })
	return l
}

// logs are the files that the host reads.
func (l *loaded) logs(count int) []string {
	var all []string
	for i := range count {
		all = append(all, filepath.Join(l.dir, "logs", fmt.Sprintf("audit-%d.log", i)))
	}
	return all
}

// output adds an output of the plugin.
func (l *loaded) output(name, to string, workers int) {
	l.outputs = append(l.outputs, map[string]string{
		"match": "*", "alias": name, "cluster_name": "e2e", "db": filepath.Join(l.dir, name+".db"), "workers": strconv.Itoa(workers),
		"retry_limit": "no_limits", "audit_stages": "*", "audit_bodies": "all", "monitor_interval": "5s", "flush_timeout": "1s", "forward_to": to,
	})
}

// write writes the configuration.
func (l *loaded) write(t testing.TB) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "service:\n  flush: %s\n  grace: 10\n  log_level: debug\n  hot_reload: on\n  scheduler.base: 1\n  scheduler.cap: 2\n  storage.path: %s\n%s",
		l.flush, filepath.Join(l.dir, "storage"), l.service)
	fmt.Fprintf(&b, "plugins:\n  - %s\npipeline:\n  inputs:\n", outputPlugin)
	writeSection(&b, section{"tail", map[string]string{
		"tag": "log.*", "path": filepath.Join(l.dir, "logs", "*.log"), "read_from_head": "on", "refresh_interval": "1",
		"db": filepath.Join(l.dir, "tail.db"), "buffer_chunk_size": "256k", "buffer_max_size": "16M", "storage.type": "filesystem",
	}})
	b.WriteString("  outputs:\n")
	for _, options := range l.outputs {
		writeSection(&b, section{"live_status", options})
	}
	if err := os.WriteFile(l.config(), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (l *loaded) start(t testing.TB) *process {
	t.Helper()
	return l.startWith(t, func(cmd *exec.Cmd) {
		cmd.Stdout = l.appendTo(t, l.out)
		cmd.Env = append(os.Environ(), l.env...)
	})
}

// kept counts the chunks that the host has on disk, whose formats differ.
func (l *loaded) kept(t testing.TB) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(l.dir, "storage"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".flb") || strings.HasSuffix(path, ".flb.host") {
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

// hostLog reads a host's log while it grows.
type hostLog struct {
	path   string
	offset int64
	// flushes is how many calls have returned, collections how often Go collected.
	flushes, collections int
	reloads              int
	// stack is the most of a flush's stack that was touched, of size bytes; the
	// plugin host alone says so.
	stack, size int
}

var touched = regexp.MustCompile(`touched (\d+) of (\d+) bytes of its stack`)

func (f *hostLog) read(t testing.TB) *hostLog {
	t.Helper()
	file, err := os.Open(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.NewSectionReader(file, f.offset, 1<<40))
	if err != nil {
		t.Fatal(err)
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	f.offset += int64(len(data))
	for line := range bytes.Lines(data) {
		switch {
		case bytes.HasPrefix(line, []byte("gc ")):
			f.collections++
		case bytes.Contains(line, []byte("[out flush] cb_destroy")):
			f.flushes++
		case bytes.Contains(line, []byte("[reload] successful reload done")):
			f.reloads++
		default:
			m := touched.FindSubmatch(line)
			if m == nil {
				continue
			}
			f.flushes++
			used, _ := strconv.Atoi(string(m[1]))
			f.size, _ = strconv.Atoi(string(m[2]))
			f.stack = max(f.stack, used)
		}
	}
	return f
}

// flushed waits until the outputs were called so often more.
func (l *loaded) flushed(t *testing.T, p *process, more int) {
	t.Helper()
	from := l.seen.read(t).flushes
	deadline := time.Now().Add(2*time.Minute + soak(t, 0))
	for l.seen.read(t).flushes < from+more {
		alive(t, p)
		if time.Now().After(deadline) {
			t.Fatalf("%d flushes of %d in time", l.seen.flushes-from, more)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// reload has the host reload its configuration, and waits until it has.
func (l *loaded) reload(t *testing.T, p *process) {
	t.Helper()
	from := l.seen.read(t).reloads
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "the reload is done", func() bool {
		alive(t, p)
		return l.seen.read(t).reloads > from
	})
}
