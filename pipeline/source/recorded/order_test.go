package recorded

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// disordered returns the numbers below n in an order in which none stands behind
// one that is greater by window or more places.
func disordered(r *rand.Rand, n, window int) []int {
	keys := make([]float64, n)
	order := make([]int, n)
	for i := range n {
		order[i] = i
		keys[i] = float64(i) + r.Float64()*float64(window-1)
	}
	slices.SortFunc(order, func(a, b int) int {
		if keys[a] < keys[b] {
			return -1
		}
		return 1
	})
	return order
}

// TestOrder writes audit logs that are rotated, overlap and are out of order by no
// more than the window, and events in no order, and looks for all of them in order.
func TestOrder(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		window := rapid.IntRange(1, 30).Draw(t, "window")
		opts := Options{Window: Window{
			Items: window, Files: rapid.IntRange(48, 64).Draw(t, "files"),
			EventBytes: int64(rapid.SampledFrom([]int{1, 2 << 20}).Draw(t, "event bytes")),
		}}
		var want []string
		write := func(name, content string) string {
			if rapid.Bool().Draw(t, "zipped") {
				content = zipped(content)
			}
			path := filepath.Join(dir, fmt.Sprintf("%d-%s", run, name))
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		// Three servers at most, each with logs that follow one another: no more
		// overlap than may be open.
		ms := 0
		for server := range rapid.IntRange(0, 3).Draw(t, "servers") {
			n := rapid.IntRange(0, 200).Draw(t, "lines")
			var out strings.Builder
			part := 0
			for i, k := range disordered(r, n, window) {
				id := fmt.Sprintf("%08d-%d", k, server)
				want = append(want, id)
				out.WriteString(auditLine(id, k) + "\n")
				ms = max(ms, k)
				if i == n-1 || r.IntN(40) == 0 {
					opts.Audit = append(opts.Audit, write(fmt.Sprintf("audit-%d-%d", server, part), out.String()))
					out.Reset()
					part++
				}
			}
		}
		r.Shuffle(len(opts.Audit), func(i, j int) { opts.Audit[i], opts.Audit[j] = opts.Audit[j], opts.Audit[i] })
		for list := range rapid.IntRange(0, 2).Draw(t, "lists") {
			var items []string
			for i := range rapid.IntRange(0, 20).Draw(t, "events") {
				s := r.IntN(2)
				id := fmt.Sprintf("%08d-e%d-%03d", s*1000+999, list, i)
				want = append(want, id)
				items = append(items, eventJSON(id, s))
			}
			opts.Events = append(opts.Events, write(fmt.Sprintf("events-%d", list), `{"items":[`+strings.Join(items, ",\n")+`],"kind":"List"}`))
		}
		m := &memory{}
		opts.Sink, opts.MaxItem = m, testItem
		s, err := New(opts)
		if err != nil {
			t.Fatal(err)
		}
		s.Run(t.Context())
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
		got := identities(m.items)
		if s.Late() != 0 {
			t.Errorf("%d came late", s.Late())
		}
		if !slices.IsSortedFunc(got, func(a, b string) int { return number(a) - number(b) }) {
			t.Errorf("not in order: %v", got)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %d items, want %d: %v %v", len(got), len(want), got, want)
		}
	})
}

func number(id string) int {
	n, _ := strconv.Atoi(id[:8])
	return n
}

// TestLate has lines come later than the window can tell: they come at once, and
// none is lost.
func TestLate(t *testing.T) {
	path := file(t, "audit.log", strings.Join([]string{
		auditLine("c", 30), auditLine("d", 40), auditLine("e", 50), auditLine("a", 10), auditLine("f", 60), auditLine("b", 20),
	}, "\n"))
	m, s := mustReplay(t, Options{Audit: []string{path}, Window: Window{Items: 2}})
	if got := strings.Join(identities(m.items), ""); got != "cdaebf" {
		t.Errorf("got %s", got)
	}
	if s.Late() != 2 {
		t.Errorf("late %d", s.Late())
	}
	m, s = mustReplay(t, Options{Audit: []string{path}})
	if got := strings.Join(identities(m.items), ""); got != "abcdef" || s.Late() != 0 {
		t.Errorf("got %s, late %d", got, s.Late())
	}
	// A window that has no room in bytes passes on what it has.
	m, _ = mustReplay(t, Options{Audit: []string{path}, Window: Window{TotalBytes: 1}})
	if got := strings.Join(identities(m.items), ""); got != "cdeafb" {
		t.Errorf("got %s", got)
	}
}

// TestMoreFilesThanOpen replays 300 logs that overlap in pairs, eight at a time.
func TestMoreFilesThanOpen(t *testing.T) {
	dir := t.TempDir()
	opts := Options{Window: Window{Files: 8, Items: 4}}
	const files, lines = 300, 20
	for i := range files {
		var b strings.Builder
		for k := range lines {
			b.WriteString(auditLine(fmt.Sprintf("%08d", i*lines/2*10+k*10), i*lines/2*10+k*10) + "\n")
		}
		path := filepath.Join(dir, fmt.Sprintf("%04d", (i*7919)%files))
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		opts.Audit = append(opts.Audit, path)
	}
	rand.Shuffle(files, func(i, j int) { opts.Audit[i], opts.Audit[j] = opts.Audit[j], opts.Audit[i] })
	sink := &openFiles{t: t, dir: dir}
	opts.Sink = sink
	_, s := mustReplay(t, opts)
	ids := identities(sink.items)
	if len(ids) != files*lines || !slices.IsSorted(ids) || s.Late() != 0 {
		t.Errorf("%d items, sorted %v, late %d", len(ids), slices.IsSorted(ids), s.Late())
	}
	if sink.most == 0 || sink.most > 8 {
		t.Errorf("%d files were open", sink.most)
	}
}

// zipped compresses without a test to blame.
func zipped(content string) string { return zip(noTB{}, content) }

type noTB struct{ testing.TB }

func (noTB) Helper() {}
