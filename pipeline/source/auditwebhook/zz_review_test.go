package auditwebhook

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const zzBody = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":"forged"}]}`

// A page whose name was bound anew to 127.0.0.1 is of the same origin as what
// it posts to.
func TestZZRebinding(t *testing.T) {
	f := start(t, Options{Access: Access{Listen: "127.0.0.1:0"}}, nil)
	_, port, _ := net.SplitHostPort(f.source.Addr().String())
	for name, header := range map[string]http.Header{
		"http origin": {"Origin": {"http://evil.example:" + port}},
		"same-origin": {"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://evil.example:" + port}},
	} {
		r, _ := http.NewRequest(http.MethodPost, f.url("/"), strings.NewReader(zzBody))
		r.Host = "evil.example:" + port
		r.Header = header
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == 200 {
			t.Errorf("%s: a browser's page posted audit events", name)
		}
	}
}

// Strangers keep all connections busy with probes; the API server gets none.
func TestZZStrangersTakeAllConnections(t *testing.T) {
	opts, ca := newOptions(t)
	opts.Limits = Limits{}
	files := newSecret(t, map[string][]byte{"token": []byte("0123456789abcdef")})
	opts.TokenFile = files.path("token")
	f := start(t, opts, ca)
	dial := func(from string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 2 * time.Second}
		c, err := d.Dial("tcp", f.source.Addr().String())
		if err != nil {
			return nil, err
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		s := tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if _, err := fmt.Fprintf(s, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return nil, err
		}
		buf := make([]byte, 100)
		_, err = s.Read(buf)
		return s, err
	}
	for i := range 4 {
		for range 64 {
			c, err := dial(fmt.Sprintf("127.0.0.%d", 10+i))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}
	}
	time.Sleep(time.Second) // longer than any answer takes
	if _, err := dial("127.0.0.99"); err != nil {
		t.Errorf("another address gets no connection while strangers idle: %v", err)
	}
}
