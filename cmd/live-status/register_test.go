package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRegisterArguments(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string
	}{
		{"register", "no Secret is named: write --secret NAME"},
		{"register --secret a", "no namespace is named: write --namespace NS"},
		{"register --secret a -n b", "nothing is to be kept in the Secret: write --salt, --from-file KEY=PATH or --remove KEY"},
		{"register --secret A -n b --salt", `--secret "A": a lowercase RFC 1123`},
		{"register --secret a -n b/c --salt", `--namespace "b/c"`},
		{"register --secret a -n b --from-file x", `--from-file: "x" is no KEY=PATH`},
		{"register --secret a -n b --from-file x=1 --from-file x=2", "--from-file: the key x is named twice"},
		{"register --secret a -n b --from-file x=gone", "--from-file x: open gone: no such file or directory"},
		{"register --secret a -n b --remove x/y", `--remove: "x/y" is no key of a Secret`},
		{"register --secret a -n b --remove salt", "--remove salt: a salt is never removed"},
		{"register --secret a -n b --salt --label a", `--label: "a" is no KEY=VALUE`},
		{"register --secret a -n b --salt --timeout 0s", "--timeout: write a time above 0"},
		{"register --secret a -n b --salt --timeout soon", "--timeout: "},
		{"register --secret a -n b --salt --cluster-name x", "unknown flag --cluster-name"},
		{"register --secret a -n b --salt -p db=x", "db is of no use for register"},
		{"register --secret a -n b --salt --kube-url nonsense", `kube_url "nonsense"`},
		{"register a", `unexpected argument "a"`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), strings.Fields(tt.args), strings.NewReader(""), &stdout, &stderr); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if stdout.Len() > 0 || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
			}
		})
	}
}

// A second registration changes nothing.
func TestRegisterTwice(t *testing.T) {
	t.Chdir(t.TempDir())
	var kept []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch at := r.Method + " " + r.URL.Path; {
		case r.Header.Get("Authorization") != "Bearer of-the-pod":
			w.WriteHeader(http.StatusUnauthorized)
		case at == "GET /api/v1/namespaces/monitoring/secrets/live-status" && kept != nil:
			_, _ = w.Write(kept)
		case at == "POST /api/v1/namespaces/monitoring/secrets":
			kept, _ = io.ReadAll(r.Body)
			_, _ = w.Write(kept)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`)
		}
	}))
	defer srv.Close()
	write(t, "pod/token", []byte("of-the-pod"))
	write(t, "password", []byte("hunter2"))
	args := []string{
		"register", "--secret", "live-status", "-n", "monitoring", "--salt", "--from-file", "p=password", "--label", "a=b",
		"--kube-url", srv.URL, "--kube-token-file", "pod/token",
	}
	for _, want := range []string{
		"secret monitoring/live-status created: salt made; added p\n",
		"secret monitoring/live-status is as it should be, nothing was written\n",
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
			t.Fatalf("exit code %d: %s", code, &stderr)
		}
		if stdout.String() != want {
			t.Errorf("said %q, want %q", &stdout, want)
		}
		var s struct {
			Metadata struct{ Labels map[string]string }
			Data     map[string][]byte
		}
		if err := json.Unmarshal(kept, &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Data["salt"]) != 32 || string(s.Data["p"]) != "hunter2" || s.Metadata.Labels["a"] != "b" {
			t.Errorf("the Secret is %s", kept)
		}
		if strings.Contains(stderr.String(), "hunter2") {
			t.Errorf("stderr is %s", &stderr)
		}
	}
}
