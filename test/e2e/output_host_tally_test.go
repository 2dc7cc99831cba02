package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// tally counts what came out of one output.
type tally struct {
	mu    sync.Mutex
	ids   map[step]string
	times map[step]int
	// others are the records that are of no audit event, by type.
	others map[string]int
	faults []string
}

func newTally() *tally {
	return &tally{ids: map[step]string{}, times: map[step]int{}, others: map[string]int{}}
}

func (y *tally) add(records []sent) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, r := range records {
		if r.Type != "audit" {
			y.others[r.Type]++
			continue
		}
		if id, ok := y.ids[r.step()]; ok && id != r.ID {
			y.fault("%v has the IDs %s and %s", r.step(), id, r.ID)
		}
		y.ids[r.step()] = r.ID
		y.times[r.step()]++
	}
}

func (y *tally) fault(format string, args ...any) {
	if len(y.faults) < 20 {
		y.faults = append(y.faults, fmt.Sprintf(format, args...))
	}
}

// missing counts those of a trail that have not come.
func (y *tally) missing(want trail) (n int, some []step) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for s := range want {
		if y.times[s] == 0 {
			if n++; n <= 5 {
				some = append(some, s)
			}
		}
	}
	return n, some
}

// check compares with what was written, and returns how many records came again.
func (y *tally) check(t *testing.T, name string, want trail) (repeats int) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, f := range y.faults {
		t.Errorf("%s: %s", name, f)
	}
	for s, n := range y.times {
		if repeats += n - 1; !want[s] {
			t.Errorf("%s: a record that nobody wrote: %v", name, s)
		}
	}
	for kind, n := range y.others {
		if kind != "monitor_status" {
			t.Errorf("%s: %d records of type %q", name, n, kind)
		}
	}
	return repeats
}

// webDownstream takes JSON Lines, and answers after any time up to one.
func webDownstream(t testing.TB, y *tally, within time.Duration) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		records, err := readJSONLines(r)
		if err != nil {
			// Its sender was killed.
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		y.add(records)
		if within > 0 {
			pause(r, nil, rand.N(within))
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/live-status"
}

// fileDownstream is a file that the plugin writes, and a function that reads on in
// it. Each line must be whole, whatever became of the writer.
func fileDownstream(path string, y *tally) func(t testing.TB) {
	var offset int64
	return func(t testing.TB) {
		t.Helper()
		f, err := os.Open(path)
		if os.IsNotExist(err) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		data, err := io.ReadAll(io.NewSectionReader(f, offset, 1<<40))
		if err != nil {
			t.Fatal(err)
		}
		data = data[:bytes.LastIndexByte(data, '\n')+1]
		offset += int64(len(data))
		for line := range bytes.Lines(data) {
			var r sent
			if err := json.Unmarshal(line, &r); err != nil {
				t.Errorf("a line that is no record: %v: %.200q", err, line)
				continue
			}
			y.add([]sent{r})
		}
	}
}

// flood writes audit events to files in turn: most of them small, some with a large
// body, some with one that is nested as deep as can be examined, and much deeper.
type flood struct {
	paths     []string
	perSecond int

	stopped chan struct{}
	done    sync.WaitGroup

	mu      sync.Mutex
	next    int
	written trail
	err     error
}

func startFlood(t testing.TB, perSecond int, paths []string) *flood {
	t.Helper()
	f := &flood{paths: paths, perSecond: perSecond, stopped: make(chan struct{}), written: trail{}}
	f.done.Go(func() {
		began := time.Now()
		tick := time.NewTicker(25 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-f.stopped:
				return
			case <-tick.C:
			}
			if err := f.write(int(time.Since(began).Seconds() * float64(f.perSecond))); err != nil {
				f.mu.Lock()
				f.err = err
				f.mu.Unlock()
				return
			}
		}
	})
	t.Cleanup(func() { f.stop(t) })
	return f
}

// write appends all lines up to a number that have not been written.
func (f *flood) write(to int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	texts := make([]strings.Builder, len(f.paths))
	for ; f.next < to; f.next++ {
		f.written[floodLine(&texts[f.next%len(texts)], f.next)] = true
	}
	for i := range texts {
		if texts[i].Len() == 0 {
			continue
		}
		file, err := os.OpenFile(f.paths[i], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if _, err := file.WriteString(texts[i].String()); err != nil {
			_ = file.Close()
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the writing and returns what was written.
func (f *flood) stop(t testing.TB) trail {
	t.Helper()
	select {
	case <-f.stopped:
	default:
		close(f.stopped)
	}
	f.done.Wait()
	if f.err != nil {
		t.Errorf("write the log: %v", f.err)
	}
	return f.written
}

// floodLine writes the i-th line.
func floodLine(out *strings.Builder, i int) step {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	text, nested := strings.Repeat("a plain text ", 60), `"flat"`
	switch i % 400 {
	case 101:
		text = strings.Repeat("a plain text ", 30_000)
	case 201:
		nested = strings.Repeat(`{"a":[`, 20) + "1" + strings.Repeat("]}", 20)
	case 301:
		nested = strings.Repeat(`{"a":[`, 4000) + "1" + strings.Repeat("]}", 4000)
	}
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00")
	fmt.Fprintf(out, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":%q,"stage":%q,`+
		`"requestURI":"/api/v1/namespaces/shop/configmaps","verb":"create","user":{"username":"alice","groups":["system:authenticated"]},`+
		`"sourceIPs":["192.0.2.1"],"userAgent":"agent","objectRef":{"resource":"configmaps","namespace":"shop","name":"web-%[3]d","apiVersion":"v1"},`+
		`"responseStatus":{"metadata":{},"code":201},`+
		`"requestObject":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"web-%[3]d","namespace":"shop"},"data":{"text":%[4]q},"more":%[5]s},`+
		`"requestReceivedTimestamp":%[6]q,"stageTimestamp":%[6]q,"annotations":{"authorization.k8s.io/decision":"allow"}}`+"\n",
		id, complete, i%500, text, nested, now)
	return step{id, complete}
}
