package kube

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// hostile is a network that repeats the credentials wherever it can.
type hostile struct {
	how string
}

func (h *hostile) RoundTrip(req *http.Request) (*http.Response, error) {
	auth := req.Header.Get("Authorization")
	_, credentials, _ := strings.Cut(auth, " ")
	plain := credentials
	if b, err := base64.StdEncoding.DecodeString(credentials); err == nil {
		plain += " " + string(b)
		if _, password, ok := strings.Cut(string(b), ":"); ok {
			plain += " " + password
		}
	}
	leak := fmt.Sprintf("Authorization: %s; %s https://ada:hunter2-pw@proxy.example.com/x token=%s %s %q",
		auth, plain, credentials, url.QueryEscape(credentials), credentials)
	answer := func(code int, contentType, body string) *http.Response {
		return &http.Response{
			StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
			Header: http.Header{"Content-Type": {contentType}, "Warning": {fmt.Sprintf("299 - %q", leak)}},
			Body:   io.NopCloser(strings.NewReader(body)),
		}
	}
	switch h.how {
	case "error":
		return nil, errors.New(leak)
	case "url error":
		return nil, &url.Error{Op: "Get", URL: "https://ada:hunter2-pw@" + req.URL.Host, Err: errors.New(leak)}
	case "dns error":
		return nil, &net.DNSError{Err: "no such host", Name: plain}
	case "redirect":
		r := answer(http.StatusFound, "text/plain", leak)
		r.Header.Set("Location", "https://ada:hunter2-pw@elsewhere.example.com/?token="+credentials)
		return r, nil
	case "status":
		return answer(http.StatusForbidden, "application/json",
			fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"reason":"Forbidden","code":403}`, leak)), nil
	case "text":
		return answer(http.StatusInternalServerError, "text/plain", leak), nil
	case "401":
		return answer(http.StatusUnauthorized, "text/plain", leak), nil
	case "broken body":
		r := answer(http.StatusOK, "application/json", "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), readError{leak}))
		return r, nil
	case "broken error body":
		r := answer(http.StatusBadGateway, "application/json", "")
		r.Body = io.NopCloser(readError{leak})
		return r, nil
	default:
		return answer(http.StatusOK, "application/json", "{}"), nil
	}
}

type readError struct{ text string }

func (r readError) Read([]byte) (int, error) { return 0, errors.New(r.text) }

func TestHostileNetwork(t *testing.T) {
	users := map[string]string{
		"token":      "token: hunter2/opaque+token",
		"token file": "tokenFile: token",
		"password":   "username: ada\npassword: hunter2 pass/word",
		"URL":        "",
		"exec":       "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: ./plugin\n  interactiveMode: Never\n  env:\n  - {name: TOKEN_AT, value: AT}",
	}
	hows := []string{"error", "url error", "dns error", "redirect", "status", "text", "401", "broken body", "broken error body", "warning"}
	for name, user := range users {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			write(t, b.path("ca.crt"), newAuthority(t, "ca").pem)
			write(t, b.path("token"), []byte("hunter2-of-a-file"))
			b.plugin(t, "hunter2-of-a-plugin")
			server := "https://api.example.com"
			if name == "URL" {
				server = "https://ada:hunter2-of-a-url@api.example.com"
			}
			cfg := b.defaults()
			cfg.Kubeconfig = b.kubeconfig(t, server, strings.ReplaceAll(user, "AT}", b.path("plugin-token")+"}"), "")
			h := &hostile{}
			a, err := load(cfg, b.options(), func(http.RoundTripper) http.RoundTripper { return h })
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			var said strings.Builder
			for _, how := range hows {
				h.how = how
				err := get(a)
				if (err == nil) != (how == "warning") {
					t.Errorf("%s: got %v", how, err)
				}
				_, idErr := a.Identity(t.Context())
				c, cErr := a.Client(t.Context())
				if cErr != nil {
					t.Fatal(cErr)
				}
				body, sErr := c.Get().AbsPath("/api/v1/events").Stream(t.Context())
				if sErr == nil {
					_, sErr = io.ReadAll(body)
					if err := body.Close(); err != nil {
						t.Error(err)
					}
				}
				for _, err := range []error{err, idErr, sErr} {
					fmt.Fprintf(&said, "%s: %v | %s | %s\n", how, err, Describe(err), a.Describe(err))
				}
			}
			said.WriteString(b.log.String())
			fmt.Fprintf(&said, "%v %s %s", a.ClusterName(), a.URL(), a.Describe(errors.New("x")))
			for _, secret := range []string{"hunter2", "opaque", "pass/word", "pass%2Fword", base64.StdEncoding.EncodeToString([]byte("ada:hunter2 pass/word"))} {
				if strings.Contains(said.String(), secret) {
					t.Errorf("%q shows in:\n%s", secret, said.String())
				}
			}
			if !strings.Contains(said.String(), hidden) {
				t.Errorf("the network had nothing to say:\n%s", said.String())
			}
		})
	}
}

// TestMistakesInURLsDoNotShow has URLs that cannot be parsed, with passwords
// in them.
func TestMistakesInURLsDoNotShow(t *testing.T) {
	for _, tt := range []struct{ server, cluster string }{
		{"https://ada:hunter2%zz@api.example.com", ""},
		{"https://ada:hunter2@api.example.com:port", ""},
		{"https://api.example.com", "certificate-authority: ca.crt\nproxy-url: http://ada:hunter2%zz@proxy.example.com"},
		{"https://api.example.com", "certificate-authority: ca.crt\nproxy-url: ftp://ada:hunter2@proxy.example.com"},
	} {
		b := newBench(t)
		write(t, b.path("ca.crt"), newAuthority(t, "ca").pem)
		cfg := b.defaults()
		cfg.Kubeconfig = b.kubeconfig(t, fmt.Sprintf("%q", tt.server), "token: t", tt.cluster)
		a, err := Load(cfg, b.options())
		if err == nil {
			a.Close()
			t.Errorf("%v: no error", tt)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(b.log.String(), "hunter2") {
			t.Errorf("the password shows in %v\n%s", err, b.log.String())
		}
	}
}

func TestBrokenProxyVariableDoesNotShow(t *testing.T) {
	b := newBench(t)
	cfg := b.defaults()
	cfg.URL, cfg.URLSet = "https://api.example.com", true
	// The variables are read once a process, so the transport is asked
	// directly.
	cause := fmt.Errorf("invalid proxy address %q: %w", "http://ada:hunter2@proxy:x", errors.New("bad port"))
	a, err := load(cfg, b.options(), func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(*http.Request) (*http.Response, error) { return nil, cause })
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	err = get(a)
	if err == nil || !errors.Is(err, cause) || strings.Contains(err.Error()+Describe(err), "hunter2") {
		t.Errorf("got %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestScrubText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"dial tcp 10.0.0.1:443: connect: connection refused", "dial tcp 10.0.0.1:443: connect: connection refused"},
		{`Get "https://a:b@h/x?y=z": EOF`, `Get "https://[secret]@h/x?y=z": EOF`},
		{"Bearer authentication is off", "Bearer authentication is off"},
		{"sent Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "sent Authorization: Bearer [secret]"},
		{"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJr.c2lnbg", "[secret]"},
		{"/cb?id_token=abc&x=1", "/cb?id_token=[secret]&x=1"},
		{`namespaces "kube-system" is forbidden: User "ada@example.com" cannot get`, `namespaces "kube-system" is forbidden: User "ada@example.com" cannot get`},
		{`ContinueToken=x`, `ContinueToken=x`},
	}
	for _, tt := range tests {
		if got := scrubText(tt.in, nil); got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestShortSecretsAreNotSearchedFor(t *testing.T) {
	req := &http.Request{Header: http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("u:ab"))}}, URL: &url.URL{}}
	for _, s := range secretsOf(req) {
		if len(s) < minSecret {
			t.Errorf("%q would be replaced in every word", s)
		}
	}
}
