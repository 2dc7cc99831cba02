package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/pipeline/check"
	"github.com/fluent-live/live-status/pipeline/config"
)

// plainAPI answers as much as an API server has to.
func plainAPI(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answers := map[string]string{
			"/version": `{"major":"1","minor":"24","gitVersion":"v1.24.17"}`,
			"/apis":    `{"kind":"APIGroupList","groups":[]}`,
			"/apis/authentication.k8s.io/v1/selfsubjectreviews": `{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"alice"}}}`,
		}
		if answer, ok := answers[r.URL.Path]; ok {
			_, _ = w.Write([]byte(answer))
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// What differs from one run to the next.
var unsteady = []*regexp.Regexp{
	regexp.MustCompile(`\b(in) (\d+(\.\d+)?m?s|less than 1ms)`),
	regexp.MustCompile(`; ()\d+(\.\d+)? [KMGT]iB free`),
	regexp.MustCompile(`, (Fluent Bit) v[0-9.]+`),
}

func steady(text, api, dir, closed string) string {
	text = strings.NewReplacer(api, "API", dir, "DIR", closed, "CLOSED").Replace(text)
	text = unsteady[0].ReplaceAllString(text, "$1 TIME")
	text = unsteady[1].ReplaceAllString(text, "; SIZE free")
	return unsteady[2].ReplaceAllString(text, "")
}

// Each golden file has a configuration, arguments, and what is printed.
func TestTargetGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/check/calls/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no files")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := ln.Addr().String()
	_, closedPort, _ := strings.Cut(closed, ":")
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			api := strings.TrimPrefix(plainAPI(t).URL, "http://")
			dir := t.TempDir()
			fill := strings.NewReplacer("API", api, "DIR", dir, "CLOSED_PORT", closedPort, "CLOSED", closed)
			var args []string
			got := map[string]string{}
			for _, f := range ar.Files {
				switch f.Name {
				case "args":
					args = strings.Fields(fill.Replace(string(f.Data)))
				case "stdout", "stderr", "code":
				default:
					write(t, filepath.Join(dir, f.Name), []byte(fill.Replace(string(f.Data))))
				}
			}
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), append([]string{"check"}, args...), nil, &stdout, &stderr)
			got["stdout"] = strings.ReplaceAll(steady(stdout.String(), api, dir, closed), closedPort, "CLOSED_PORT")
			got["stderr"] = steady(stderr.String(), api, dir, closed)
			got["code"] = string(rune('0'+code)) + "\n"
			for i, f := range ar.Files {
				want, ok := got[f.Name]
				if !ok {
					continue
				}
				if diff := cmp.Diff(string(f.Data), want); diff != "" && !*update {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
				ar.Files[i].Data = []byte(want)
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestTargetArguments(t *testing.T) {
	for _, tt := range []struct{ args, stderr string }{
		{"check --only nonsense", `"nonsense" is no check: write some of configuration, reach`},
		{"check --format yaml", `--format "yaml": write table or json`},
		{"check --timeout 0s", "--timeout 0s: write a duration"},
		{"check --timeout soon", "--timeout"},
		{"check --instance-insecure", "are of use with --instance only"},
		{"check --only instance", "write --instance https://HOST:PORT too"},
		{"check -c gone.yaml", "-c: open gone.yaml: no such file or directory"},
		{"check --input x", "--input chooses from a file"},
		{"check x", `unexpected argument "x"`},
		{"check -p nonsense=1", `unknown key "nonsense"`},
		{"check --skp x", "unknown flag --skp: did you mean --skip?"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(tt.args), nil, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%s: exit code %d, %s, want %s", tt.args, code, stderr.String(), tt.stderr)
		}
	}
	var help, stderr bytes.Buffer
	if code := run(t.Context(), []string{"check", "--help"}, nil, &help, &stderr); code != 0 || help.String() != checkUsage+optionUsage(checkOptions()) {
		t.Errorf("exit code %d", code)
	}
	usage := strings.Join(strings.Fields(checkUsage), " ")
	if names := strings.Join(allChecks(), ", "); !strings.Contains(usage, names) {
		t.Errorf("the usage does not list %s", names)
	}
}

func TestTargetJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"check", "--kube-events=off", "--audit-path", filepath.Join(t.TempDir(), "none.log"), "--cluster-name", "c", "--format", "json", "--only", "audit-file,cursor"}, nil, &stdout, &stderr)
	var got struct {
		Result check.Result
		Checks []check.Row
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || code != 1 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout.String(), stderr.String())
	}
	if got.Result != check.Failed || len(got.Checks) != 2 || got.Checks[0].Fix == "" || got.Checks[1].Check != check.Cursor {
		t.Errorf("got %+v", got)
	}
}

// Every option is one of check, and none has the name of another of its flags.
func TestTargetOptions(t *testing.T) {
	keys := map[string]bool{}
	for _, o := range checkOptions() {
		if keys[o.Key] {
			t.Errorf("%s is there twice", o.Key)
		}
		keys[o.Key] = true
	}
	for _, o := range append(config.Options(), config.OutputOptions()...) {
		if !keys[o.Key] {
			t.Errorf("%s is missing", o.Key)
		}
	}
}
