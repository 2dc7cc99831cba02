package auditfile

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// model is a writer with everything that may happen to its files, and what
// must come of it.
type model struct {
	*bench
	r *rapid.T
	// n numbers lines and files.
	n int
	// want are the lines that must come; fragile those of them that are on no
	// disk any more, and need not come after a kill.
	want    []string
	fragile map[string]bool
	// files are the backups and their lines, the oldest first, and live the
	// lines of the live file; half is the beginning of a line.
	files []backup
	live  []string
	half  string
	// got is what was committed, and what came in the current run.
	got    map[string]int
	killed bool
}

type backup struct {
	name  string
	lines []string
}

func (m *model) line() string {
	m.n++
	return entry(m.n) + strings.Repeat("x", rapid.SampledFrom([]int{0, 0, 10, 1000, 5000}).Draw(m.r, "length"))
}

// expected is what is to come of a line: those that are too long are skipped.
func (m *model) expected(line string) string {
	if len(line) > m.opts.MaxLine {
		return fmt.Sprintf("too_large:%d@%d", len(line), m.n)
	}
	return line
}

func (m *model) wrote(line string) {
	m.want = append(m.want, m.expected(line))
	m.live = append(m.live, m.expected(line))
}

func (m *model) appendLines() {
	for range rapid.IntRange(1, 5).Draw(m.r, "lines") {
		if m.half == "" {
			line := m.line()
			m.append("audit.log", line+"\n")
			m.wrote(line)
			continue
		}
		m.append("audit.log", m.half[len(m.half)/2:]+"\n")
		m.wrote(m.half)
		m.half = ""
	}
}

func (m *model) appendHalf() {
	if m.half == "" {
		m.n++
		m.half = entry(m.n)
		m.append("audit.log", m.half[:len(m.half)/2])
	}
}

// moved notes that the live file's content is now elsewhere.
func (m *model) moved() string {
	if m.half != "" {
		// Its end will never come.
		m.wrote(m.half[:len(m.half)/2])
		m.half = ""
	}
	m.n++
	name := fmt.Sprintf("audit.log-2026%04d", m.n)
	m.files = append(m.files, backup{name: name, lines: m.live})
	m.live = nil
	return name
}

func (m *model) rotate() {
	if len(m.live) > 0 {
		m.rename("audit.log", m.moved())
	}
}

func (m *model) copyAndTruncate() {
	if len(m.live) == 0 {
		return
	}
	name := m.moved()
	m.write(name, m.read("audit.log"))
	if rapid.Bool().Draw(m.r, "look while copied") {
		m.poll()
		if rapid.Bool().Draw(m.r, "write while copied") {
			// What is read between the copy and the truncation is in no file
			// afterwards.
			line := m.line()
			m.append("audit.log", "\n"+line+"\n")
			m.want = append(m.want, m.expected(line))
			m.fragile[m.expected(line)] = true
			m.poll()
		}
	}
	m.must(os.Truncate(m.path("audit.log"), 0))
}

func (m *model) compressOne() {
	i := slices.IndexFunc(m.files, func(f backup) bool { return !strings.HasSuffix(f.name, ".gz") })
	if i < 0 {
		return
	}
	f := &m.files[i]
	packed := zip(m.read(f.name))
	if rapid.Bool().Draw(m.r, "look while compressed") {
		m.write(f.name+".gz", packed[:len(packed)/2])
		m.poll()
	}
	m.write(f.name+".gz", packed)
	m.remove(f.name)
	f.name += ".gz"
}

func (m *model) deleteOne() {
	if len(m.files) == 0 {
		return
	}
	// What nobody has seen nobody can read.
	m.poll()
	for _, line := range m.files[0].lines {
		m.fragile[line] = true
	}
	m.remove(m.files[0].name)
	m.files = m.files[1:]
}

func (m *model) kill() {
	m.halt()
	m.take(m.mem.items)
	m.mem.commit(rapid.IntRange(0, m.mem.count()).Draw(m.r, "committed"))
	m.killed = true
	m.start()
}

// take counts what came.
func (m *model) take(items []event.Item) {
	run := make(map[string]bool)
	for _, item := range items {
		line := string(item.Raw)
		switch {
		case item.Change == event.Progress:
			continue
		case item.Skipped == event.RejectNULBlock:
			m.r.Fatalf("NUL at %v", item.Place)
		case item.Skipped != "":
			line = m.skippedLine(item.Size)
		}
		if run[line] && !strings.HasPrefix(line, "too_large") {
			m.r.Fatalf("came twice in one run: %.200s at %v\n%s", line, item.Place, m.logs)
		}
		run[line] = true
		m.got[line]++
	}
}

// skippedLine returns one of the lines of that size that did not come yet.
func (m *model) skippedLine(size int64) string {
	name := ""
	for _, line := range m.want {
		if strings.HasPrefix(line, fmt.Sprintf("too_large:%d@", size)) {
			if name = line; m.got[line] == 0 {
				break
			}
		}
	}
	return name
}

func (m *model) verify() {
	// The last file of a log waits for the end of its last line for ever.
	m.appendLines()
	m.wait(2 * time.Minute)
	m.halt()
	m.take(m.mem.items)
	want := make(map[string]bool)
	for _, line := range m.want {
		want[line] = true
		switch n := m.got[line]; {
		case n == 0 && (!m.killed || !m.fragile[line]):
			m.r.Fatalf("lost: %.200s\n%s", line, m.logs)
		case n > 1 && !m.killed:
			m.r.Fatalf("came %d times: %.200s\n%s", n, line, m.logs)
		}
	}
	for line := range m.got {
		if !want[line] && (m.half == "" || !strings.HasPrefix(m.half, line)) {
			m.r.Fatalf("was never written: %.200s\n%s", line, m.logs)
		}
	}
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir := t.TempDir()
		var failure any
		synctest.Test(t, func(t *testing.T) {
			// A bubble has a goroutine of its own, which must not end in a
			// panic, as a rapid test does that fails.
			defer func() { failure = recover() }()
			check(inner{T: r, t: t}, dir)
		})
		if failure != nil {
			panic(failure)
		}
		if err := os.RemoveAll(dir); err != nil {
			r.Fatal(err)
		}
	})
}

// inner is a rapid test in a bubble, with a context that belongs to it.
type inner struct {
	*rapid.T
	t *testing.T
}

func (i inner) Context() context.Context { return i.t.Context() }

func check(i inner, dir string) {
	r := i.T
	m := &model{
		bench: newBench(i, dir, rapid.SampledFrom([]string{"audit.log", "audit*", "/"}).Draw(r, "path")),
		r:     r, fragile: make(map[string]bool), got: make(map[string]int),
	}
	m.opts.MaxLine = 4000
	defer m.halt()
	m.start()
	r.Repeat(map[string]func(*rapid.T){
		"append":       func(*rapid.T) { m.appendLines() },
		"append half":  func(*rapid.T) { m.appendHalf() },
		"rotate":       func(*rapid.T) { m.rotate() },
		"copytruncate": func(*rapid.T) { m.copyAndTruncate() },
		"compress":     func(*rapid.T) { m.compressOne() },
		"delete":       func(*rapid.T) { m.deleteOne() },
		"kill":         func(*rapid.T) { m.kill() },
		"look":         func(*rapid.T) { m.poll() },
		"pass time":    func(*rapid.T) { m.wait(20 * time.Second) },
	})
	m.verify()
}
