package recorded

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory keeps what it takes.
type memory struct {
	mu      sync.Mutex
	items   []event.Item
	objects []string
	batches int
}

func (m *memory) YieldAll(ctx context.Context, items []event.Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = append(m.items, items...)
	m.batches++
	return ctx.Err()
}

func (m *memory) put(raw []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.items) > 0 {
		return fmt.Errorf("an object came behind %d items", len(m.items))
	}
	m.objects = append(m.objects, string(raw))
	return nil
}

const testItem = 1 << 20

// replay runs a source over what opts name.
func replay(tb testing.TB, opts Options) (*memory, *Source) {
	tb.Helper()
	m := &memory{}
	if opts.Sink == nil {
		opts.Sink = m
	}
	if opts.Put == nil {
		opts.Put = m.put
	}
	if opts.MaxItem == 0 {
		opts.MaxItem = testItem
	}
	s, err := New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	s.Run(tb.Context())
	<-s.Done()
	return m, s
}

// mustReplay is replay where nothing may go wrong.
func mustReplay(tb testing.TB, opts Options) (*memory, *Source) {
	tb.Helper()
	m, s := replay(tb, opts)
	if err := s.Err(); err != nil {
		tb.Fatal(err)
	}
	return m, s
}

// file writes a file and returns its path.
func file(tb testing.TB, name, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func zip(tb testing.TB, content string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

var epoch = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// auditLine is an audit event as kube-apiserver writes it, ms milliseconds after
// epoch.
func auditLine(id string, ms int) string {
	at := epoch.Add(time.Duration(ms) * time.Millisecond).Format("2006-01-02T15:04:05.000000Z")
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":%q,"stage":"ResponseComplete",`+
		`"requestURI":"/api/v1/namespaces","verb":"create","user":{"username":"a\"b"},"requestObject":{"stageTimestamp":"1999-01-01T00:00:00Z"},`+
		`"requestReceivedTimestamp":"2026-11-21T01:00:00.000000Z","stageTimestamp":%q,"annotations":{"k":"}\\"}}`, id, at)
}

// eventJSON is an event that last happened s seconds after epoch.
func eventJSON(name string, s int) string {
	at := epoch.Add(time.Duration(s) * time.Second).Format(time.RFC3339)
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Event","metadata":{"name":%q,"uid":%q,"resourceVersion":"1","creationTimestamp":"2020-01-01T00:00:00Z"},`+
		`"involvedObject":{"kind":"Pod","name":"p"},"lastTimestamp":%q,"message":"items: [\"{"}`, name, name, at)
}

// identity is what an item says it is.
func identity(raw []byte) string {
	var what struct {
		AuditID  string
		Metadata struct{ Name string }
	}
	if err := json.Unmarshal(raw, &what); err != nil {
		return "not JSON"
	}
	return what.AuditID + what.Metadata.Name
}

func identities(items []event.Item) []string {
	var ids []string
	for i := range items {
		ids = append(ids, identity(items[i].Raw))
	}
	return ids
}
