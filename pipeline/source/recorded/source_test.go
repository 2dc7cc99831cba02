package recorded

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fluent-live/live-status/pipeline/event"
)

// openFiles is a sink that looks how many files of a folder are open.
type openFiles struct {
	memory
	t    *testing.T
	dir  string
	most int
}

func (o *openFiles) YieldAll(ctx context.Context, items []event.Item) error {
	if runtime.GOOS == "linux" {
		links, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			o.t.Error(err)
		}
		n := 0
		for _, link := range links {
			// One that was closed meanwhile is none.
			if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, o.dir) {
				n++
			}
		}
		o.most = max(o.most, n)
	} else {
		o.most = 1
	}
	return o.memory.YieldAll(ctx, items)
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	sink, put := &memory{}, func([]byte) error { return nil }
	for _, c := range []struct {
		name string
		opts Options
		want string
	}{
		{"missing", Options{Audit: []string{dir + "/none"}}, "no such file"},
		{"directory", Options{Events: []string{dir}}, "it is a directory"},
		{"utf-16", Options{Events: []string{file(t, "e", "\xff\xfe{\x00")}}, "it is UTF-16"},
		{"zstd", Options{Audit: []string{file(t, "a", "\x28\xb5\x2f\xfd....")}}, "zstd"},
		{"stdin twice", Options{Audit: []string{"-"}, Events: []string{"-"}, Stdin: strings.NewReader("")}, "once only"},
		{"no stdin", Options{Audit: []string{"-"}}, "standard input"},
		{"item", Options{MaxItem: -1}, "longest item"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.Sink, c.opts.Put = sink, put
			if c.opts.MaxItem == 0 {
				c.opts.MaxItem = 1
			}
			if _, err := New(c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := New(Options{MaxItem: 1, Audit: []string{"-"}, Stdin: strings.NewReader("")}); err == nil {
		t.Error("no sink")
	}
	if _, err := New(Options{MaxItem: 1, Objects: []string{"-"}, Stdin: strings.NewReader("")}); err == nil {
		t.Error("no put")
	}
}

// TestUnreadableFiles has files that end early or are gone: what is there comes, and
// the errors name the files.
func TestUnreadableFiles(t *testing.T) {
	good := auditLine("a", 1) + "\n" + auditLine("b", 3) + "\n"
	noise := make([]byte, 0, 200<<10)
	for i := range cap(noise) {
		noise = append(noise, "0123456789abcdef"[(i*i*31+i/7)%16])
	}
	packed := zip(t, good+strings.Replace(auditLine("c", 5), "verb", string(noise), 1))
	torn := file(t, "torn.gz", packed[:len(packed)-30])
	bad := []byte(packed)
	bad[len(bad)-1] ^= 1
	damaged := file(t, "damaged.gz", string(bad))
	gone := file(t, "gone.log", good)
	events := file(t, "events.json", `{"items":[`+eventJSON("e", 1))
	m := &memory{}
	s, err := New(Options{
		Audit: []string{torn, gone, damaged, file(t, "good.log", auditLine("d", 2))}, Events: []string{events, gone},
		Sink: m, MaxItem: testItem,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	s.Run(t.Context())
	text := s.Err().Error()
	for _, want := range []string{
		"torn.gz: the compressed file is incomplete", "damaged.gz: the compressed file is damaged", "gone.log: no such file",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "verb") || !errors.Is(s.Err(), io.ErrUnexpectedEOF) {
		t.Errorf("got %s", text)
	}
	ids := identities(m.items)
	for _, want := range []string{"a", "b", "d", "e"} {
		if !slices.Contains(ids, want) {
			t.Errorf("%q is not among %q", want, ids)
		}
	}
	if st := s.Status(); st.State != event.SourceStopped || st.Error == "" {
		t.Errorf("status %+v", st)
	}
}

// TestPipes reads standard input and a named pipe, compressed and not.
func TestPipes(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	wrote := make(chan error, 1)
	go func() {
		wrote <- os.WriteFile(fifo, []byte(zip(t, auditLine("a", 1)+"\n"+auditLine("c", 3))), 0o600)
	}()
	m, s := mustReplay(t, Options{
		Audit: []string{fifo, file(t, "b.log", auditLine("b", 2))}, Events: []string{"-"}, Stdin: strings.NewReader(eventJSON("d", 0)),
	})
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	if got := strings.Join(identities(m.items), ""); got != "abcd" {
		t.Errorf("got %s", got)
	}
	if s.Size() == 0 || s.Status().Behind != 0 {
		t.Errorf("size %d, behind %d", s.Size(), s.Status().Behind)
	}
}

// TestCancelled ends runs that wait: for a pipe, and for a sink that is full.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	s, err := New(Options{Audit: []string{"-"}, Stdin: r, Sink: &memory{}, MaxItem: testItem})
	if err != nil {
		t.Fatal(err)
	}
	go s.Run(ctx)
	if _, err := w.Write([]byte(auditLine("a", 1))); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-s.Done()
	if !errors.Is(s.Err(), context.Canceled) {
		t.Errorf("got %v", s.Err())
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	sink := &full{waits: make(chan struct{})}
	s, err = New(Options{Audit: []string{file(t, "a", auditLine("a", 1))}, Sink: sink, MaxItem: testItem})
	if err != nil {
		t.Fatal(err)
	}
	go s.Run(ctx)
	<-sink.waits
	cancel()
	<-s.Done()
	if !errors.Is(s.Err(), context.Canceled) {
		t.Errorf("got %v", s.Err())
	}
}

// full is a sink that takes nothing.
type full struct{ waits chan struct{} }

func (f *full) YieldAll(ctx context.Context, _ []event.Item) error {
	close(f.waits)
	<-ctx.Done()
	return ctx.Err()
}

// TestTakers ends runs whose objects or items nobody takes.
func TestTakers(t *testing.T) {
	broken := errors.New("broken")
	audit := file(t, "a", auditLine("a", 1))
	s, err := New(Options{
		Objects: []string{file(t, "o", `{"kind":"Pod"}{"kind":"Pod"}`)}, Audit: []string{audit},
		Put: func([]byte) error { return broken }, Sink: &memory{}, MaxItem: testItem,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Run(t.Context())
	if !errors.Is(s.Err(), broken) {
		t.Errorf("got %v", s.Err())
	}
	if s, err = New(Options{Audit: []string{audit}, Sink: refusing{broken}, MaxItem: testItem}); err != nil {
		t.Fatal(err)
	}
	s.Run(t.Context())
	if !errors.Is(s.Err(), broken) {
		t.Errorf("got %v", s.Err())
	}
}

type refusing struct{ error }

func (r refusing) YieldAll(context.Context, []event.Item) error { return r.error }

// TestProgress follows how far files are read, each to its end.
func TestProgress(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(auditLine("a", i) + "\n")
	}
	paths := []string{file(t, "a", b.String()), file(t, "b.gz", zip(t, b.String()))}
	last := make(map[string]Progress)
	calls := 0
	_, s := mustReplay(t, Options{Audit: paths, Events: []string{file(t, "e", eventJSON("e", 1))}, Progress: func(p Progress) {
		if p.Read <= last[p.File].Read {
			t.Errorf("%+v after %+v", p, last[p.File])
		}
		last[p.File] = p
		calls++
	}})
	if len(last) != 3 || calls < 6 {
		t.Errorf("%d calls, %v", calls, last)
	}
	for name, p := range last {
		if p.Read != p.Total || p.Total == 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if s.Status().Behind != 0 {
		t.Errorf("behind %d", s.Status().Behind)
	}
}

// TestTooLarge has lines that are longer than is kept, of which the ends are.
func TestTooLarge(t *testing.T) {
	const most = 100 << 10
	long := func(id string, ms, size int) string {
		return strings.Replace(auditLine(id, ms), `"verb"`, `"pad":"`+strings.Repeat("x", size)+`","verb"`, 1)
	}
	lines := []string{auditLine("a", 1), long("b", 2, 3<<20), auditLine("c", 3), long("d", 4, most), long("e", 5, most/2)}
	slices.Reverse(lines)
	for _, text := range []string{
		strings.Join(lines, "\n"),
		`{"kind":"EventList","items":[` + strings.Join(lines, " ,\n") + `],"apiVersion":"audit.k8s.io/v1"}`,
	} {
		m, _ := mustReplay(t, Options{Audit: []string{file(t, "a", text)}, MaxItem: most})
		if len(m.items) != 5 {
			t.Fatalf("%d items", len(m.items))
		}
		for i, id := range []string{"a", "b", "c", "d", "e"} {
			item, want := &m.items[i], lines[4-i]
			if i != 1 && i != 3 {
				if string(item.Raw) != want || item.Skipped != "" {
					t.Errorf("%s: %d bytes, skipped %q", id, len(item.Raw), item.Skipped)
				}
				continue
			}
			if item.Skipped != event.RejectTooLarge || item.Size != int64(len(want)) || item.Kind != event.KindAudit ||
				len(item.Raw) != most || len(item.Tail) != most || !strings.HasPrefix(want, string(item.Raw)) ||
				!strings.HasSuffix(want, string(item.Tail)) || text[item.Place.Offset:][:len(want)] != want {
				t.Errorf("%s: skipped %q, size %d of %d, ends %d %d", id, item.Skipped, item.Size, len(want), len(item.Raw), len(item.Tail))
			}
		}
	}
}

// TestNUL has what a crash of a machine leaves in a file.
func TestNUL(t *testing.T) {
	text := auditLine("a", 1) + "\n" + strings.Repeat("\x00", 300<<10) + auditLine("b", 2) + "\n" + auditLine("c", 3)[:50] + "\x00"
	m, _ := mustReplay(t, Options{Audit: []string{file(t, "a", text)}})
	if len(m.items) != 5 {
		t.Fatalf("%d items", len(m.items))
	}
	if z := m.items[1]; z.Skipped != event.RejectNULBlock || z.Size != 300<<10 || z.Raw != nil {
		t.Errorf("got %q of %d bytes", z.Skipped, z.Size)
	}
	if identity(m.items[2].Raw) != "b" || len(m.items[3].Raw) != 50 || m.items[4].Size != 1 {
		t.Errorf("got %q", identities(m.items))
	}
}
