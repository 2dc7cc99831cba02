package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/cmd/live-status/internal/checkmk"
	"github.com/fluent-live/live-status/cmd/live-status/internal/checkmk/agenttest"
)

func TestCheckmkArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "token", []byte("s3cret"))
	for _, tt := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"checkmk --help", 0, checkmkUsage, ""},
		{"checkmk", 2, "", "write --url https://HOST:9465/metrics, or -f FILE"},
		{"checkmk shop", 2, "", `unexpected argument "shop"`},
		{"checkmk -f nowhere", 2, "", "open nowhere: no such file or directory"},
		{"checkmk -f - --url https://h", 2, "", "-f reads a saved answer"},
		{"checkmk --url http://h", 2, "", "write https, or --insecure"},
		{"checkmk --url http://h --insecure --token-file token", 2, "", "a token is not sent to h without encryption"},
		{"checkmk --url https://h --form xml", 2, "", `--form: "xml": write one of agent, plugin, local`},
		{"checkmk --url https://h --piggyback pod", 2, "", "write one of off, cluster, namespace, application"},
		{"checkmk --url https://h --form local --piggyback cluster", 2, "", "has no piggyback hosts"},
		{"checkmk --url https://h --state sick=1", 2, "", `--state: "sick" is no status`},
		{"checkmk --url https://h --levels lag_seconds=9,1", 2, "", "--levels: \"9,1\" would be CRIT before it is WARN"},
		{"checkmk --url https://h --timeout 0s", 2, "", "--timeout: write a duration above 0"},
		{"checkmk --url https://h --progressing-warn=-1m", 2, "", "--progressing-warn"},
		{"checkmk --url https://h --on-error ignore", 2, "", "write one of fail, unknown"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), strings.Fields(tt.args), strings.NewReader(""), &stdout, &stderr)
			if code != tt.code || stdout.String() != tt.stdout || !strings.Contains(stderr.String(), tt.stderr) || strings.Contains(stderr.String(), "s3cret") {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
		})
	}
}

// What gives up security says so at each call.
func TestCheckmkWarns(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "token", []byte("s3cret"))
	if err := os.Chmod("token", 0o644); err != nil {
		t.Fatal(err)
	}
	nobody := closedAddress(t)
	var stdout, stderr bytes.Buffer
	args := []string{"checkmk", "--url", "https://" + nobody, "--insecure-skip-verify", "--token-file", "token"}
	if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 1 || stdout.Len() > 0 {
		t.Errorf("exit code %d, stdout %q", code, &stdout)
	}
	for _, want := range []string{"warning: --insecure-skip-verify: any server is believed", "every user of this machine may read --token-file token", "connection refused"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not in %q", want, &stderr)
		}
	}
	stdout.Reset()
	if code := run(t.Context(), append(args, "--form", "local"), strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Errorf("exit code %d", code)
	}
	got, err := agenttest.ParseLocal(stdout.String())
	if s := got.Hosts[""]["Live Status"]; err != nil || s.State != 3 || !strings.Contains(s.Summary, "connection refused") {
		t.Errorf("got %+v, %v", s, err)
	}
}

// closedAddress is an address where nobody listens any more.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// What the goldens print is what Checkmk reads.
func TestCheckmkGoldensAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/checkmk/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find goldens: %v, %v", files, err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "stdout" })
		out := string(ar.Files[i].Data)
		parse := agenttest.Parse
		if strings.Contains(file, "local") {
			parse = agenttest.ParseLocal
		}
		if _, err := parse(out); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// The table of states in the documentation is that of the program.
func TestCheckmkStatesInDocumentation(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n| Status | State | When |\n|---|---|---|\n")
	for _, u := range checkmk.Conditions() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", u.Condition, u.State, u.About)
	}
	documented(t, "docs/CHECKMK.md", "states", b.String())
}

// The account of the documentation may get /metrics, and nothing else.
func TestCheckmkServiceAccount(t *testing.T) {
	data, err := os.ReadFile("../../conf/checkmk-service-account.yaml")
	if err != nil {
		t.Fatal(err)
	}
	roles := 0
	for doc := range strings.SplitSeq(string(data), "\n---\n") {
		var role rbacv1.ClusterRole
		if !strings.Contains(doc, "\nkind: ClusterRole\n") {
			continue
		}
		roles++
		if err := yaml.UnmarshalStrict([]byte(doc), &role); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(role.Rules); got != fmt.Sprint([]rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}) {
			t.Errorf("rules %s", got)
		}
	}
	if roles != 1 {
		t.Errorf("%d ClusterRoles", roles)
	}
}
