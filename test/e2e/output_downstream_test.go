package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// mood is how a downstream treats who sends to it.
type mood string

// The moods of a web server.
const (
	healthy        mood = "healthy"
	slow           mood = "answers late"
	refuses        mood = "refuses connections"
	silent         mood = "accepts and says nothing"
	hangs          mood = "never answers"
	tooMany        mood = "429"
	internalError  mood = "500"
	unavailable    mood = "503"
	redirects      mood = "302"
	halfAnswer     mood = "half an answer"
	drips          mood = "a byte a second"
	cuts           mood = "closes after some bytes"
	otherAuthority mood = "certificate of another authority"
	otherName      mood = "certificate of another name"
	nameGone       mood = "name gone"
	partial        mood = "takes some only"
)

// onConnect reports whether a mood shows when a connection is made. Requests over one
// that was there before end without an answer.
func (m mood) onConnect() bool {
	switch m {
	case refuses, silent, cuts, otherAuthority, otherName, nameGone:
		return true
	default:
		return false
	}
}

// downstreamName is the name that the downstream has, where names can be resolved as
// a test wants them to.
const downstreamName = "downstream.test"

// downstream is a server that the output plugin forwards to.
type downstream struct {
	*ledger
	address string
	caFile  string
	// read takes the records out of a request.
	read func(r *http.Request) ([]sent, error)
	// reply answers what was taken.
	reply func(w http.ResponseWriter)

	certs map[mood]*tls.Certificate
	queue chan net.Conn
	ended chan struct{}
	loops sync.WaitGroup

	mu       sync.Mutex
	now      mood
	changed  chan struct{}
	listener net.Listener
	held     []net.Conn
	// seen counts connections and requests by mood.
	connections, asked map[mood]int
}

// link is what is known of a connection.
type link struct {
	// answered are the records of the last request, if that was answered as a success.
	answered []sent
}

type linkKey struct{}

// newDownstream starts a web server with TLS.
func newDownstream(t testing.TB) *downstream {
	t.Helper()
	d := makeDownstream(t)
	d.listen(t)
	server := &http.Server{
		Handler: d, ReadHeaderTimeout: time.Minute,
		// That connections break is what it is for.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, linkKey{}, &link{})
		},
	}
	d.loops.Go(func() { _ = server.Serve(tls.NewListener(front{d}, d.config())) })
	t.Cleanup(func() {
		d.close(t)
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		d.loops.Wait()
	})
	return d
}

// makeDownstream makes all of a downstream but who talks.
func makeDownstream(t testing.TB) *downstream {
	t.Helper()
	ours, others := newAuthority(t, "downstream authority"), newAuthority(t, "another authority")
	d := &downstream{
		ledger: newLedger(), caFile: filepath.Join(t.TempDir(), "ca.crt"), read: readJSONLines, reply: replyOK,
		queue: make(chan net.Conn), ended: make(chan struct{}), now: healthy, changed: make(chan struct{}),
		connections: map[mood]int{}, asked: map[mood]int{},
		certs: map[mood]*tls.Certificate{
			healthy:        ours.server(t, downstreamName, "127.0.0.1"),
			otherAuthority: others.server(t, downstreamName, "127.0.0.1"),
			otherName:      ours.server(t, "elsewhere.test", "192.0.2.1"),
		},
	}
	ours.write(t, d.caFile)
	return d
}

// config shows the certificate that the mood has.
func (d *downstream) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		now, _ := d.mood()
		if cert := d.certs[now]; cert != nil {
			return cert, nil
		}
		return d.certs[healthy], nil
	}}
}

// close ends what waits, and lets nobody in any more.
func (d *downstream) close(t testing.TB) {
	t.Helper()
	close(d.ended)
	d.set(t, refuses)
}

// front hands the connections that are let in to the web server.
type front struct{ d *downstream }

func (f front) Accept() (net.Conn, error) {
	select {
	case conn := <-f.d.queue:
		return conn, nil
	case <-f.d.ended:
		return nil, net.ErrClosed
	}
}

func (f front) Close() error   { return nil }
func (f front) Addr() net.Addr { return &net.TCPAddr{} }

// listen opens the port, the same each time.
func (d *downstream) listen(t testing.TB) {
	t.Helper()
	address := d.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	var l net.Listener
	eventually(t, time.Minute, "the port of the downstream", func() (ok bool) {
		var err error
		l, err = new(net.ListenConfig).Listen(context.WithoutCancel(t.Context()), "tcp", address)
		return err == nil
	})
	d.mu.Lock()
	d.listener, d.address = l, l.Addr().String()
	d.mu.Unlock()
	d.loops.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.admit(conn)
		}
	})
}

// admit treats a new connection as the mood has it.
func (d *downstream) admit(conn net.Conn) {
	d.mu.Lock()
	now := d.now
	d.connections[now]++
	if now == silent {
		d.held = append(d.held, conn)
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	if now == cuts {
		// From within the handshake to behind a few requests.
		conn = &cut{Conn: conn, left: 200 + rand.IntN(1<<(8+rand.IntN(10)))}
	}
	select {
	case d.queue <- conn:
	case <-d.ended:
		_ = conn.Close()
	}
}

// cut is a connection that is closed after some bytes.
type cut struct {
	net.Conn
	left int
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left <= 0 {
		_ = c.Close()
		return 0, errors.New("cut")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// mood returns the mood, and what is closed when it changes.
func (d *downstream) mood() (mood, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now, d.changed
}

// set changes the mood.
func (d *downstream) set(t testing.TB, m mood) {
	t.Helper()
	d.mu.Lock()
	before := d.now
	d.now = m
	close(d.changed)
	d.changed = make(chan struct{})
	held := d.held
	d.held = nil
	if m == refuses && before != refuses {
		_ = d.listener.Close()
	}
	d.mu.Unlock()
	for _, conn := range held {
		_ = conn.Close()
	}
	if before == refuses && m != refuses {
		d.listen(t)
	}
}

// seen returns how many connections were made and how many requests came in a mood.
func (d *downstream) seen(m mood) (connections, requests int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.connections[m], d.asked[m]
}
