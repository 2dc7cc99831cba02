package auditfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestMain(m *testing.M) {
	// lumberjack never ends the goroutine that compresses and deletes.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

// memory is a Positions and a Sink. What it was given is committed up to where
// the test says.
type memory struct {
	mu        sync.Mutex
	base      map[event.Stream]event.Position
	items     []event.Item
	forgotten []event.Stream
	// err is what Positions and Forget return.
	err error
	// room, if set, is asked for a token per batch.
	room chan struct{}
}

func (m *memory) YieldAll(ctx context.Context, items []event.Item) error {
	if m.room != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.room:
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = append(m.items, items...)
	return ctx.Err()
}

func (m *memory) Positions(_ context.Context, prefix event.Stream) (map[event.Stream]event.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if prefix != sourceName {
		return nil, errors.New("another prefix was asked for")
	}
	return maps.Clone(m.base), m.err
}

func (m *memory) Begin(_ context.Context, positions map[event.Stream]event.Position) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if m.base == nil {
		m.base = make(map[event.Stream]event.Position)
	}
	maps.Copy(m.base, positions)
	return nil
}

func (m *memory) Forget(_ context.Context, streams []event.Stream) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgotten = append(m.forgotten, streams...)
	return m.err
}

// commit makes the first n items count, and drops the others, as if the
// process had been killed.
func (m *memory) commit(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.base == nil {
		m.base = make(map[event.Stream]event.Position)
	}
	for _, item := range m.items[:n] {
		m.base[item.Stream] = item.Position
	}
	m.items = nil
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.items)
}

// raw returns what was yielded: lines, and what was skipped as reason:size.
func (m *memory) raw() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, item := range m.items {
		switch {
		case item.Change == event.Progress:
		case item.Skipped != "":
			all = append(all, fmt.Sprintf("%s:%d", item.Skipped, item.Size))
		default:
			all = append(all, string(item.Raw))
		}
	}
	return all
}

// tester is what a bench needs of a test.
type tester interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// bench is a directory, and a source that reads it by the clock of a bubble.
type bench struct {
	t    tester
	dir  string
	opts Options
	mem  *memory
	logs *logBuffer

	source *Source
	stop   func()
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newBench returns a bench in dir. The path is relative to it.
func newBench(t tester, dir, path string) *bench {
	b := &bench{t: t, dir: dir, mem: &memory{}, logs: &logBuffer{}}
	b.opts = Options{
		Path: filepath.Join(dir, path), MaxLine: 8 << 20, Sink: b.mem, Positions: b.mem,
		Logger: slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
	if strings.HasSuffix(path, "/") {
		b.opts.Path += "/"
	}
	return b
}

// inBubble runs a test by a clock that passes when everyone waits.
func inBubble(t *testing.T, path string, f func(b *bench)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, dir, path)
		defer b.halt()
		f(b)
	})
}

// start runs the source until it has read what is there.
func (b *bench) start() {
	b.t.Helper()
	s, err := New(b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	b.source = s
	b.stop = func() {
		cancel()
		<-done
		b.stop = nil
	}
	synctest.Wait()
}

func (b *bench) halt() {
	if b.stop != nil {
		b.stop()
	}
}

// restart kills the source and starts it from the first n items.
func (b *bench) restart(n int) {
	b.t.Helper()
	b.halt()
	b.mem.commit(n)
	b.start()
}

// wait lets time pass for the source.
func (b *bench) wait(d time.Duration) {
	// The lock in there says that what the test has read, it has read before.
	b.mem.count()
	time.Sleep(d)
	synctest.Wait()
}

// open returns how many files the source holds open.
func (b *bench) open() int {
	links, err := os.ReadDir("/proc/self/fd")
	b.must(err)
	n := 0
	for _, l := range links {
		if target, err := os.Readlink("/proc/self/fd/" + l.Name()); err == nil && strings.HasPrefix(target, b.dir) {
			n++
		}
	}
	return n
}

func (b *bench) poll() { b.wait(DefaultPoll) }

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) append(name, text string) {
	b.t.Helper()
	f, err := os.OpenFile(b.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	b.must(err)
	_, err = f.WriteString(text)
	b.must(errors.Join(err, f.Close()))
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	b.must(os.WriteFile(b.path(name), []byte(text), 0o600))
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	b.must(err)
	return string(text)
}

func (b *bench) rename(from, to string) {
	b.t.Helper()
	b.must(os.Rename(b.path(from), b.path(to)))
}

func (b *bench) remove(name string) {
	b.t.Helper()
	b.must(os.RemoveAll(b.path(name)))
}

// copyTruncate does what logrotate's copytruncate does.
func (b *bench) copyTruncate(from, to string) {
	b.t.Helper()
	b.write(to, b.read(from))
	b.must(os.Truncate(b.path(from), 0))
}

func (b *bench) compress(from, to string) {
	b.t.Helper()
	b.write(to, zip(b.read(from)))
	b.remove(from)
}

func zip(text string) string {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return buf.String()
}

// expect compares all that was yielded since the last start.
func (b *bench) expect(want ...string) {
	b.t.Helper()
	got := b.mem.raw()
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			b.t.Fatalf("got %d lines, want %d, the first difference at %d: got %.100q, want %.100q\n%s", len(got), len(want), i,
				got[min(i, len(got)):min(i+3, len(got))], want[min(i, len(want)):min(i+3, len(want))], b.logs)
		}
	}
}

// entry is a line of an audit log, without its line end. The time of its stage
// is n seconds after an arbitrary one.
func entry(n int) string {
	at := time.Unix(1_790_000_000, 0).UTC().Add(time.Duration(n) * time.Second)
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"%08d","stage":"ResponseComplete","verb":"get","stageTimestamp":%q}`,
		n, at.Format("2006-01-02T15:04:05.000000Z07:00"))
}

func entries(from, to int) []string {
	var all []string
	for n := from; n < to; n++ {
		all = append(all, entry(n))
	}
	return all
}

func text(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
