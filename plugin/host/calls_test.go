package host_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// record is a batch of one event, [[1.0, {}], {"a": 1}], in hex.
const record = "9292d700000000010000000080" + "81a16101"

// byThread are the calls of each thread in their order, threads in the order
// of their first call. Ticks are left out: how many there are is a matter of
// when the test stops.
func byThread(r result) [][]string {
	var names []string
	var out [][]string
	for _, c := range r.calls {
		i := slices.Index(names, c.thread)
		if i < 0 {
			i = len(names)
			names = append(names, c.thread)
			out = append(out, nil)
		}
		if !strings.HasPrefix(c.text, "Tick") && !strings.HasPrefix(c.text, "Cleanup") {
			out[i] = append(out[i], c.text)
		}
	}
	return out
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("not as expected (-want +got):\n" + diff)
	}
}

// position of the first call with the text.
func position(t *testing.T, r result, text string) int {
	t.Helper()
	i := slices.IndexFunc(r.calls, func(c call) bool { return c.text == text })
	if i < 0 {
		t.Fatalf("no call %q in %v", text, r.calls)
	}
	return i
}

func TestCallsOfTwoInputsOfOnePlugin(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-e", fixture("fixture"), "-i", "fixture", "-p", "id=a", "-p", "payload="+record,
			"-i", "Fixture", "-p", "id=b", "-o", "stdout")
		p.await("calls", "Tick id=a n=1", 1)
		p.await("calls", "Tick id=b n=1", 1)
		r := p.stop()
		if r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		input := func(id string) []string {
			return []string{"Init id=" + id + " name=fixture coll_fd=0 remote=0", "PreRun hot=0", "Pause", "Pause", "PreExit hot=0", "Exit"}
		}
		same(t, byThread(r), [][]string{
			{"PreRegister hot=0", "Register type=0 loads=1", "Unregister name=fixture"},
			input("a"), input("b"),
		})
		// The inputs start one after the other, run together and end in reverse.
		order := r.texts("Register", "Init", "Unregister")
		same(t, order, []string{
			"Register type=0 loads=1", "Init id=a name=fixture coll_fd=0 remote=0",
			"Init id=b name=fixture coll_fd=0 remote=0", "Unregister name=fixture",
		})
		if position(t, r, "Init id=b name=fixture coll_fd=0 remote=0") > position(t, r, "PreRun hot=0") {
			t.Error("an input ran before the other was initialised")
		}
		exits := slices.IndexFunc(r.calls, func(c call) bool { return c.text == "Exit" })
		if first := r.calls[exits].thread; first != r.calls[position(t, r, "Init id=b name=fixture coll_fd=0 remote=0")].thread {
			t.Error("the last input did not exit first")
		}
		if position(t, r, "Cleanup id=a") != position(t, r, "Tick id=a n=0")+1 && len(r.texts("Cleanup")) != 1 {
			t.Errorf("the batch was not cleaned up right away: %v", r.calls)
		}
	})
}

func TestTicksComeOnWholeSeconds(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-e", fixture("fixture"), "-i", "fixture", "-o", "stdout")
		p.await("calls", "Tick", 3)
		r := p.stop()
		var late int
		var previous int
		for _, c := range r.calls {
			if !strings.HasPrefix(c.text, "Tick") {
				continue
			}
			// One may be late on a busy machine; all of them cannot be.
			if c.millis%1000 > 200 {
				late++
			}
			if previous > 0 && c.millis/1000 == previous/1000 {
				t.Errorf("two ticks within a second: %d and %d", previous, c.millis)
			}
			previous = c.millis
		}
		if ticks := len(r.texts("Tick")); late > ticks/2 {
			t.Errorf("%d of %d ticks are not on a whole second: %v", late, ticks, r.calls)
		}
	})
}

func TestSlowTicksAreNotMadeUpFor(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-e", fixture("fixture"), "-i", "fixture", "-p", "slow_ms=2500", "-o", "stdout")
		p.await("calls", "Tick", 3)
		r := p.stop()
		var at []int
		for _, c := range r.calls {
			if strings.HasPrefix(c.text, "Tick") {
				at = append(at, c.millis)
			}
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < 2500 || gap > 3400 {
				t.Errorf("ticks of 2.5 s came %d ms apart: want one at once for those missed", gap)
			}
		}
	})
}

func TestReload(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		config := func(id string) string {
			return fmt.Sprintf("service:\n  hot_reload: on\nplugins:\n  - %s\npipeline:\n  inputs:\n    - name: fixture\n      id: %s\n  outputs:\n    - name: stdout\n      match: '*'\n", fixture("fixture"), id)
		}
		path := write(t, "conf.yaml", config("a"))
		p := start(t, program, "-c", path)
		p.await("calls", "Tick id=a", 2)
		if err := os.WriteFile(path, []byte(config("b")), 0o600); err != nil {
			t.Fatal(err)
		}
		p.signal(syscall.SIGHUP)
		p.await("calls", "Tick id=b", 2)
		r := p.stop()
		same(t, r.texts("PreRegister", "Register", "Unregister", "Init", "PreRun", "Pause", "PreExit", "Exit"), []string{
			"PreRegister hot=0", "Register type=0 loads=1",
			"Init id=a name=fixture coll_fd=0 remote=0", "PreRun hot=1",
			"PreRegister hot=1", "Register type=0 loads=2",
			"Pause", "Pause", "PreExit hot=1", "Exit", "Unregister name=fixture",
			"Init id=b name=fixture coll_fd=0 remote=0", "PreRun hot=1",
			"Pause", "Pause", "PreExit hot=0", "Exit", "Unregister name=fixture",
		})
	})
}

func TestInitThatFails(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-e", fixture("fixture"), "-i", "fixture", "-p", "id=a",
			"-i", "fixture", "-p", "id=b", "-p", "init=0", "-i", "fixture", "-p", "id=c", "-o", "stdout")
		r := p.wait()
		if r.code == 0 {
			t.Error("started")
		}
		same(t, r.texts(""), []string{
			"PreRegister hot=0", "Register type=0 loads=1",
			"Init id=a name=fixture coll_fd=0 remote=0", "Init id=b name=fixture coll_fd=0 remote=0",
			"Unregister name=fixture",
		})
		if len(lines(r.stderr, "plugin 'fixture' failed to initialize")) != 1 {
			t.Errorf("stderr:\n%s", r.stderr)
		}
	})
	if r := run(t, "-e", fixture("fixture"), "-i", "fixture", "-p", "init=-1"); r.code != 1 {
		t.Errorf("exit code %d", r.code)
	}
}

func TestCallsWithoutContext(t *testing.T) {
	t.Parallel()
	for variant, cleanups := range map[string]int{"plain": 2, "bare": 0} {
		t.Run(variant, func(t *testing.T) {
			t.Parallel()
			p := start(t, tools.host, "-e", fixture(variant), "-i", "fixture", "-p", "payload="+record, "-p", "ticks=2")
			p.await("calls", "Tick", 3)
			r := p.stop()
			if got := len(r.texts("Cleanup plain")); got != cleanups {
				t.Errorf("%d clean-ups, want %d", got, cleanups)
			}
			same(t, r.stdout, strings.Repeat("{\"a\":1}\n", 2))
		})
	}
}

func TestTickThatFails(t *testing.T) {
	t.Parallel()
	p := start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture", "-p", "payload="+record, "-p", "result=-1")
	p.await("calls", "Tick", 2)
	r := p.stop()
	same(t, r.stdout, "")
	same(t, r.texts("Cleanup"), []string(nil))
	if r.code != 0 || !strings.Contains(r.stderr, "the tick failed") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestSeveralPlugins(t *testing.T) {
	t.Parallel()
	p := start(t, tools.host, "-e", fixture("other"), "-e", fixture("sink"), "-e", fixture("fixture"), "-e", fixture("fixture"),
		"-i", "fixture", "-p", "id=a", "-i", "other", "-p", "id=b")
	p.await("calls", "Tick id=a", 1)
	p.await("calls", "Tick id=b", 1)
	r := p.stop()
	same(t, r.texts("Register", "Unregister", "Init"), []string{
		"Register type=0 loads=1", "Register type=0 loads=1", "Register type=0 loads=1", "Register type=0 loads=2",
		"Init id=a name=fixture coll_fd=0 remote=0", "Init id=b name=other coll_fd=0 remote=0",
		"Unregister name=other", "Unregister name=sink", "Unregister name=fixture", "Unregister name=fixture",
	})
	if len(lines(r.stderr, `"sink" is no input plugin and is not used`)) != 1 {
		t.Errorf("stderr:\n%s", r.stderr)
	}
}
