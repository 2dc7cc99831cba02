package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// Each file of testdata is one call: the arguments on its first line, the files
// around the command and its standard input, and what it ends with. What explains
// the case follows the arguments. No line of the file secrets may be printed.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find goldens: %v, %v", files, err)
	}
	more, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, more...) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			file, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			got, stdin, secrets := results{}, "", ""
			for _, f := range ar.Files {
				switch f.Name {
				case "stdin":
					stdin = string(f.Data)
				case "secrets":
					secrets = string(f.Data)
				case "stdout", "stderr", "code":
				default:
					write(t, f.Name, f.Data)
				}
			}
			line, _, _ := strings.Cut(string(ar.Comment), "\n")
			got.call(t, strings.Fields(line), stdin)
			for secret := range strings.Lines(secrets) {
				if secret = strings.TrimSpace(secret); strings.Contains(got["stdout"]+got["stderr"], secret) {
					t.Errorf("%q was printed", secret)
				}
			}
			if *update {
				got.into(ar)
				if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range ar.Files {
				if text, ok := got[f.Name]; ok {
					if diff := cmp.Diff(string(f.Data), text); diff != "" {
						t.Errorf("%s (-want +got):\n%s", f.Name, diff)
					}
				}
			}
		})
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// results are what a call ends with, by the name in the archive.
type results map[string]string

func (r results) call(t *testing.T, args []string, stdin string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	r["code"] = fmt.Sprintln(code)
	r["stdout"], r["stderr"] = stdout.String(), stderr.String()
}

func (r results) into(ar *txtar.Archive) {
	for _, name := range []string{"stdout", "stderr", "code"} {
		found := false
		for i := range ar.Files {
			if ar.Files[i].Name == name {
				ar.Files[i].Data, found = []byte(r[name]), true
			}
		}
		if !found {
			ar.Files = append(ar.Files, txtar.File{Name: name, Data: []byte(r[name])})
		}
	}
}

const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"status":{"phase":"Succeeded"}}` + "\n"

func TestAssessArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "pod.json", []byte(pod))
	write(t, "empty/readme.md", nil)
	for _, tt := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"assess", 2, "-f is missing"},
		{"assess --help", 0, ""},
		{"assess -h", 0, ""},
		{"assess -f pod.json", 0, ""},
		{"assess --filename=pod.json -o=json", 0, ""},
		{"assess -f pod.json -o yaml", 2, `-o "yaml": write json or table`},
		{"assess pod.json", 2, `unexpected argument "pod.json": write -f pod.json`},
		{"assess -f pod.json pod.json", 2, `unexpected argument "pod.json"`},
		{"assess -f pod.json --strict", 2, "unknown flag --strict"},
		{"assess -f", 2, "needs an argument"},
		{"assess -f=", 2, "no file is named"},
		{"assess -f - --desired -", 2, "standard input can be read once"},
		{"assess -f pod.json -n shop", 2, "-n is of use only with --desired"},
		{"assess -f pod.json --sync-ignore x", 2, "--sync-ignore is of use only with --desired"},
		{"assess -f pod.json --desired pod.json --sync-ignore x@", 2, "sync_ignore"},
		{"assess -f nowhere.yaml", 2, "open nowhere.yaml: no such file or directory"},
		{"assess -f empty", 2, "empty: no manifest in this folder"},
		{"assess -f pod.json --rules nowhere.yaml", 2, "nowhere.yaml"},
		{"assess -f pod.json --desired nowhere.yaml", 2, "open nowhere.yaml"},
		{"assess -f pod.json --desired empty/readme.md", 2, "--desired names no object"},
		{"assess -f empty/readme.md", 2, "-f empty/readme.md: no manifest in it"},
		{"assess -f empty/readme.md --desired pod.json", 1, "1 Missing"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), strings.Fields(tt.args), strings.NewReader(""), &stdout, &stderr)
			if code != tt.code || !strings.Contains(stderr.String(), tt.stderr) || (tt.stderr == "" && stderr.Len() > 0) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
		})
	}
}

// full is an output that fails.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

// An output that cannot be written is no verdict; one that nobody reads any more
// is no cause for complaint.
func TestAssessOutput(t *testing.T) {
	for _, tt := range []struct {
		err    error
		stderr string
	}{
		{syscall.ENOSPC, "live-status: write the statuses: no space left on device\n"},
		{&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, ""},
	} {
		for _, output := range []string{"json", "table"} {
			for _, n := range []int{1, 5000} {
				var stderr bytes.Buffer
				code := run(t.Context(), []string{"assess", "-f", "-", "-o", output}, strings.NewReader(strings.Repeat(pod, n)), full{tt.err}, &stderr)
				if code != 2 || stderr.String() != tt.stderr {
					t.Errorf("%v, %s, %d: exit code %d, %q", tt.err, output, n, code, &stderr)
				}
			}
		}
	}
}

// What comes from a watch is shown before the next object is waited for.
func TestAssessAsItComes(t *testing.T) {
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	done := make(chan int)
	go func() {
		var stderr bytes.Buffer
		done <- run(t.Context(), []string{"assess", "-f", "-"}, stdin, stdout, &stderr)
	}()
	row := make([]byte, 1000)
	for range 3 {
		if _, err := io.WriteString(in, pod); err != nil {
			t.Fatal(err)
		}
		n, err := out.Read(row)
		if err != nil || !bytes.HasSuffix(row[:n], []byte("}\n")) {
			t.Fatalf("%q, %v", row[:n], err)
		}
	}
	if err := in.CloseWithError(errors.New("connection lost")); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != 2 {
		t.Errorf("exit code %d", code)
	}
}
