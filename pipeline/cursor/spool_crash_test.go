package cursor

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const crashWorkers = 4

// crashBody is body n of a worker in a round; its size differs from body to
// body, so that some share a page and some take many.
func crashBody(round, worker, n int) event.Spooled {
	b := numbered(n, 100+(n*7919+worker*104729)%40_000)
	b.Sender = fmt.Sprintf("%d/%d", round, worker)
	return b
}

// appendForEver appends by several workers at once and tells of each body that
// is acknowledged. One more deletes every now and then what is old.
func appendForEver(arg string) error {
	path, text, _ := strings.Cut(arg, "#")
	round, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := OpenSpool(ctx, SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1 << 30})
	if err != nil {
		return err
	}
	failed := make(chan error, crashWorkers)
	var mu sync.Mutex
	for worker := range crashWorkers {
		go func() {
			for n := 0; ; n++ {
				if err := s.Append(ctx, crashBody(round, worker, n)); err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Println(worker, n)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// TestSpoolCrash kills a process that appends, at random moments: every body
// that was acknowledged is there, whole and in order, and of each worker at
// most one that was not.
func TestSpoolCrash(t *testing.T) {
	path := spoolPath(t)
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	var after int64
	var id string
	for round := range 15 {
		child, out := startChild(t, "crash-spool", path+"#"+strconv.Itoa(round))
		told := [crashWorkers]int{-1, -1, -1, -1}
		for range 1 + r.IntN(100) {
			if err := readTold(out, &told); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(time.Duration(r.IntN(3000)) * time.Microsecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		// The pipe still holds what was told before the end.
		for readTold(out, &told) == nil {
		}
		if err := child.Wait(); err == nil {
			t.Fatal("the child was not killed")
		}
		s := mustOpenSpool(t, SpoolOptions{Path: path})
		if id == "" {
			id = s.ID()
		}
		if s.ID() != id {
			t.Error("the identity has changed")
		}
		after = inspectSpool(t, s, round, after, told)
		mustCloseSpool(t, s)
	}
}

// readTold reads a line of appendForEver. A line that was cut off is as good
// as none.
func readTold(out *bufio.Reader, told *[crashWorkers]int) error {
	line, err := out.ReadString('\n')
	if err != nil {
		return err
	}
	var worker, n int
	if _, err := fmt.Sscan(line, &worker, &n); err != nil {
		return io.ErrUnexpectedEOF
	}
	told[worker] = n
	return nil
}

// inspectSpool looks at the bodies of a round and deletes some of them. It
// returns the last.
func inspectSpool(t *testing.T, s *Spool, round int, after int64, told [crashWorkers]int) int64 {
	t.Helper()
	found := [crashWorkers]int{-1, -1, -1, -1}
	for _, b := range drain(t, s, after) {
		var of, worker int
		if _, err := fmt.Sscanf(b.Sender, "%d/%d", &of, &worker); err != nil || of != round {
			t.Fatalf("round %d: found a body of %q: %v", round, b.Sender, err)
		}
		want := crashBody(round, worker, found[worker]+1)
		if !bytes.Equal(want.Body, b.Body) || !b.Received.Equal(want.Received) {
			t.Fatalf("round %d: body %d of worker %d is another", round, found[worker]+1, worker)
		}
		found[worker]++
		after = b.Seq
	}
	for worker, n := range found {
		if n < told[worker] || n > told[worker]+1 {
			t.Errorf("round %d: worker %d: body %d is the last, %d was the last acknowledged", round, worker, n, told[worker])
		}
	}
	if err := s.Delete(t.Context(), after-int64(round%3)); err != nil {
		t.Fatal(err)
	}
	if _, bodies := s.Size(); bodies != int64(round%3) {
		t.Errorf("round %d: %d bodies are left", round, bodies)
	}
	var verdict string
	if err := s.db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Error(verdict, err)
	}
	return after
}

// TestSpoolCrashAtStart kills a process around the moment it creates its file.
func TestSpoolCrashAtStart(t *testing.T) {
	for i := range 15 {
		path := spoolPath(t)
		child, _ := startChild(t, "crash-spool", path+"#0")
		// The lock file is the first sign of it.
		for {
			if _, err := os.Stat(path + lockSuffix); err == nil {
				break
			}
			<-time.After(50 * time.Microsecond)
		}
		<-time.After(time.Duration(2*i) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err == nil {
			t.Fatal("the child was not killed")
		}
		s := mustOpenSpool(t, SpoolOptions{Path: path})
		mustAppend(t, s, numbered(1, 10))
		if s.ID() == "" {
			t.Error("no identity")
		}
	}
}
