package emit

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// keyFile writes a shared key into a file.
func keyFile(tb testing.TB, key string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestForwardWithSharedKey(t *testing.T) {
	for name, tc := range map[string]struct {
		greeter greeter
		conns   int
	}{
		"as Fluentd":        {greeter{key: "secret", name: "there", keepAlive: true}, 1},
		"as Fluent Bit":     {greeter{key: "secret", name: "there", keepAlive: true, asString: true}, 1},
		"one message each":  {greeter{key: "secret", name: "there"}, 2},
		"name of this host": {greeter{key: "secret", name: hostname(t), keepAlive: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveForward(t, nil, tc.greeter.then(acknowledging))
			c := opened(t, Options{To: s.to(), Tag: "live", Timeout: patient, SharedKeyFile: keyFile(t, "secret\n")})
			first, second := specs("first", 2, 100), specs("second", 2, 100)
			send(t, c, batchOf(t, FormatForward, first))
			send(t, c, batchOf(t, FormatForward, second))
			if got, want := s.ids(), idsOfSpecs(first, second); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			if _, conns := s.seen(); conns != tc.conns {
				t.Errorf("%d connections, want %d", conns, tc.conns)
			}
		})
	}
}

func hostname(tb testing.TB) string {
	tb.Helper()
	name, err := os.Hostname()
	if err != nil {
		tb.Fatal(err)
	}
	return name
}

func TestForwardHandshakeFails(t *testing.T) {
	answer := func(b []byte) conversation {
		return func(s *forwardServer, conn net.Conn, in *msgp.Reader) { write(conn, b); hanging(s, conn, in) }
	}
	hello := msgp.AppendString(msgp.AppendArrayHeader(nil, 2), "HELO")
	good := greeter{key: "secret", name: "there"}
	reflecting, guessing, silent := good, good, good
	reflecting.name, reflecting.pongDigest = "", func(ping []string, _ string) string { return ping[3] }
	guessing.pongDigest = func(ping []string, nonce string) string { return hash(ping[2], "there", nonce, "guess") }
	silent.pongDigest = func([]string, string) string { return "" }
	refusing := good
	refusing.refuse = "no such user" + strings.Repeat("!", 1000)
	other := greeter{key: "other", name: "there"}
	for name, tc := range map[string]struct {
		talk conversation
		want string
	}{
		"another key":           {other.then(acknowledging), `refuses this client: "shared_key mismatch"`},
		"refuses":               {refusing.then(acknowledging), `"no such user!!!`},
		"sends our hash back":   {reflecting.then(acknowledging), "claims to be this client"},
		"does not have the key": {guessing.then(acknowledging), "another shared key"},
		"sends no hash":         {silent.then(acknowledging), "another shared key"},
		"closes":                {closingAfter(0), "without a whole answer"},
		"closes after PING":     {func(_ *forwardServer, conn net.Conn, in *msgp.Reader) { write(conn, helloWith("n")); _ = in.Skip() }, "another shared key"},
		"no HELO":               {answer(ack("x")), "not of the forward protocol"},
		"empty array":           {answer([]byte{0x90}), "not of the forward protocol"},
		"HELO without a map":    {answer(msgp.AppendInt(hello, 1)), "not of the forward protocol"},
		"no nonce":              {answer(msgp.AppendMapHeader(hello, 0)), "not of the forward protocol"},
		"empty nonce":           {answer(helloWith("")), "not of the forward protocol"},
		"large HELO":            {answer(helloWith(strings.Repeat("n", 9000))), "more than 4096 bytes"},
		"HTTP":                  {answer([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), "not of the forward protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveForward(t, nil, tc.talk)
			c := opened(t, Options{To: s.to(), Tag: "live", Timeout: patient, SharedKeyFile: keyFile(t, "secret")})
			err := c.Send(t.Context(), batchOf(t, FormatForward, specs("r", 1, 100)))
			if err == nil || !strings.Contains(err.Error(), tc.want) || len(err.Error()) > 300 {
				t.Errorf("%v, want %q", err, tc.want)
			}
			if messages, _ := s.seen(); len(messages) > 0 {
				t.Errorf("sent all the same: %+v", messages)
			}
		})
	}
	c := opened(t, Options{To: serveForward(t, nil, hanging).to(), Tag: "live", Timeout: 50 * time.Millisecond, SharedKeyFile: keyFile(t, "secret")})
	err := c.Send(t.Context(), batchOf(t, FormatForward, specs("r", 1, 100)))
	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "ask for the shared key") {
		t.Errorf("a server that does not ask: %v", err)
	}
}

// helloWith returns ["HELO", {"nonce": nonce}].
func helloWith(nonce string) []byte {
	b := msgp.AppendString(msgp.AppendArrayHeader(nil, 2), "HELO")
	return msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(b, 1), "nonce"), nonce)
}

func TestForwardSharedKeyFile(t *testing.T) {
	for name, path := range map[string]string{"none": filepath.Join(t.TempDir(), "none"), "empty": keyFile(t, "\n"), "folder": t.TempDir()} {
		if _, err := Open(Options{To: "forward://host", Tag: "live", SharedKeyFile: path}); err == nil || !strings.Contains(err.Error(), "forward_shared_key_file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A new key is used for the next message.
	s := serveForward(t, nil, greeter{key: "old", name: "there", keepAlive: true}.then(acknowledging),
		greeter{key: "new and longer", name: "there", keepAlive: true}.then(acknowledging))
	path := keyFile(t, "old")
	now := time.Now()
	c := opened(t, Options{To: s.to(), Tag: "live", Timeout: patient, SharedKeyFile: path, Now: func() time.Time { return now }})
	b := batchOf(t, FormatForward, specs("r", 1, 100))
	send(t, c, b)
	if err := os.WriteFile(path, []byte("new and longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * checkEvery)
	send(t, c, b)
	send(t, c, b)
	if messages, conns := s.seen(); len(messages) != 3 || conns != 2 {
		t.Errorf("%d messages over %d connections", len(messages), conns)
	}
}

func TestForwardOverTLS(t *testing.T) {
	dir := t.TempDir()
	authority := newForwardAuthority(t, dir)
	server := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{authority.pair(t, "server", "localhost")}}
	mutual := server.Clone()
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, authority.pool
	authority.pair(t, "client", "client")
	other := newForwardAuthority(t, t.TempDir())
	good := TLS{Enabled: true, CAFile: authority.file, ServerName: "localhost"}
	for name, tc := range map[string]struct {
		server *tls.Config
		client TLS
		want   string
	}{
		"good":            {server, good, ""},
		"any certificate": {server, TLS{Enabled: true, SkipVerify: true}, ""},
		"client's": {mutual, TLS{
			Enabled: true, CAFile: authority.file, ServerName: "localhost",
			CertFile: filepath.Join(dir, "client.crt"), KeyFile: filepath.Join(dir, "client.key"),
		}, ""},
		"none of client":  {mutual, good, "certificate required"},
		"wrong name":      {server, TLS{Enabled: true, CAFile: authority.file, ServerName: "elsewhere"}, "elsewhere"},
		"wrong authority": {server, TLS{Enabled: true, CAFile: other.file, ServerName: "localhost"}, "unknown authority"},
		"server without":  {nil, good, "tls"},
		"client without":  {server, TLS{}, "forward to"},
	} {
		t.Run(name, func(t *testing.T) {
			key := greeter{key: "secret", name: "there", keepAlive: true}
			s := serveForward(t, tc.server, key.then(acknowledging))
			timeout := patient
			if tc.server != nil && !tc.client.Enabled {
				timeout = 50 * time.Millisecond // Each waits for the other to begin.
			}
			c := opened(t, Options{To: s.to(), Tag: "live", Timeout: timeout, TLS: tc.client, Compress: true, SharedKeyFile: keyFile(t, "secret")})
			records := specs("r", 20, 100_000)
			err := c.Send(t.Context(), batchOf(t, FormatForward, records))
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%v, want %q", err, tc.want)
			case tc.want == "" && !slices.Equal(s.ids(), idsOfSpecs(records)):
				t.Errorf("%v", s.ids())
			}
			if err != nil {
				return
			}
			f := c.(*forward)
			f.used = f.used.Add(-idle)
			send(t, c, batchOf(t, FormatForward, records))
			if _, conns := s.seen(); conns != 1 {
				t.Errorf("%d connections", conns)
			}
		})
	}
}
