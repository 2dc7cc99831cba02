package auditwebhook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// clientFrom returns a client whose connections come from an address.
func (f *fixture) clientFrom(address string) *http.Client {
	client := f.client(true)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	client.Transport.(*http.Transport).DialContext = dialer.DialContext
	return client
}

// One sender gets half of the requests, all together get the whole, and probes
// are answered all the same.
func TestTooManyRequests(t *testing.T) {
	opts, ca := newOptions(t)
	opts.Limits.Requests = 4
	f := start(t, opts, ca)
	release, entered := make(chan struct{}), make(chan struct{}, 4)
	f.spool.on(func(context.Context, event.Spooled) error {
		entered <- struct{}{}
		<-release
		return nil
	})
	var posts sync.WaitGroup
	defer posts.Wait()
	defer close(release)
	hold := func(address string) {
		client := f.clientFrom(address)
		for range 2 {
			posts.Go(func() {
				got, err := f.try(client, http.MethodPost, "/", strings.NewReader(goodBody(1, 1)))
				if err != nil || got.status != 200 {
					t.Errorf("got %+v, %v", got, err)
					entered <- struct{}{}
				}
			})
		}
		<-entered
		<-entered
	}
	refused := func(address string) {
		t.Helper()
		if got := f.post(f.clientFrom(address), goodBody(1, 1)); got.status != 503 || got.retryAfter != "1" {
			t.Errorf("%s got %+v", address, got)
		}
	}
	hold("127.0.0.1")
	refused("127.0.0.1")
	hold("127.0.0.2")
	refused("127.0.0.3")
	if got := f.do(f.client(true), http.MethodGet, "/healthz", nil); got.status != 200 {
		t.Errorf("a probe is refused: %+v", got)
	}
}

// One sender gets half of the memory, and leaves the other half to others.
func TestTooManyBytes(t *testing.T) {
	const size = 1000 << 10
	opts, ca := newOptions(t)
	opts.MaxBody = 2 << 20
	opts.Limits.InFlight = 8 << 20
	f := start(t, opts, ca)
	release, entered := make(chan struct{}), make(chan struct{}, 8)
	f.spool.on(func(context.Context, event.Spooled) error {
		entered <- struct{}{}
		<-release
		return nil
	})
	body := goodBody(1, size)
	var posts sync.WaitGroup
	defer posts.Wait()
	defer close(release)
	hold := func(client *http.Client) {
		posts.Go(func() {
			if got, err := f.try(client, http.MethodPost, "/", strings.NewReader(body)); err != nil || got.status != 200 {
				t.Errorf("got %+v, %v", got, err)
				entered <- struct{}{}
			}
		})
		<-entered
	}
	greedy := f.clientFrom("127.0.0.1")
	for range 3 {
		hold(greedy)
	}
	for range 3 {
		if got := f.post(greedy, body); got.status != 503 || got.retryAfter != "1" {
			t.Errorf("got %+v", got)
		}
	}
	hold(f.clientFrom("127.0.0.2"))
}

// A sender that is alone can post the largest body there may be, however it is
// written.
func TestLargestBodyFits(t *testing.T) {
	opts, ca := newOptions(t)
	f := start(t, opts, ca)
	body := goodBody(1, defaultMaxBody-len(goodBody(1, 0)))
	packed := string(gzipped(t, []byte(body)))
	client := f.client(true)
	for name, got := range map[string]reply{
		"as it is":           f.post(client, body),
		"chunked":            f.do(client, http.MethodPost, "/", unannounced{strings.NewReader(body)}),
		"gzip":               f.post(client, packed, "Content-Encoding", "gzip"),
		"gzip not announced": f.post(client, packed),
	} {
		if got.status != 200 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if memory := f.source.server.memory; memory.used != 0 || len(memory.by) != 0 {
		t.Errorf("%d bytes are still taken, of %d senders", memory.used, len(memory.by))
	}
}

func TestBudgetByNetwork(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	all := newBudget(100)
	first, second, other := share{of: all, network: a}, share{of: all, network: a}, share{of: all, network: b}
	for i, step := range []struct {
		of   *share
		n    int64
		want bool
	}{
		{&first, 40, true},
		{&second, 11, false},
		{&second, 10, true},
		{&first, 1, false}, // The network has its half.
		{&other, 51, false},
		{&other, 50, true},
		{&other, 1, false},
		{&second, -10, true},
		{&first, 11, false},
		{&other, -40, true},
		{&first, 40, true}, // A single request may go beyond the half.
		{&second, 1, false},
	} {
		if got := step.of.take(step.n); got != step.want {
			t.Errorf("step %d: %t", i, got)
		}
	}
	for _, s := range []*share{&first, &second, &other} {
		s.release()
	}
	if all.used != 0 || len(all.by) != 0 {
		t.Errorf("%d are still taken: %v", all.used, all.by)
	}
}
