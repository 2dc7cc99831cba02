package auditwebhook

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

// A page in a browser can neither post nor find out whether it could, be its
// name bound anew to the address of the server or not.
func TestBrowsersAreRefused(t *testing.T) {
	encrypted, ca := newOptions(t)
	for name, f := range map[string]*fixture{
		"plain": start(t, Options{Access: Access{Listen: "127.0.0.1:0"}}, nil),
		"TLS":   start(t, encrypted, ca),
	} {
		own := f.url("")
		for _, header := range [][]string{
			{"Origin", own},
			{"Origin", "null"},
			{"Origin", ""},
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-origin"},
			{"Sec-Fetch-Site", "none"},
			{"Sec-Fetch-Mode", "no-cors"},
		} {
			for _, h2 := range []bool{false, true} {
				client := f.client(h2)
				if got := f.post(client, goodBody(1, 1), header...); got.status != 403 || !strings.Contains(got.text, "browsers") {
					t.Errorf("%s: post with %q: got %+v", name, header, got)
				}
				if got := f.do(client, http.MethodGet, "/readyz", nil, header...); got.status != 403 {
					t.Errorf("%s: probe with %q: got %+v", name, header, got)
				}
			}
		}
		if stored := f.spool.stored(); len(stored) != 0 {
			t.Errorf("%s: %d bodies stored", name, len(stored))
		}
	}
}

// Where neither TLS nor credentials show who calls whom, a server is not called
// by a name that somebody could bind anew.
func TestReboundNames(t *testing.T) {
	token := newSecret(t, map[string][]byte{"token": []byte("0123456789abcdef")}).path("token")
	encrypted, ca := newOptions(t)
	insecure, withToken := Access{Listen: "127.0.0.1:0", Insecure: true}, Access{Listen: "localhost:0", TokenFile: token}
	bare := start(t, Options{Access: Access{Listen: "localhost:0"}}, nil)
	for _, tc := range []struct {
		name, host string
		f          *fixture
		status     int
	}{
		{"name", "rebound.example", bare, 403},
		{"name with the port", "rebound.example:PORT", bare, 403},
		{"name that begins like an address", "127.0.0.1.rebound.example", bare, 403},
		{"name that ends like localhost", "rebound.localhost:PORT", bare, 403},
		{"address", "127.0.0.1:PORT", bare, 200},
		{"address without port", "127.0.0.1", bare, 200},
		{"IPv6", "[::1]:PORT", bare, 200},
		{"IPv6 without port", "[::1]", bare, 200},
		{"localhost", "LocalHost:PORT", bare, 200},
		{"localhost without port", "localhost", bare, 200},
		{"insecure", "audit.example", start(t, Options{Access: insecure}, nil), 200},
		{"token", "audit.example", start(t, Options{Access: withToken}, nil), 200},
		{"TLS", "audit.example", start(t, encrypted, ca), 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, port, err := net.SplitHostPort(tc.f.source.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tc.f.url("/"), strings.NewReader(goodBody(1, 1)))
			if err != nil {
				t.Fatal(err)
			}
			request.Host = strings.ReplaceAll(tc.host, "PORT", port)
			request.Header.Set("Authorization", "Bearer 0123456789abcdef")
			response, err := tc.f.client(false).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != tc.status {
				t.Errorf("got %d, want %d", response.StatusCode, tc.status)
			}
		})
	}
}
