package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestRedactArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "pod.json", []byte(pod))
	write(t, "v.env", []byte("A=correct-horse\n"))
	write(t, "short.salt", []byte("short"))
	for _, tt := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"redact --help", 0, ""},
		{"redact", 0, ""},
		{"redact -f pod.json", 0, ""},
		{"redact --filename=pod.json --format=json", 0, ""},
		{"redact --list-rules", 0, ""},
		{"redact -f pod.json --format xml", 2, "write auto, json, jsonl, yaml or text"},
		{"redact pod.json", 2, `unexpected argument "pod.json": write -f pod.json`},
		{"redact -f", 2, "needs an argument"},
		{"redact -f=", 2, "no file is named"},
		{"redact -f - -f -", 2, "standard input can be read once"},
		{"redact --strict", 2, "unknown flag --strict"},
		{"redact -f nowhere", 2, "open nowhere: no such file or directory"},
		{"redact --values nowhere", 2, "--values"},
		{"redact --values v.env,nowhere", 2, "nowhere"},
		{"redact --values v.env --values v.env -f pod.json", 0, ""},
		{"redact --rules nowhere.yaml", 2, "nowhere.yaml"},
		{"redact --rules-off no/rule", 2, "no/rule"},
		{"redact --min-length 3", 2, `--min-length "3"`},
		{"redact --min-length x", 2, `--min-length "x"`},
		{"redact --env-names *", 2, "--env-names"},
		{"redact --env-names default,MY_* -f pod.json", 0, ""},
		{"redact --salt nowhere", 2, "--salt"},
		{"redact --salt short.salt", 2, "at least 32 are needed"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), strings.Fields(tt.args), strings.NewReader(""), &stdout, &stderr)
			if code != tt.code || !strings.Contains(stderr.String(), tt.stderr) || (tt.stderr == "" && stderr.Len() > 0) {
				t.Errorf("exit code %d, stdout %.200q, stderr %q", code, &stdout, &stderr)
			}
		})
	}
	if _, err := os.Stat("nowhere"); err == nil {
		t.Error("a salt was made")
	}
}

// An output that cannot be written is an error; one that nobody reads any more is
// no cause for complaint.
func TestRedactOutput(t *testing.T) {
	for _, tt := range []struct {
		err    error
		stderr string
	}{
		{syscall.ENOSPC, "live-status: write the output: no space left on device\n"},
		{&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, ""},
	} {
		for _, n := range []int{1, 5000} {
			var stderr bytes.Buffer
			code := run(t.Context(), []string{"redact"}, strings.NewReader(strings.Repeat(pod, n)), full{tt.err}, &stderr)
			if code != 2 || stderr.String() != tt.stderr {
				t.Errorf("%v, %d: exit code %d, %q", tt.err, n, code, &stderr)
			}
		}
	}
}

// A line of JSON Lines is printed before the next one is waited for.
func TestRedactAsItComes(t *testing.T) {
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	done := make(chan int)
	go func() {
		var stderr bytes.Buffer
		code := run(t.Context(), []string{"redact", "--format", "jsonl"}, stdin, stdout, &stderr)
		// Who waits for the other end is told that there is none.
		_, _ = stdout.Close(), stdin.Close()
		done <- code
	}()
	line := make([]byte, 4096)
	for range 3 {
		if _, err := io.WriteString(in, pod); err != nil {
			t.Fatal(err)
		}
		n := 0
		for !bytes.HasSuffix(line[:n], []byte("}\n")) {
			if n == len(line) {
				t.Fatalf("it goes on and on: %s", line)
			}
			m, err := out.Read(line[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A key that stands in a long text is found wherever the windows end.
func TestRedactKeyInLog(t *testing.T) {
	key := "-----BEGIN " + "RSA PRIVATE " + "KEY-----\n" + strings.Repeat(strings.Repeat("MIIfake0", 8)+"\n", 20) + "-----END " + "RSA PRIVATE " + "KEY-----\n"
	value := "first line of it\nsecond line of it\nthird line of it"
	t.Chdir(t.TempDir())
	write(t, "values/CERT", []byte(value))
	for _, filler := range []string{"2026-01-01 a line of a log\n", "\n", "  indented\n", "x\n\n"} {
		var in strings.Builder
		for in.Len() < 1<<20 {
			in.WriteString(strings.Repeat(filler, 8+in.Len()%50))
			in.WriteString(key)
			in.WriteString(strings.Repeat(filler, 5))
			in.WriteString(value + "\n")
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"redact", "--format", "text", "--values", "values"}, strings.NewReader(in.String()), &stdout, &stderr); code != 0 {
			t.Errorf("%q: exit code %d: %s", filler, code, &stderr)
		}
		for _, part := range []string{"MIIfake0", "first line", "second line", "third line"} {
			if strings.Contains(stdout.String(), part) {
				t.Errorf("%q: %s is left", filler, part)
			}
		}
		word := strings.TrimSpace(filler)
		if got, want := strings.Count(stdout.String(), word), strings.Count(in.String(), word); word != "" && got != want {
			t.Errorf("%q: %d of %d lines are left", filler, got, want)
		}
	}
}

// What is compressed, or written by PowerShell, is read as well.
func TestRedactEncodings(t *testing.T) {
	var zipped, wide bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(z, pod); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	wide.WriteString("\xff\xfe")
	for _, c := range []byte(pod) {
		wide.Write([]byte{c, 0})
	}
	for _, in := range []string{zipped.String(), wide.String(), "\ufeff" + pod} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"redact"}, strings.NewReader(in), &stdout, &stderr); code != 0 || stdout.String() != pod {
			t.Errorf("exit code %d: %q, %s", code, &stdout, &stderr)
		}
	}
}

// repeat gives the text n times between head and tail.
type repeat struct {
	head, text, tail string
	n                int
	rest             string
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.rest == "" {
		switch {
		case r.head != "":
			r.rest, r.head = r.head, ""
		case r.n > 0:
			r.n--
			r.rest = r.text
		case r.tail != "":
			r.rest, r.tail = r.tail, ""
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// peak measures the heap while something is written.
type peak struct {
	most, written uint64
	next          uint64
}

func (p *peak) Write(b []byte) (int, error) {
	if p.written += uint64(len(b)); p.written >= p.next {
		p.next = p.written + 1<<20
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		p.most = max(p.most, stats.HeapAlloc)
	}
	return len(b), nil
}

// A long input of any format is not held in memory.
func TestRedactMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MiB in each format")
	}
	const size, limit = 64 << 20, 96 << 20
	pad := strings.Repeat("lorem ipsum dolor ", 440)
	object := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","data":{"text":%q}}`, pad)
	for name, in := range map[string]repeat{
		"json":  {head: "{\n\"items\":[" + object, text: ",\n" + object, tail: "],\"kind\":\"List\"}\n"},
		"jsonl": {text: object + "\n"},
		"yaml":  {head: "apiVersion: v1\nitems:\n", text: "- kind: ConfigMap\n  data:\n    text: " + pad + "\n", tail: "kind: List\n"},
		"text":  {text: strings.Repeat("2026-01-01 INFO "+pad[:180]+"\n", 40)},
	} {
		t.Run(name, func(t *testing.T) {
			in.n = size / len(in.text)
			want := uint64(len(in.head) + in.n*len(in.text) + len(in.tail))
			var out peak
			var stderr bytes.Buffer
			if code := run(t.Context(), []string{"redact", "--format", name}, &in, &out, &stderr); code != 0 {
				t.Fatalf("exit code %d: %s", code, &stderr)
			}
			if out.written != want {
				t.Errorf("%d bytes, want %d", out.written, want)
			}
			if out.most > limit {
				t.Errorf("%d MiB of heap, want at most %d", out.most>>20, limit>>20)
			}
			t.Logf("%d MiB of heap", out.most>>20)
		})
	}
}
