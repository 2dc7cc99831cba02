package host_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const hangup = syscall.SIGHUP

// drainArgs runs the output drain with keys and values.
func drainArgs(keys ...string) []string {
	args := []string{"-e", fixture("drain"), "-f", "0.2", "-O", "drain"}
	for _, key := range keys {
		args = append(args, "-p", key)
	}
	return args
}

// TestChunkFile: a file of msgpack is handed over as one chunk and as it is,
// whatever it holds.
func TestChunkFile(t *testing.T) {
	t.Parallel()
	group := "\x92\x92\xd7\x00\xff\xff\xff\xff\x00\x00\x00\x00\x80\x80" + event("\x80") + "\x92\x92\xd7\x00\xff\xff\xff\xfe\x00\x00\x00\x00\x80\x80"
	for name, data := range map[string]string{
		"event": event("\x81\xa1a\x01"), "old form": "\x92" + eventTime + "\x80", "group": group, "several": event("\x80") + event("\x80"), "malformed": "\xc1\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, tools.host, slices.Concat([]string{"-F", write(t, "chunk", data), "-t", "x"}, drainArgs("data=1"))...)
			p.await("calls", "Flushed", 1)
			r := p.stop()
			same(t, r.texts("Flush "), []string{"Flush id=- tag=x data=" + hex.EncodeToString([]byte(data)) + " foreign=1 returns=1"})
		})
	}
	t.Run("marks alone", func(t *testing.T) {
		t.Parallel()
		marks := write(t, "marks", "\x92\x92\xd7\x00\xff\xff\xff\xff\x00\x00\x00\x00\x80\x80")
		p := start(t, tools.host, slices.Concat([]string{"-F", marks, "-t", "none", "-F", write(t, "e", event("\x80")), "-t", "x"}, drainArgs("match=*"))...)
		p.await("calls", "Flushed", 1)
		same(t, p.stop().texts("Flush "), []string{"Flush id=- tag=x foreign=1 returns=1"})
	})
}

func TestCallsOfAnOutputWithoutContext(t *testing.T) {
	t.Parallel()
	p := start(t, tools.host, "-F", write(t, "chunk", event("\x80")), "-t", "x", "-e", fixture("drain-plain"), "-f", "0.2", "-O", "drain")
	p.await("calls", "Flushed", 1)
	same(t, p.stop().texts("Flush ", "Exit"), []string{"Flush id=- tag=x foreign=1 returns=1", "Exit"})
}

// TestStackOfAFlush: it is 64 KiB, of which most can be used, and what needs
// more is caught.
func TestStackOfAFlush(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-c", outputConfig(t, "", "", "    - name: drain\n      match: '*'\n      id: a\n      stack: 49152\n      workers: 1\n"))
		p.await("calls", "Flushed", 1)
		if r := p.stop(); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
	})
	t.Run("too deep", func(t *testing.T) {
		t.Parallel()
		p := start(t, tools.host, "-c", outputConfig(t, "  coro_stack_size: 65536\n", "", "    - name: drain\n      match: '*'\n      id: a\n      stack: 66000\n"))
		if r := p.wait(); r.code == 0 || len(r.of("Flush id=a")) != 1 || len(r.of("Flushed")) != 0 {
			t.Errorf("exit code %d, calls %v", r.code, r.calls)
		}
	})
	t.Run("configured", func(t *testing.T) {
		t.Parallel()
		p := start(t, tools.host, "-v", "-c", outputConfig(t, "  coro_stack_size: 262144\n", "", "    - name: drain\n      match: '*'\n      id: a\n      stack: 200000\n"))
		p.await("stderr", "of 262144 bytes of its stack and returned 1", 1)
		p.stop()
	})
}

// TestBorrowedData: a plugin that looks behind the data of a flush, or at it
// later, does not get away with it.
func TestBorrowedData(t *testing.T) {
	t.Parallel()
	for key, before := range map[string]string{"overread=1": "Data", "keep=1": "Exit id"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			p := start(t, tools.host, slices.Concat([]string{"-F", write(t, "chunk", event("\x80"))}, drainArgs(key))...)
			p.await("calls", "Data", 1)
			if strings.HasPrefix(key, "keep") {
				p.await("calls", "Flushed", 1)
				p.signal(syscall.SIGTERM)
			}
			_ = p.cmd.Wait() // it was killed
			calls := p.read("calls")
			if p.cmd.ProcessState.ExitCode() == 0 || strings.Contains(calls, "Over ") || strings.Contains(calls, "Kept ") || !strings.Contains(calls, before) {
				t.Errorf("exit code %d, calls\n%s", p.cmd.ProcessState.ExitCode(), calls)
			}
		})
	}
}

// TestStop: chunks that are retried get more tries within the grace time, and
// what is left is reported.
func TestStop(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-c", outputConfig(t, "  grace: 4\n", "", "    - name: drain\n      match: '*'\n      id: a\n      retry_limit: no_limits\n      results: 2,2,1\n      workers: 1\n"))
		p.await("stderr", "retry in ", 1)
		r := p.stop()
		same(t, r.texts("Flush id"), []string{flush("a", 2), flush("a", 2), flush("a", 1)})
		if len(lines(r.stderr, "pending tasks")) != 1 {
			t.Errorf("stderr:\n%s", r.stderr)
		}
	})
	t.Run("too late", func(t *testing.T) {
		t.Parallel()
		for _, grace := range [][]string{{"--grace", "0"}, nil} {
			args := slices.Concat([]string{"-c", outputConfig(t, "  grace: 1\n", "", "    - name: drain\n      match: '*'\n      id: a\n      retry_limit: no_limits\n      results: 2\n")}, grace)
			p := start(t, tools.host, args...)
			p.await("stderr", "retry in ", 1)
			r := p.stop()
			if r.code != 0 || len(lines(r.stderr, "1 chunks (17 bytes) were not delivered: 0 are kept in memory, 1 are lost")) != 1 {
				t.Errorf("%v: exit code %d\n%s", grace, r.code, r.stderr)
			}
			if len(lines(r.stderr, "service has stopped (1 pending tasks)")) != 1 {
				t.Errorf("%v: %s", grace, r.stderr)
			}
		}
	})
	t.Run("slow flush", func(t *testing.T) {
		t.Parallel()
		p := start(t, tools.host, "-c", outputConfig(t, "  grace: 0\n", "", "    - name: drain\n      match: '*'\n      id: a\n      slow_ms: 2500\n      workers: 1\n"))
		p.await("calls", "Flush id", 1)
		r := p.stop()
		same(t, r.texts("Flushed", "Exit id"), []string{"Flushed id=a", "Exit id=a flushes=1"})
		if len(lines(r.stderr, "were not delivered")) != 0 {
			t.Errorf("stderr:\n%s", r.stderr)
		}
	})
}

// TestStorage: what was not delivered when the host stopped, or was killed, is
// delivered by the next one, and nothing is left of it then.
func TestStorage(t *testing.T) {
	t.Parallel()
	for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(how.String(), func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			config := func(results string) string {
				return outputConfig(t, "  grace: 0\n  storage.path: "+folder+"/store\n", "      storage.type: filesystem\n      alias: in\n      ticks: 3\n",
					"    - name: drain\n      match: '*'\n      id: a\n      data: 1\n      retry_limit: no_limits\n      workers: 2\n      results: "+results+"\n")
			}
			p := start(t, tools.host, "-c", config("2"))
			p.await("calls", "Cleanup", 3)
			p.signal(how)
			r := p.wait()
			kept := glob(t, folder+"/store/in/*.flb.host")
			if len(kept) == 0 {
				t.Fatalf("nothing in the storage\n%s", r.stderr)
			}
			if how == syscall.SIGTERM && len(lines(r.stderr, fmt.Sprintf("%d chunks (51 bytes) were not delivered: %d are kept in %s/store, 0 are lost", len(kept), len(kept), folder))) != 1 {
				t.Errorf("stderr:\n%s", r.stderr)
			}
			// One that a crash cut off, and one that is none.
			cut := []byte("lshchnk1\x00\x00\x00\x04apps" + event("\x80") + event("\x80")[:5])
			for name, data := range map[string][]byte{"1-2.3.flb.host": cut, "1-2.4.flb.host": []byte("none")} {
				if err := os.WriteFile(filepath.Join(folder, "store", "in", name), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p = start(t, tools.host, "-c", config("1"))
			p.await("stderr", "flush backlog chunk", len(kept)+1)
			r = p.stop()
			var records int
			for _, text := range r.texts("Flush id=a") {
				records += strings.Count(text, record)
			}
			if records < 3 || len(lines(r.stderr, "1-2.4.flb.host is no chunk and is left alone")) != 1 {
				t.Errorf("%d records\n%v\n%s", records, r.texts("Flush"), r.stderr)
			}
			whole := "Flush id=a tag=apps data=" + hex.EncodeToString([]byte(event("\x80"))) + " foreign=1 returns=1"
			if !slices.Contains(r.texts("Flush id=a"), whole) {
				t.Errorf("what is whole of the chunk that was cut off is not there: %v", r.texts("Flush"))
			}
			same(t, glob(t, folder+"/store/in/*"), []string{filepath.Join(folder, "store", "in", "1-2.4.flb.host")})
		})
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestMatch(t *testing.T) {
	t.Parallel()
	d := newDecoder(t)
	defer d.stop(t)
	for _, tc := range []struct {
		pattern, tag string
		want         string
	}{
		{"*", "", "yes"},
		{"*", "a.b", "yes"},
		{"a", "a", "yes"},
		{"a", "ab", "no"},
		{"ab", "a", "no"},
		{"a*", "a", "yes"},
		{"a*c", "abbc", "yes"},
		{"a*c", "abcb", "no"},
		{"*.b.*", "a.b.c", "yes"},
		{"**b", "ab", "yes"},
		{"*ab", "aab", "yes"},
		{"", "a", "no"},
		{"a*b*c", "a1b2b3c", "yes"},
	} {
		if got := d.decode(t, 'g', []byte(tc.pattern+"\x00"+tc.tag)); got != tc.want {
			t.Errorf("%q matches %q: %s, want %s", tc.pattern, tc.tag, got, tc.want)
		}
	}
}
