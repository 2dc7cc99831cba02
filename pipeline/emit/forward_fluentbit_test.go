package emit

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fluentBit returns the path of a real Fluent Bit, empty where there is none.
func fluentBit(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv("FLUENT_BIT"); path != "" {
		return path
	}
	for _, name := range []string{"fluent-bit", "/opt/fluent-bit/bin/fluent-bit"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startFluentBit starts one that takes messages and writes the records to the file
// that it returns.
func startFluentBit(t *testing.T, binary string, settings ...string) (to, file string) {
	t.Helper()
	dir := t.TempDir()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().(*net.TCPAddr)
	// Another may take it before Fluent Bit does: then nothing arrives below.
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf("[SERVICE]\n  flush 0.2\n  grace 1\n  log_level info\n"+
		"[INPUT]\n  name forward\n  listen 127.0.0.1\n  port %d\n  %s\n"+
		"[OUTPUT]\n  name file\n  match live\n  path %s\n  file out.jsonl\n  format plain\n",
		address.Port, strings.Join(settings, "\n  "), dir)
	path, log := filepath.Join(dir, "fluent-bit.conf"), filepath.Join(dir, "log")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "-c", path)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL) // What it has taken was read.
		_ = cmd.Wait()
		_ = out.Close()
		if data, err := os.ReadFile(log); t.Failed() && err == nil {
			t.Logf("Fluent Bit said:\n%s", data)
		}
	})
	return "forward://" + address.String(), filepath.Join(dir, "out.jsonl")
}

// TestFluentBitTakesWhatIsForwarded sends batches to a real Fluent Bit and looks for
// the records in the file it writes.
func TestFluentBitTakesWhatIsForwarded(t *testing.T) {
	binary := fluentBit(t)
	if binary == "" {
		t.Log("NOT RUN in a real Fluent Bit: none was found")
		return
	}
	dir := t.TempDir()
	authority := newForwardAuthority(t, dir)
	authority.pair(t, "server", "localhost")
	onTLS := []string{"tls on", "tls.verify off", "tls.crt_file " + filepath.Join(dir, "server.crt"), "tls.key_file " + filepath.Join(dir, "server.key")}
	withKey := []string{"shared_key a-key", "self_hostname there"}
	clientTLS := TLS{Enabled: true, CAFile: authority.file, ServerName: "localhost"}
	for name, tc := range map[string]struct {
		settings []string
		o        Options
	}{
		"plain":                 {nil, Options{}},
		"gzip":                  {nil, Options{Compress: true}},
		"TLS":                   {onTLS, Options{TLS: clientTLS}},
		"shared key":            {withKey, Options{SharedKeyFile: keyFile(t, "a-key\n")}},
		"TLS, shared key, gzip": {slices.Concat(onTLS, withKey), Options{Compress: true, TLS: clientTLS, SharedKeyFile: keyFile(t, "a-key\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			var file string
			o := tc.o
			o.Tag, o.Timeout = "live", patient
			o.To, file = startFluentBit(t, binary, tc.settings...)
			c := opened(t, o)
			records := slices.Concat(specs("small", 3, 100), specs("many", 3000, 1000), specs("large", 1, 2_000_000))
			// It begins to listen some time after it has started.
			b, sent := batchOf(t, FormatForward, records), 0
			for _, n := range []int{1, 3, len(records)} {
				eventually(t, func() error { return c.Send(t.Context(), b.Slice(sent, n)) })
				sent = n
			}
			want := idsOfSpecs(records)
			slices.Sort(want)
			eventually(t, func() error {
				data, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				lines := strings.SplitAfter(string(data), "\n")
				got := idsOf(t, []byte(strings.Join(lines[:len(lines)-1], "")))
				if slices.Sort(got); !slices.Equal(got, want) {
					return fmt.Errorf("%d records of %d are there", len(got), len(want))
				}
				return nil
			})
		})
	}
	t.Run("another shared key", func(t *testing.T) {
		to, file := startFluentBit(t, binary, withKey...)
		b := batchOf(t, FormatForward, specs("r", 1, 100))
		good := opened(t, Options{To: to, Tag: "live", Timeout: patient, SharedKeyFile: keyFile(t, "a-key")})
		eventually(t, func() error { return good.Send(t.Context(), b) })
		for _, key := range []string{keyFile(t, "b-key"), ""} {
			c := opened(t, Options{To: to, Tag: "live", Timeout: patient, SharedKeyFile: key})
			if err := c.Send(t.Context(), b); err == nil {
				t.Errorf("acknowledged with the key %q", key)
			} else {
				t.Logf("%q: %v", filepath.Base(key), err)
			}
		}
		eventually(t, func() error { _, err := os.Stat(file); return err })
	})
}

// eventually calls do until it returns nil, for a minute at most.
func eventually(t *testing.T, do func() error) {
	t.Helper()
	for end := time.Now().Add(patient); ; {
		err := do()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
