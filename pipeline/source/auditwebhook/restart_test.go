package auditwebhook

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/event"
)

// childVariable names the directory in which a process is to be the source
// that gets killed.
const childVariable = "AUDITWEBHOOK_TEST_DIR"

// beKilled serves from dir until the process is killed. It prints its address.
func beKilled(dir string) error {
	ctx := context.Background()
	spool, err := cursor.OpenSpool(ctx, cursor.SpoolOptions{Key: make([]byte, cursor.KeyBytes), Path: filepath.Join(dir, "spool.db"), MaxBytes: 64 << 20, Holder: "test"})
	if err != nil {
		return err
	}
	out := &ledger{dir: dir}
	if out.file, err = os.OpenFile(filepath.Join(dir, "yielded"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	source, err := New(ctx, Options{
		Access: Access{Listen: "127.0.0.1:0", CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")},
		Spool:  spool, Sink: out, Positions: out,
		Limits: Limits{Sweep: 10 * time.Millisecond},
	})
	if err != nil {
		return err
	}
	fmt.Println(source.Addr())
	source.Run(ctx)
	return nil
}

// ledger is a sink that writes the IDs it is given to a file, and then the
// position to another.
type ledger struct {
	dir  string
	file *os.File
}

func (l *ledger) YieldAll(_ context.Context, items []event.Item) error {
	var text strings.Builder
	for _, item := range items {
		var audit struct{ AuditID string }
		if err := json.Unmarshal(item.Raw, &audit); err != nil {
			return err
		}
		text.WriteString(audit.AuditID + "\n")
	}
	if _, err := l.file.WriteString(text.String()); err != nil {
		return err
	}
	last := items[len(items)-1]
	next := filepath.Join(l.dir, "next")
	if err := os.WriteFile(next, []byte(string(last.Stream)+" "+string(last.Position)), 0o600); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(l.dir, "position"))
}

func (l *ledger) Position(_ context.Context, stream event.Stream) (event.Position, bool, error) {
	text, err := os.ReadFile(filepath.Join(l.dir, "position"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	name, position, _ := strings.Cut(string(text), " ")
	return event.Position(position), name == string(stream), err
}

// What was answered 200 is yielded, whenever the process is killed.
func TestKilled(t *testing.T) {
	opts, ca := newOptions(t)
	dir := filepath.Dir(opts.CertFile)
	var sent, taken atomic.Int64
	var mu sync.Mutex
	acknowledged := make(map[string]bool)
	const kills = 6
	for run := range kills + 1 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+dir)
		child.Stderr = os.Stderr
		stdout, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		address, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		remote := &remote{address: strings.TrimSpace(address), ca: ca, tb: t}
		ctx, cancel := context.WithCancel(t.Context())
		var posts sync.WaitGroup
		for range 4 {
			client := remote.client()
			posts.Go(func() {
				defer client.CloseIdleConnections()
				for ctx.Err() == nil {
					var items, ids []string
					for range 3 {
						id := fmt.Sprintf("id-%d", sent.Add(1))
						ids = append(ids, id)
						items = append(items, `{"auditID":"`+id+`"}`)
					}
					if remote.post(ctx, client, listOpen+strings.Join(items, ",")+"]}") != 200 {
						continue
					}
					taken.Add(1)
					mu.Lock()
					for _, id := range ids {
						acknowledged[id] = true
					}
					mu.Unlock()
				}
			})
		}
		goal := taken.Load() + 40 + int64(17*run)
		deadline := time.Now().Add(patience)
		for taken.Load() < goal && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		if run < kills {
			// While posts are under way.
			_ = child.Process.Kill()
			cancel()
			posts.Wait()
		} else {
			cancel()
			posts.Wait()
			waitForAll(t, dir, acknowledged)
			_ = child.Process.Kill()
		}
		cancel()
		_ = child.Wait() // It was killed.
	}
	lines := readLines(t, dir)
	distinct := make(map[string]bool)
	for _, id := range lines {
		distinct[id] = true
	}
	t.Logf("%d posts taken, %d events, killed %d times, %d repeats", taken.Load(), len(acknowledged), kills, len(lines)-len(distinct))
}

func waitForAll(t *testing.T, dir string, want map[string]bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := make(map[string]bool)
		for _, id := range readLines(t, dir) {
			got[id] = true
		}
		missing := 0
		for id := range want {
			if !got[id] {
				missing++
			}
		}
		if missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events that were answered 200 are missing", missing, len(want))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func readLines(t *testing.T, dir string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "yielded"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(content))
}
