package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// refusedFor is what the downstreams of these tests find wrong with some records:
// the status they answer with, by the audit ID.
var refusedFor = map[string]int{"bad0": 400, "bad1": 413, "bad2": 422}

// refusal returns the status with which the downstream refuses the record, 0 if it
// takes it.
func refusal(auditID string) int {
	kind, _, _ := strings.Cut(auditID, "-")
	return refusedFor[kind]
}

// load writes audit logs, as fast as it is told to, and keeps what it wrote. Each
// line has an audit ID of its own, whatever the log.
type load struct {
	paths []string
	// perSecond is how many lines are written to all logs together; badEvery is how
	// often one is refused for good, never if zero.
	perSecond, badEvery int

	stopped chan struct{}
	done    sync.WaitGroup

	mu      sync.Mutex
	written trail
	bad     int
	err     error
}

func newLoad(perSecond, badEvery int, paths ...string) *load {
	return &load{paths: paths, perSecond: perSecond, badEvery: badEvery, stopped: make(chan struct{}), written: trail{}}
}

// start begins to write, until stop.
func (l *load) start(t testing.TB) {
	t.Helper()
	l.done.Go(func() {
		began := time.Now()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; {
			select {
			case <-l.stopped:
				return
			case <-tick.C:
			}
			due := int(time.Since(began).Seconds() * float64(l.perSecond))
			if err := l.write(n, due); err != nil {
				l.mu.Lock()
				l.err = err
				l.mu.Unlock()
				return
			}
			n = max(n, due)
		}
	})
	t.Cleanup(func() { l.stop(t) })
}

// stop ends the writing.
func (l *load) stop(t testing.TB) {
	t.Helper()
	select {
	case <-l.stopped:
	default:
		close(l.stopped)
	}
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		t.Errorf("write the log: %v", l.err)
		l.err = nil
	}
}

// write appends the lines from to to-1, each to one of the logs in turn.
func (l *load) write(from, to int) error {
	for k, path := range l.paths {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(f, 1<<20)
		for i := from; i < to; i++ {
			if i%len(l.paths) == k {
				l.line(out, i)
			}
		}
		if err := errors.Join(out.Flush(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// line writes the i-th line, about a kilobyte.
func (l *load) line(out *bufio.Writer, i int) {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	l.mu.Lock()
	if l.badEvery > 0 && i%l.badEvery == l.badEvery/2 {
		id = fmt.Sprintf("bad%d-%012d", l.bad%len(refusedFor), i)
		l.bad++
	}
	l.written[step{id, complete}] = true
	l.mu.Unlock()
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00")
	// A writer that fails says so when it is flushed.
	_, _ = fmt.Fprintf(out, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":%q,"stage":"ResponseComplete",`+
		`"requestURI":"/api/v1/namespaces/shop/pods/web-%[2]d","verb":"get","user":{"username":"alice","groups":["system:authenticated"]},`+
		`"sourceIPs":["192.0.2.1"],"userAgent":%[3]q,"objectRef":{"resource":"pods","namespace":"shop","name":"web-%[2]d","apiVersion":"v1"},`+
		`"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":%[4]q,"stageTimestamp":%[4]q,`+
		`"annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}`+"\n",
		id, i%500, "agent/"+strings.Repeat("x", 400), now)
}

// lines returns what was written so far: what the downstream takes, and what it
// refuses for good.
func (l *load) lines() (good, bad trail) {
	l.mu.Lock()
	defer l.mu.Unlock()
	good, bad = trail{}, trail{}
	for s := range l.written {
		if refusal(s.auditID) == 0 {
			good[s] = true
		} else {
			bad[s] = true
		}
	}
	return good, bad
}
