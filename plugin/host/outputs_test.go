package host_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outputConfig is a configuration with the input fixture, of which one tick
// returns a record, and outputs as YAML, indented as list items below outputs.
// service and input are further lines of theirs.
func outputConfig(t *testing.T, service, input, outputs string) string {
	t.Helper()
	return write(t, "conf.yaml", fmt.Sprintf(`service:
  flush: 0.2
  scheduler.base: 1
  scheduler.cap: 1
%splugins:
  - %s
  - %s
pipeline:
  inputs:
    - name: fixture
      tag: apps
      id: in
      payload: %s
%s  outputs:
%s`, service, fixture("fixture"), fixture("drain"), record, input, outputs))
}

// flush is the line of a flush of the record in one of its own stacks.
func flush(id string, returns int) string {
	return fmt.Sprintf("Flush id=%s tag=apps foreign=1 returns=%d", id, returns)
}

// of are the calls whose text holds part.
func (r result) of(part string) []call {
	var out []call
	for _, c := range r.calls {
		if strings.Contains(c.text, part) {
			out = append(out, c)
		}
	}
	return out
}

func threads(calls []call) []string {
	var out []string
	for _, c := range calls {
		if !slices.Contains(out, c.thread) {
			out = append(out, c.thread)
		}
	}
	return out
}

func TestCallsOfOutputs(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-c", outputConfig(t, "  grace: 2\n", "", `
    - name: drain
      match: '*'
      id: a
      workers: 2
      retry_limit: 3
      results: 2,2,1
    - name: Drain
      match: 'a*s'
      id: b
    - name: drain
      match: nope
      id: c
      workers: 1
`))
		p.await("calls", flush("a", 1), 1)
		p.await("calls", "Flushed id=b", 1)
		r := p.stop()
		if r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		same(t, r.texts("PreRegister", "Register"), []string{
			"PreRegister hot=0", "Register type=0 loads=1", "PreRegister hot=0", "Register type=0 loads=1",
		})
		same(t, r.texts("Init", "Exit", "Unregister"), []string{
			"Init id=in name=fixture coll_fd=0 remote=0", "Init id=a name=drain remote=0 proxy=1", "Init id=b name=drain remote=0 proxy=1",
			"Init id=c name=drain remote=0 proxy=1", "Exit id=a flushes=3", "Exit id=b flushes=1", "Exit id=c flushes=0", "Exit",
			"Unregister name=fixture", "Unregister name=drain",
		})
		for id, want := range map[string][]string{"a": {flush("a", 2), flush("a", 2), flush("a", 1)}, "b": {flush("b", 1)}, "c": nil} {
			same(t, r.texts("Flush id="+id), want)
		}
		// All of it is on one thread but the workers' flushes, which take turns.
		engine := slices.Concat(r.of("name=drain remote"), r.of("Exit id="), r.of("Flush id=b"))
		workers := r.of("Flush id=a")
		if got := threads(engine); len(got) != 1 || got[0] == "main0" || slices.Contains(threads(workers), got[0]) {
			t.Errorf("threads %v and workers %v", got, threads(workers))
		}
		if len(threads(workers)) != 2 || workers[0].thread != workers[2].thread {
			t.Errorf("the workers do not take turns: %v", workers)
		}
		before := r.texts("PreExit", "Exit id")
		same(t, before[:6], []string{"PreExit hot=0", "Exit id=a flushes=3", "PreExit hot=0", "Exit id=b flushes=1", "PreExit hot=0", "Exit id=c flushes=0"})
		if runs := r.texts("PreRun"); len(runs) != 4 {
			t.Errorf("%d PreRun calls, want one of each instance", len(runs))
		}
	})
}

// TestRetries: what each limit makes of an output that always wants to try
// again, or fails.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		keys    string
		flushes int
		log     string
	}{
		"default":    {"results: 2", 2, "cannot be retried: task_id=0, input=fixture.0 > output=drain.0"},
		"two":        {"retry_limit: 2\n      results: 2", 3, "cannot be retried: task_id=0"},
		"no retries": {"retry_limit: no_retries\n      results: 2", 1, "is not retried (no retry config): task_id=0"},
		"no number":  {"retry_limit: some\n      results: 2", 2, "invalid retry_limit. set default."},
		"succeeds":   {"retry_limit: no_limits\n      results: 2,2,2,1", 4, "succeeded at retry 3: task_id=0, input=fixture.0 > output=drain.0 (out_id=0)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachHost(t, func(t *testing.T, program string) {
				t.Parallel()
				p := start(t, program, "-c", outputConfig(t, "", "", "    - name: drain\n      match: '*'\n      id: a\n      "+tc.keys+"\n"))
				p.await("stderr", tc.log, 1)
				p.await("calls", "Flushed", tc.flushes)
				r := p.stop()
				if got := len(r.of("Flush id=a")); got != tc.flushes {
					t.Errorf("%d flushes, want %d\n%s", got, tc.flushes, r.stderr)
				}
				// scheduler.base and cap of 1 leave no room for chance: each retry comes two whole seconds later.
				flushes := r.of("Flush id=a")
				for i := 1; i < len(flushes); i++ {
					if gap := flushes[i].millis/1000 - flushes[i-1].millis/1000; gap < 2 {
						t.Errorf("retry after %d s: %v", gap, flushes)
					}
				}
				if got := len(lines(r.stderr, "retry in 2 seconds")); got != tc.flushes-1 {
					t.Errorf("%d retries announced, want %d\n%s", got, tc.flushes-1, r.stderr)
				}
			})
		})
	}
}

func TestResultsThatAreErrors(t *testing.T) {
	t.Parallel()
	for _, result := range []string{"0", "7", "-1"} {
		t.Run(result, func(t *testing.T) {
			t.Parallel()
			eachHost(t, func(t *testing.T, program string) {
				t.Parallel()
				// b, which takes its time, shows that a is not called again.
				p := start(t, program, "-c", outputConfig(t, "", "", "    - name: drain\n      match: '*'\n      id: a\n      retry_limit: no_limits\n      results: \""+result+
					"\"\n    - name: drain\n      match: '*'\n      id: b\n      results: 2,2,1\n      retry_limit: 2\n"))
				p.await("calls", "Flushed id=b", 3)
				r := p.stop()
				if got := len(r.of("Flush id=a")); got != 1 {
					t.Errorf("%d flushes", got)
				}
				if program == tools.host && len(lines(r.stderr, "was refused and is dropped: task_id=0, input=fixture.0 > output=drain.0")) != 1 {
					t.Errorf("stderr:\n%s", r.stderr)
				}
			})
		})
	}
}

// TestInitOfAnOutputThatFails: outputs before it exit, inputs do not.
func TestInitOfAnOutputThatFails(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		r := start(t, program, "-c", outputConfig(t, "", "", "    - name: drain\n      match: '*'\n      id: a\n      workers: 1\n    - name: drain\n      match: '*'\n      id: b\n      init: 0\n")).wait()
		if r.code == 0 || len(lines(r.stderr, "plugin 'drain' failed to initialize")) != 1 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		same(t, r.texts("Init", "PreRun", "PreExit", "Exit", "Unregister"), []string{
			"Init id=in name=fixture coll_fd=0 remote=0", "Init id=a name=drain remote=0 proxy=1", "Init id=b name=drain remote=0 proxy=1",
			"PreExit hot=0", "Exit id=a flushes=0", "Unregister name=fixture", "Unregister name=drain",
		})
	})
}

// TestKeysThatAnOutputSees asks for keys that are Fluent Bit's own and for some
// that are so only of inputs.
func TestKeysThatAnOutputSees(t *testing.T) {
	t.Parallel()
	const outputs = `    - name: drain
      id: a
      match: '*'
      alias: one
      workers: 1
      retry_limit: 4
      host: h
      port: 3
      ipv6: on
      log_level: info
      log_suppress_interval: 5s
      tls: off
      tls.verify: off
      tls.ca_file: c
      tls.proxy.verify: off
      tls.foo: y
      tls.verify_client_cert: on
      net.keepalive: on
      oauth2.enable: off
      storage.total_limit_size: 5M
      storage.type: memory
      mem_buf_limit: 5M
      tag: t
      listen: l
      threaded: on
      routable: on
      rate_window: 4s
      camelCase: 1
      empty: ''
      ask: "match,alias,workers,retry_limit,host,port,ipv6,log_level,log_suppress_interval,tls,tls.verify,tls.ca_file,tls.proxy.verify,tls.foo,tls.verify_client_cert,net.keepalive,oauth2.enable,storage.total_limit_size,storage.type,mem_buf_limit,tag,listen,threaded,routable,rate_window,camel_case,CAMEL_CASE,empty,missing"
`
	want := map[string]string{
		"tls.foo": "y", "tls.verify_client_cert": "on", "storage.type": "memory", "mem_buf_limit": "5M", "tag": "t", "listen": "l",
		"threaded": "on", "routable": "on", "rate_window": "4s", "camel_case": "1", "CAMEL_CASE": "1",
	}
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "-c", outputConfig(t, "", "", outputs))
		p.await("calls", "Get id=a missing", 1)
		r := p.stop()
		got := map[string]string{}
		for _, text := range r.texts("Get id=a ") {
			key, value, _ := strings.Cut(strings.TrimPrefix(text, "Get id=a "), "=")
			if value != "(none)" {
				got[key] = value
			}
		}
		same(t, got, want)
	})
}

func TestValuesOfOutputsThatFluentBitRefuses(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{"log_level: loud", "tls: on", "net.nope: 1", "oauth2.nope: 1", "storage.total_limit_size: lots"} {
		t.Run(pair, func(t *testing.T) {
			t.Parallel()
			eachHost(t, func(t *testing.T, program string) {
				t.Parallel()
				path := outputConfig(t, "", "", "    - name: drain\n      match: '*'\n      id: a\n      "+pair+"\n")
				r := start(t, program, "-c", path).wait()
				if r.code == 0 || len(r.texts("Init id=a")) != 0 {
					t.Errorf("started, exit code %d\n%s", r.code, r.stderr)
				}
				key, _, _ := strings.Cut(pair, ":")
				if program == tools.host && (r.code != 1 || len(lines(r.stderr, `key "`+key+`" of output drain`)) != 1) {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
			})
		})
	}
}

func TestUnknownKeysOfOutputs(t *testing.T) {
	t.Parallel()
	path := outputConfig(t, "", "", "    - name: drain\n      id: a\n      mtach: '*'\n")
	for _, args := range [][]string{{"-c", path}, {"-c", path, "--check"}} {
		r := run(t, args...)
		if r.code != 1 || len(lines(r.stderr, fmt.Sprintf(`unknown key "mtach" for output drain (%s:17)`, path))) != 1 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		same(t, r.texts("Init id=a", "PreRun", "PreExit", "Exit"), []string{"Init id=a name=drain remote=0 proxy=1", "PreExit hot=0", "Exit id=a flushes=0", "PreExit hot=0", "Exit"})
	}
	good := outputConfig(t, "", "", "    - name: drain\n      id: a\n")
	if r := run(t, "-c", good, "--check"); r.code != 0 || len(r.texts("Flush")) != 0 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestOutputErrors(t *testing.T) {
	t.Parallel()
	in := []string{"-e", fixture("fixture"), "-i", "fixture"}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no such output": {[]string{"-e", fixture("drain"), "-O", "drian"}, `no plugin loaded has an output named "drian" (command line)`},
		"no flush":       {[]string{"-e", fixture("drain-none"), "-O", "drain"}, "has neither FLBPluginFlushCtx nor FLBPluginFlush"},
		"early -m":       {[]string{"-m", "x"}, "belongs to an output"},
		"regex":          {[]string{"-e", fixture("drain"), "-O", "drain", "-p", "match_regex=x"}, "is not understood by the plugin host"},
		"no folder":      {[]string{"-p", "storage.type=filesystem", "-e", fixture("drain"), "-O", "drain"}, "but the service no storage.path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, slices.Concat(in, tc.args)...)
			if r.code != 1 || !strings.Contains(r.stderr, tc.want) {
				t.Errorf("exit code %d, want %q in\n%s", r.code, tc.want, r.stderr)
			}
		})
	}
}

// TestOutputsThatAreNotRun: without an output plugin the records are printed,
// whatever outputs a configuration has.
func TestOutputsThatAreNotRun(t *testing.T) {
	t.Parallel()
	path := write(t, "conf.yaml", "plugins:\n  - "+fixture("fixture")+"\npipeline:\n  inputs:\n    - name: fixture\n      payload: "+record+
		"\n  outputs:\n    - name: http\n      tls: on\n      log_level: loud\n      processors:\n        logs: x\n")
	p := start(t, tools.host, "-c", path)
	p.await("stdout", "{\"a\":1}\n", 1)
	if r := p.stop(); r.code != 0 || r.stdout != "{\"a\":1}\n" {
		t.Errorf("exit code %d, stdout %q", r.code, r.stdout)
	}
}

func TestReloadOfOutputs(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		path := outputConfig(t, "  hot_reload: on\n", "", "    - name: drain\n      match: '*'\n      id: a\n      workers: 1\n")
		p := start(t, program, "-c", path)
		p.await("calls", "Flushed id=a", 1)
		p.signal(hangup)
		p.await("calls", "Flushed id=a", 2)
		r := p.stop()
		same(t, r.texts("Init id=a", "Flush id", "Exit id"), []string{
			"Init id=a name=drain remote=0 proxy=1", flush("a", 1), "Exit id=a flushes=1",
			"Init id=a name=drain remote=0 proxy=1", flush("a", 1), "Exit id=a flushes=1",
		})
		if len(r.texts("PreExit hot=1")) != 2 || len(r.texts("Register type=0 loads=2")) != 2 {
			t.Errorf("calls %v", r.calls)
		}
	})
}
