package emit

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// call is a request that a collector was sent.
type call struct {
	method, path, query string
	header              http.Header
	body                []byte
}

// collector is a server that remembers what it is sent, and answers as a test says.
type collector struct {
	*httptest.Server

	mu    sync.Mutex
	calls []call
}

// collect starts a server. Without an answer it says 204.
func collect(tb testing.TB, answer http.HandlerFunc, start func(*httptest.Server)) *collector {
	tb.Helper()
	c := &collector{}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // The client went away.
		}
		c.mu.Lock()
		c.calls = append(c.calls, call{r.Method, r.URL.Path, r.URL.RawQuery, r.Header, body})
		c.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, r)
	}))
	c.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	start(c.Server)
	tb.Cleanup(c.Close)
	return c
}

func (c *collector) seen() []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// host is how errors name the server.
func (c *collector) host() string { return Destination(c.URL) }

// status answers with a status and a body.
func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body) // The client may be gone.
	}
}

// written writes a file of the test.
func written(tb testing.TB, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "file")
	rewrite(tb, path, content)
	return path
}

// rewrite replaces a file, as Kubernetes does: the new one is another inode.
func rewrite(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		tb.Fatal(err)
	}
}

func TestHTTPSendsJSONLines(t *testing.T) {
	server := collect(t, nil, (*httptest.Server).Start)
	records := specs("r", 5, 60)
	b := batchOf(t, FormatJSON, records)
	for _, compress := range []bool{false, true} {
		c := opened(t, Options{
			To: server.URL + "/in/logs?key=secret", Compress: compress, Version: "1.2.3",
			HeadersFile: written(t, "# for the gateway\n\nX-Scope: tenant-1\nx-many: a\nX-Many: b\n"), TokenFile: written(t, "t0ken\n"),
		})
		if c.Format() != FormatJSON {
			t.Errorf("format %q", c.Format())
		}
		send(t, c, b.Slice(1, 4))
		calls := server.seen()
		got := calls[len(calls)-1]
		if got.method != http.MethodPost || got.path != "/in/logs" || got.query != "key=secret" {
			t.Errorf("%s %s?%s", got.method, got.path, got.query)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/x-ndjson", "User-Agent": "live-status/1.2.3", "Authorization": "Bearer t0ken",
			"X-Scope": "tenant-1", "X-Many": "a,b",
		} {
			if v := strings.Join(got.header.Values(name), ","); v != want {
				t.Errorf("%s: %q, want %q", name, v, want)
			}
		}
		body := got.body
		if compress {
			if got.header.Get("Content-Encoding") != "gzip" {
				t.Error("not said to be gzip")
			}
			body = unpacked(t, body)
		}
		if !bytes.Equal(body, b.Slice(1, 4).Bytes()) {
			t.Errorf("body %q", body)
		}
	}
}

func unpacked(tb testing.TB, b []byte) []byte {
	tb.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TestContentTypeCanBeSet is about servers that want another one for JSON Lines, as
// Fluent Bit's own http input does.
func TestContentTypeCanBeSet(t *testing.T) {
	server := collect(t, nil, (*httptest.Server).Start)
	for format, want := range map[Format]string{FormatJSON: "application/json", FormatOTLP: protobuf} {
		c := opened(t, Options{To: server.URL, Format: format, HeadersFile: written(t, "content-type: application/json")})
		send(t, c, encoded(t, format, 1))
		calls := server.seen()
		if got := calls[len(calls)-1].header.Values("Content-Type"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q", format, got)
		}
	}
}

// TestConnectionIsKept keeps it once a batch was acknowledged, and until one is not.
func TestConnectionIsKept(t *testing.T) {
	var fails bool
	connections := map[string]int{}
	server := collect(t, func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr]++
		if fails {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}, (*httptest.Server).Start)
	c := opened(t, Options{To: server.URL})
	b := batchOf(t, FormatJSON, specs("r", 1, 40))
	for i, want := range []int{1, 2, 2, 2, 3, 4, 5} {
		fails = i == 3 || i == 4
		if err := c.Send(t.Context(), b); (err != nil) != fails {
			t.Fatal(err)
		}
		if len(connections) != want {
			t.Errorf("request %d: %d connections, want %d", i, len(connections), want)
		}
	}
}

// TestHTTPAnswers goes over what a server may answer.
func TestHTTPAnswers(t *testing.T) {
	const again, refused = "again", "refused"
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string // acknowledged if empty
		says   string
	}{
		{"200", status(200, "ok"), "", ""},
		{"202 at length", status(202, strings.Repeat("x", 3<<20)), "", ""},
		{"400", status(400, "field time: bad\nand more"), refused, "400 Bad Request: field time: bad"},
		{"409", status(409, ""), refused, "409 Conflict"},
		{"413", status(413, ""), refused, "413 Request Entity Too Large"},
		{"422", status(422, "<html>page</html>"), refused, "422 Unprocessable Entity"},
		{"401", status(401, "who?"), again, "401 Unauthorized: who?"},
		{"403", status(403, strings.Repeat("x", 201)), again, "403 Forbidden"},
		{"404", status(404, "\x1b[31mred"), again, "404 Not Found"},
		{"405", status(405, ""), again, "405 Method Not Allowed"},
		{"408", status(408, ""), again, "408 Request Timeout"},
		{"415", status(415, ""), again, "415 Unsupported Media Type"},
		{"429", status(429, ""), again, "429 Too Many Requests"},
		{"500", status(500, "oops"), again, "500 Internal Server Error: oops"},
		{"599", status(599, ""), again, "599"},
		{"301", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		}, again, "301 Moved Permanently: redirects are not followed"},
		{"it quotes the token", status(500, "token t0ken-of-mine expired"), again, "500 Internal Server Error"},
		{"it quotes the query", status(500, "no key=s3cret known"), again, "500 Internal Server Error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := collect(t, c.answer, (*httptest.Server).Start)
			client := opened(t, Options{To: server.URL + "/x?key=s3cret", TokenFile: written(t, "t0ken-of-mine")})
			err := client.Send(t.Context(), batchOf(t, FormatJSON, specs("r", 2, 40)))
			if n := len(server.seen()); n != 1 {
				t.Errorf("%d requests", n)
			}
			var r *RefusedError
			if got := errors.As(err, &r); err == nil != (c.want == "") || got != (c.want == refused) {
				t.Fatalf("%v", err)
			}
			if err == nil {
				return
			}
			if want := "POST " + server.host() + ": " + c.says; !strings.HasPrefix(err.Error(), want) || (!strings.Contains(c.says, "redirect") && err.Error() != want) {
				t.Errorf("error %q, want %q", err, want)
			}
			if r != nil && r.TooLarge != (c.name == "413") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestHTTPAnswersTooEarly is a server that says yes to what it has not seen.
func TestHTTPAnswersTooEarly(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	to := serve(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1000))
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n") // The client may be gone.
		<-hold
	})
	// More than the buffers of a connection hold.
	err := opened(t, Options{To: to, Timeout: time.Minute}).Send(t.Context(), batchOf(t, FormatJSON, specs("r", 32, 1<<20)))
	if err == nil || !strings.Contains(err.Error(), "204 No Content, but it was answered before all was sent") {
		t.Errorf("%v", err)
	}
}

func TestHTTPSingleRecordIsNotTooLargeTogether(t *testing.T) {
	server := collect(t, status(413, ""), (*httptest.Server).Start)
	err := opened(t, Options{To: server.URL}).Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40)))
	var r *RefusedError
	if !errors.As(err, &r) || r.TooLarge {
		t.Errorf("%+v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": -1, "x": -1, "12": 12 * time.Second, "-1": 0, "0": 0, "99999999999999": maxRetryAfter, "999999999999999999999999": -1,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
		now.Add(time.Hour).Format(http.TimeFormat): maxRetryAfter,
	} {
		if got, ok := retryAfter(value, now); ok != (want >= 0) || (ok && got != want) {
			t.Errorf("%q: %s, %t", value, got, ok)
		}
	}
	server := collect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	}, (*httptest.Server).Start)
	err := opened(t, Options{To: server.URL}).Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40)))
	var r *RetryError
	if !errors.As(err, &r) || r.After != 7*time.Second {
		t.Errorf("%v", err)
	}
}

// TestHTTPWithoutAnAnswer is about servers that break off.
func TestHTTPWithoutAnAnswer(t *testing.T) {
	for _, c := range []struct {
		name string
		talk func(net.Conn)
		says string
	}{
		{"closes at once", func(net.Conn) {}, ""},
		{"closes after 10 bytes", func(conn net.Conn) { _, _ = io.CopyN(io.Discard, conn, 10) }, ""},
		{"half a header", says("HTTP/1.1 200 OK\r\nContent-Le"), ""},
		{"half an answer", says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), "200 OK, but the answer ended early"},
		{"chunks without end", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"), "200 OK, but the answer ended early"},
		{"no HTTP", says("SSH-2.0-OpenSSH_9.9\r\n\r\n"), ""},
		{"header without end", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			line := []byte("X-More: " + strings.Repeat("x", 1000) + "\r\n")
			for {
				if _, err := conn.Write(line); err != nil {
					return
				}
			}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := opened(t, Options{To: serve(t, c.talk)}).Send(t.Context(), batchOf(t, FormatJSON, specs("r", 100, 1000)))
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "POST http://127.0.0.1:") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// says returns what reads a request's beginning, says something and hangs up.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1000))
		_, _ = io.WriteString(conn, text) // The client may be gone.
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, conn) // Or else what it still sends resets the connection.
	}
}

// serve accepts connections, talks on each and closes it, and returns its URL.
func serve(tb testing.TB, talk func(net.Conn)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				talk(conn)
				_ = conn.Close()
			})
		}
	})
	tb.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

func TestHTTPHangs(t *testing.T) {
	for name, talk := range map[string]func(net.Conn){
		"never answers": func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
		"never ends to speak": func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1000)) // What answers before it was asked is no HTTP.
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
			_, _ = io.Copy(io.Discard, conn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			to := serve(t, talk)
			err := opened(t, Options{To: to, Timeout: 50 * time.Millisecond}).Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40)))
			if !errors.Is(err, errNoAnswer) || !strings.HasSuffix(err.Error(), "no whole answer in time (50ms)") {
				t.Errorf("%v", err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			stopped := errors.New("stopped")
			time.AfterFunc(20*time.Millisecond, func() { cancel(stopped) })
			if err := opened(t, Options{To: to}).Send(ctx, batchOf(t, FormatJSON, specs("r", 1, 40))); !errors.Is(err, stopped) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestHTTPCannotBeReached(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]string{
		"http://" + l.Addr().String():             "connection refused",
		"http://me:s3cret@name.invalid/?q=s3cret": "name.invalid",
	} {
		err := opened(t, Options{To: to}).Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40)))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}
