package auditwebhook

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// However much is posted at once, the bodies in memory stay within their
// budget, those that do not fit are told to come back, and what was answered
// 200 is what was stored.
func TestMemoryIsBounded(t *testing.T) {
	const size, posts, budget = 1 << 20, 48, 12 << 20
	opts, ca := newOptions(t)
	opts.MaxBody = 3 << 20
	opts.Limits.InFlight = budget
	f := start(t, opts, ca)
	var within, most atomic.Int64
	full := make(chan struct{})
	f.spool.on(func(ctx context.Context, item event.Spooled) error {
		now := within.Add(int64(len(item.Body)))
		defer within.Add(-int64(len(item.Body)))
		for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
		}
		select {
		case <-full:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	body := goodBody(1, size)
	var answers [600]atomic.Int64
	var clients sync.WaitGroup
	for i := range posts {
		clients.Go(func() {
			got, err := f.try(f.client(i%2 == 0), http.MethodPost, "/", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			if got.status != 200 && got.retryAfter == "" {
				t.Errorf("got %+v", got)
			}
			answers[got.status].Add(1)
		})
	}
	// The others are answered while those that fitted are still being stored.
	f.eventually("the bodies that do not fit are refused", func() bool {
		return answers[503].Load() > 0 && answers[503].Load()+within.Load()/int64(len(body)) == posts
	})
	close(full)
	clients.Wait()
	if most.Load() > budget || most.Load() == 0 {
		t.Errorf("%d bytes were in memory, %d are allowed", most.Load(), budget)
	}
	if stored := int64(len(f.spool.stored())); stored != answers[200].Load() && f.spool.last != answers[200].Load() {
		t.Errorf("%d stored, %d answered 200", stored, answers[200].Load())
	}
	if answers[200].Load()+answers[503].Load() != posts {
		t.Errorf("%d answered 200 and %d answered 503", answers[200].Load(), answers[503].Load())
	}
	if used := f.source.server.memory.used; used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
	t.Logf("%d of %d posts taken, %d bytes at most", answers[200].Load(), posts, most.Load())
}

func TestTooManyItems(t *testing.T) {
	opts, ca := newOptions(t)
	f := start(t, opts, ca)
	got := f.post(f.client(true), listOpen+strings.Repeat("1,", maxItems)+"1]}")
	if got.status != 413 || !strings.Contains(got.text, "items") {
		t.Errorf("got %+v", got)
	}
}

// A client that goes away while its body is being stored changes nothing.
func TestClientGone(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2=%t", h2), func(t *testing.T) {
			opts, ca := newOptions(t)
			f := start(t, opts, ca)
			gone, entered := make(chan struct{}), make(chan struct{})
			f.spool.on(func(ctx context.Context, _ event.Spooled) error {
				close(entered)
				<-gone
				return ctx.Err()
			})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-entered
				cancel()
			}()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url("/"), strings.NewReader(goodBody(1, 1)))
			if err != nil {
				t.Fatal(err)
			}
			client := f.client(h2)
			response, err := client.Do(request)
			if err == nil {
				_ = response.Body.Close()
				t.Fatal("the request was not given up")
			}
			client.CloseIdleConnections()
			// The connection is closed some time after the call has returned.
			time.Sleep(20 * time.Millisecond)
			close(gone)
			if items, ok := f.sink.await(t.Context(), 1); !ok || len(items) != 1 {
				t.Error("the body was not stored")
			}
		})
	}
}

// At the end the requests under way get their answers, and Run does not return
// before: the spool may be closed then.
func TestShutdown(t *testing.T) {
	opts, ca := newOptions(t)
	f := start(t, opts, ca)
	release, entered := make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	f.spool.on(func(ctx context.Context, _ event.Spooled) error {
		close(entered)
		<-release
		if ended.Load() {
			t.Error("the source has ended before the write")
		}
		return ctx.Err()
	})
	var got reply
	var err error
	var posts sync.WaitGroup
	client := f.client(true)
	posts.Go(func() { got, err = f.try(client, http.MethodPost, "/", strings.NewReader(goodBody(1, 1))) })
	<-entered
	posts.Go(func() {
		f.stop()
		ended.Store(true)
	})
	f.eventually("new connections are refused", func() bool {
		_, err := f.try(f.client(false), http.MethodGet, "/healthz", nil)
		return err != nil
	})
	close(release)
	posts.Wait()
	if err != nil || got.status != 200 {
		t.Errorf("got %+v, %v", got, err)
	}
	if state := f.source.Status().State; state != event.SourceStopped {
		t.Errorf("state %s", state)
	}
}

// A write that does not end is given up after a while.
func TestShutdownIsBounded(t *testing.T) {
	opts, ca := newOptions(t)
	opts.Limits.ShutdownTimeout = 50 * time.Millisecond
	f := start(t, opts, ca)
	entered := make(chan struct{})
	var left atomic.Bool
	f.spool.on(func(ctx context.Context, _ event.Spooled) error {
		close(entered)
		<-ctx.Done()
		left.Store(true)
		return ctx.Err()
	})
	client := f.client(true)
	var posts sync.WaitGroup
	posts.Go(func() {
		if got, err := f.try(client, http.MethodPost, "/", strings.NewReader(goodBody(1, 1))); err == nil && got.status == 200 {
			t.Errorf("got %+v", got)
		}
	})
	<-entered
	f.stop()
	if !left.Load() {
		t.Error("a write is still under way")
	}
	posts.Wait()
}
