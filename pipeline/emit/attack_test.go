package emit

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
)

// What a stranger says is told in a line, whatever it is and whoever quotes it.
func TestAttackAnswersAreTold(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for name, talk := range map[string]string{
		"no HTTP":     "\x1b[2J" + long + "\r\n\r\n",
		"status":      "HTTP/1.1 2\x1b]0;owned\a" + long + "\r\n\r\n",
		"header":      "HTTP/1.1 200 OK\r\nA\x1b" + long + "\r\n\r\n",
		"length":      "HTTP/1.1 200 OK\r\nContent-Length: 1\x1b" + long + "\r\n\r\n",
		"encoding":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + long + "\r\n\r\n",
		"chunk":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + long + "\r\n",
		"our token":   "HTTP/1.1 t0ken-\"of-mine\r\n\r\n",
		"our header":  "HTTP/1.1 K3y-of-mine\r\n\r\n",
		"our address": "HTTP/1.1 a-token-in-the-path\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := opened(t, Options{
				To: serve(t, says(talk)) + "/in/a-token-in-the-path", TokenFile: written(t, `t0ken-"of-mine`),
				HeadersFile: written(t, `X-Auth: key="K3y-of-mine", x=y`),
			})
			err := c.Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40)))
			if err == nil {
				t.Fatal("acknowledged")
			}
			text := err.Error()
			if len(text) > 600 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.Contains(text, "of-mine") || strings.Contains(text, "in-the-path") {
				t.Errorf("%d bytes: %.300q", len(text), text)
			}
		})
	}
}

// A downstream that complains of what it was sent does not make a log of it.
func TestAttackComplaintsQuoteNoCredential(t *testing.T) {
	for _, secret := range []string{
		"a-token-in-the-path", "k=v%2Bery-s3cret", "v+ery-s3cret", "t0ken-of-mine", "Basic amFuZTpodW50ZXIy", "amFuZTpodW50ZXIy", "hunter2", "api-k3y",
	} {
		t.Run(secret, func(t *testing.T) {
			server := collect(t, status(500, "what is "+secret+" meant for?"), (*httptest.Server).Start)
			headers := "Proxy-Authorization: Basic amFuZTpodW50ZXIy\nX-Api: v1;key=api-k3y\n"
			c := opened(t, Options{To: server.URL + "/in/a-token-in-the-path?k=v%2Bery-s3cret", TokenFile: written(t, "t0ken-of-mine"), HeadersFile: written(t, headers)})
			err := c.Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40)))
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAttackWhoeverAnswersIsWarnedOf(t *testing.T) {
	key := written(t, "k")
	for _, c := range []struct {
		o    Options
		says string
	}{
		{Options{To: "https://host/", TLS: TLS{SkipVerify: true}}, "forward_tls_verify is off"},
		{Options{To: "forward://host", Tag: "t", TLS: TLS{Enabled: true, SkipVerify: true}}, "forward_tls_verify is off"},
		{Options{To: "forward://host", Tag: "t", SharedKeyFile: key}, "forward_tls is off"},
		{Options{To: "http://host/", TokenFile: key}, "credentials are sent unencrypted"},
		{Options{To: "https://host/", TokenFile: key}, ""},
		{Options{To: "forward://host", Tag: "t", TLS: TLS{Enabled: true}, SharedKeyFile: key}, ""},
	} {
		var log bytes.Buffer
		c.o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		opened(t, c.o)
		if text := log.String(); !strings.Contains(text, c.says) || (c.says == "") != (text == "") || strings.Count(text, "level=WARN") != strings.Count(text, "\n") {
			t.Errorf("%s: %s", c.o.To, text)
		}
	}
}
