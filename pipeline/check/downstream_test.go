package check

import (
	"bufio"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// output is a configuration of the output plugin.
func output(to string, more config.Map) config.Map {
	values := config.Map{"forward_to": to, "cluster_name": "test"}
	maps.Copy(values, more)
	return values
}

func TestDownstreamHTTP(t *testing.T) {
	ca, foreign := newAuthority(t, "ca"), newAuthority(t, "foreign")
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, []byte("geheim-token"))
	answer := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodOptions || r.ContentLength > 0 {
				t.Errorf("%s with %d bytes", r.Method, r.ContentLength)
			}
			if r.Header.Get("Authorization") != "Bearer geheim-token" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("geheim-token"))
		})
	}
	connected := "downstream ok: https://127.0.0.1:...: connected"
	trusted := "downstream ok: https://127.0.0.1:...: TLS 1.3, certificate of CN=server"
	for _, tt := range []struct {
		name   string
		server *httptest.Server
		more   config.Map
		want   []string
	}{
		{"good", ca.serve(t, answer(204)), nil, []string{connected, trusted, "downstream ok: ...it answers 204 No Content to OPTIONS"}},
		{"POST only", ca.serve(t, answer(405)), nil, []string{connected, trusted, "downstream ok: ...405"}},
		{"path", ca.serve(t, answer(404)), nil, []string{connected, trusted, "downstream warning: ...404 Not Found to OPTIONS -> check the path"}},
		{"redirect", ca.serve(t, answer(302)), nil, []string{connected, trusted, "downstream failed: ...302 Found to OPTIONS -> write the URL that it leads to"}},
		{"broken", ca.serve(t, answer(503)), nil, []string{connected, trusted, "downstream failed: ...503 Service Unavailable"}},
		{"no token", ca.serve(t, answer(204)), config.Map{"forward_token_file": ""}, []string{connected, trusted, "downstream failed: ...401 Unauthorized to OPTIONS -> check forward_token_file"}},
		{"foreign", foreign.serve(t, answer(204)), nil, []string{connected, "downstream failed: ...unknown authority, CN=foreign -> ...forward_tls_ca_file"}},
		{"expired", ca.serve(t, answer(204), expired), nil, []string{connected, "downstream failed: ...ended on ..., 2 days ago -> renew it"}},
		{"another name", ca.serve(t, answer(204), another), nil, []string{connected, "downstream failed: ...for kubernetes.default.svc, not for 127.0.0.1 -> ...forward_tls_server_name"}},
		{"unchecked", foreign.serve(t, answer(204)), config.Map{"forward_tls_verify": "off"}, []string{connected, "downstream warning: ...is not checked", "downstream ok: ...204"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values := output(tt.server.URL+"/ingest?key=geheim-key", config.Map{"forward_tls_ca_file": ca.file, "forward_token_file": token})
			maps.Copy(values, tt.more)
			rows := only(t, Downstream, values)
			says(t, rows, tt.want...)
			if strings.Contains(text(rows), "geheim") {
				t.Errorf("a credential is told: %s", text(rows))
			}
		})
	}
	says(t, only(t, Downstream, output("http://"+refused(t)+"/x", nil)), "downstream failed: http://127.0.0.1:...: connection refused -> nothing listens there")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	cfg := parse(t, output("https://"+silent.Addr().String(), nil))
	says(t, Run(t.Context(), Options{Config: cfg, Only: []Name{Downstream}, Timeout: 300 * time.Millisecond}), connected, "downstream failed: ...no answer in time")
}

func TestDownstreamFile(t *testing.T) {
	dir := t.TempDir()
	letters := filepath.Join(dir, "letters.jsonl")
	says(t, only(t, Downstream, output("file:"+dir+"/records.jsonl", config.Map{"dead_letter_path": letters})),
		"downstream ok: file:...records.jsonl can be written", "downstream ok: dead_letter_path "+letters+" can be written")
	says(t, only(t, Downstream, output("stdout", nil)), "downstream ok: stdout")
	cfg := parse(t, output("stdout", nil))
	cfg.Forward.To, cfg.Forward.DeadLetterPath = "file:"+dir, dir+"/gone/letters"
	says(t, Run(t.Context(), Options{Config: cfg, Only: []Name{Downstream}}),
		"downstream failed: ...it is a folder -> let this process write", "downstream failed: dead_letter_path ...no such file or directory")
	says(t, only(t, Downstream, offline(nil)), "downstream skipped: forward_to is not set")
}

// hello is what a server sends first that wants a shared key: ["HELO", {"nonce": ...}].
const hello = "\x92\xa4HELO\x82\xa5nonce\xc4\x04abcd\xa9keepalive\xc3"

func TestDownstreamForward(t *testing.T) {
	ca := newAuthority(t, "ca")
	pair, err := tls.LoadX509KeyPair(ca.issue(t))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}})
			if _, err := secure.Write([]byte(hello)); err == nil {
				// Of the client's PING nothing is right, it says.
				_, _ = bufio.NewReader(secure).Peek(1)
				_, _ = secure.Write([]byte("\x95\xa4PONG\xc2\xaashared_key\xa1s\xa0"))
			}
			_ = secure.Close()
		}
	}()
	defer func() { _ = ln.Close(); <-done }()
	key := filepath.Join(t.TempDir(), "key")
	write(t, key, []byte("geheim"))
	values := output("forward://"+ln.Addr().String(), config.Map{"forward_tls": "on", "forward_tls_ca_file": ca.file, "forward_shared_key_file": key})
	rows := only(t, Downstream, values)
	says(t, rows, "downstream ok: forward://...: connected", "downstream ok: forward://...verified by CN=ca", "downstream failed: ...the server refuses this client...")
	delete(values, "forward_shared_key_file")
	says(t, only(t, Downstream, values), "downstream ok", "downstream ok", "downstream ok: ...the connection is taken; whether records are, only deliveries tell")
}
