package host_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestKeysThatThePluginSees asks for keys that are Fluent Bit's own, for some
// that only look it, and for keys written in other ways.
func TestKeysThatThePluginSees(t *testing.T) {
	t.Parallel()
	const inputs = `
    - name: fixture
      tag: apps
      id: a
      alias: one
      log_level: info
      mem_buf_limit: 5M
      storage.type: memory
      threaded: on
      host: h
      listen: l
      port: 99
      routable: on
      tls: off
      tls.verify: off
      rate_window: 5s
      thread.ring_buffer.capacity: 64
      storage.typ: s
      tls.foo: y
      match: m
      workers: 3
      retry_limit: 4
      camelCase: 1
      Camel_Case: 2
      SHOUT_CASE: 3
      dup: 1
      dup: 2
      empty: ""
      nothing:
      nul: ~
      quoted: ' a # b '
      several:
        - first
        - second
      env: ${FIXTURE_A}x${FIXTURE_NOPE:-dflt}${FIXTURE_EMPTY:-e}
      own: ${D}
      ask: "tag,alias,log_level,mem_buf_limit,storage.type,threaded,host,listen,port,routable,tls,tls.verify,rate_window,\
            thread.ring_buffer.capacity,storage.typ,tls.foo,match,WORKERS,retry_limit,camel_case,camelcase,shout_case,dup,empty,\
            nothing,nul,quoted,several,env,own,missing"
`
	config := "env:\n  D: Qx\nplugins:\n  - " + fixture("fixture") + "\npipeline:\n  inputs:" +
		strings.ReplaceAll(inputs, "\\\n            ", "") +
		"  outputs:\n    - name: stdout\n      match: '*'\n"
	want := map[string]string{
		"storage.typ": "s", "tls.foo": "y", "match": "m", "WORKERS": "3", "retry_limit": "4", "camel_case": "1",
		"shout_case": "3", "dup": "1", "nul": "~", "quoted": "a # b", "several": "first", "env": "Axdflte", "own": "Qx",
	}
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		p := start(t, program, "FIXTURE_A=A", "FIXTURE_EMPTY=", "-c", write(t, "conf.yaml", config))
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

func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	path := write(t, "conf.yaml", `service:
  flush: 0.2
  grace: 3
  daemon: off
plugins:
  - `+fixture("fixture")+`
pipeline:
  inputs:
    - name: fixture
      id: a
      idd: secret
      Init: 1
    - id: b
      name: FIXTURE
      workers: 2
`)
	for _, args := range [][]string{{"-c", path}, {"-c", path, "--check"}} {
		r := run(t, args...)
		if r.code != 1 {
			t.Errorf("exit code %d", r.code)
		}
		var got []string
		for _, line := range lines(r.stderr, "unknown key") {
			_, message, _ := strings.Cut(line, "[host] ")
			got = append(got, message)
		}
		same(t, got, []string{
			fmt.Sprintf(`unknown key "idd" for input fixture (%s:11)`, path),
			fmt.Sprintf(`unknown key "workers" for input FIXTURE (%s:15)`, path),
		})
		if strings.Contains(r.stderr, "secret") {
			t.Error("a value is in the log")
		}
		if got := lines(r.stderr, `service key "daemon"`); len(got) != 1 || !strings.Contains(got[0], path+":4") {
			t.Errorf("stderr:\n%s", r.stderr)
		}
		same(t, r.texts("PreExit", "Exit", "Unregister", "PreRun", "Tick"),
			[]string{"PreExit hot=0", "Exit", "PreExit hot=0", "Exit", "Unregister name=fixture"})
	}
	r := run(t, "-e", fixture("fixture"), "-i", "fixture", "-p", "id=x", "-p", "no=1")
	if r.code != 1 || len(lines(r.stderr, `unknown key "no" for input fixture (command line)`)) != 1 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	r := run(t, "-e", fixture("fixture"), "-i", "fixture", "-p", "id=a", "-p", "payload="+record, "--check")
	if r.code != 0 || r.stdout != "" {
		t.Errorf("exit code %d, stdout %q\n%s", r.code, r.stdout, r.stderr)
	}
	same(t, r.texts("Init", "PreRun", "Tick", "PreExit", "Exit", "Unregister"),
		[]string{"Init id=a name=fixture coll_fd=0 remote=0", "PreExit hot=0", "Exit", "Unregister name=fixture"})
	if r := run(t, "-e", fixture("fixture"), "-i", "fixture", "-p", "init=0", "--check"); r.code != 1 {
		t.Errorf("exit code %d", r.code)
	}
}

func TestConfigurationErrors(t *testing.T) {
	t.Parallel()
	plugins := "plugins:\n  - " + fixture("fixture") + "\n" // two lines in front of each
	input := func(key string) string {
		return "pipeline:\n  inputs:\n    - name: fixture\n      " + key + "\n"
	}
	for name, tc := range map[string]struct {
		config string
		line   int
		want   string
	}{
		"tab":             {"pipeline:\n\tinputs:\n", 4, "a tab in the indentation"},
		"no colon":        {"pipeline\n", 3, `neither "key: value" nor a list item`},
		"flow list":       {input("id: [a, b]"), 6, "a collection in brackets"},
		"flow map":        {input("id: {a: b}"), 6, "a collection in brackets"},
		"anchor":          {input("id: &a b"), 6, "an anchor or alias"},
		"alias":           {input("id: *a"), 6, "an anchor or alias"},
		"tag":             {input("id: !!str b"), 6, "a tag"},
		"open quote":      {input(`id: "abc`), 6, "a quote that is not closed on its line"},
		"behind quote":    {input(`id: "abc" d`), 6, "text behind the closing quote"},
		"escape":          {input(`id: "\q"`), 6, "an escape that YAML does not know"},
		"key in value":    {input("id: a: b"), 6, "a key within a value"},
		"second line":     {input("id: a\n        b"), 7, "deeper than the line before"},
		"odd indentation": {"pipeline:\n    inputs:\n  outputs:\n", 5, "indented differently"},
		"map as value":    {input("id:\n        a: b"), 6, `"id" of input fixture is a map`},
		"list of maps":    {input("id:\n        - a: b"), 7, "has to be a list of plain values"},
		"no name":         {"pipeline:\n  inputs:\n    - id: a\n", 5, "an input has no name"},
		"not a list":      {"pipeline:\n  inputs:\n    name: fixture\n", 5, "inputs has to be a list"},
		"not a map":       {"pipeline:\n  inputs:\n    - fixture\n", 5, "an input has to be a map"},
		"section":         {"piepline:\n  inputs:\n", 3, `does not understand the section "piepline"`},
		"includes":        {"includes:\n  - x.yaml\n", 3, `does not understand the section "includes"`},
		"pipeline key":    {"pipeline:\n  imputs:\n", 4, `pipeline has no "imputs"`},
		"log level":       {"service:\n  log_level: loud\n" + input("id: a"), 4, "log_level is none of"},
		"hot reload":      {"service:\n  hot_reload: maybe\n" + input("id: a"), 4, "hot_reload is neither on nor off"},
		"flush":           {"service:\n  flush: soon\n" + input("id: a"), 4, "flush has to be"},
		"block header":    {input("id: |9x\n        a"), 6, "a block header that is not understood"},
		"two documents":   {input("id: a") + "---\na: b\n", 7, "the start or end of a document"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "conf.yaml", plugins+tc.config)
			r := run(t, "-c", path)
			where := fmt.Sprintf("%s:%d: ", path, tc.line)
			if r.code != 1 || len(lines(r.stderr, where)) == 0 || !strings.Contains(r.stderr, tc.want) {
				t.Errorf("exit code %d, want %q and %q in\n%s", r.code, where, tc.want, r.stderr)
			}
			same(t, r.calls, []call(nil))
		})
	}
}

// TestValuesThatFluentBitRefuses has keys of Fluent Bit's own with values that
// it does not start with.
func TestValuesThatFluentBitRefuses(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{
		"log_level=loud", "tls=on", "storage.type=disk", "threaded=maybe", "thread.ring_buffer.window=101",
		"mem_buf_limit=lots", "net.keepalive=on", "oauth2.nope=1", "rate_gate.resume_ratio=2",
	} {
		t.Run(pair, func(t *testing.T) {
			t.Parallel()
			key, _, _ := strings.Cut(pair, "=")
			eachHost(t, func(t *testing.T, program string) {
				r := start(t, program, "-e", fixture("fixture"), "-i", "fixture", "-p", pair, "-o", "stdout").wait()
				if r.code == 0 || len(r.texts("Init")) != 0 {
					t.Errorf("started, exit code %d\n%s", r.code, r.stderr)
				}
				if program == tools.host && (r.code != 1 || len(lines(r.stderr, `key "`+key+`" of input fixture`)) != 1) {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
			})
		})
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	text := write(t, "text.so", "no shared object")
	named := write(t, "flb-in_x.so", "")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no plugin":     {[]string{"-i", "fixture"}, "no plugin to load"},
		"no input":      {[]string{"-e", fixture("fixture")}, "no input to run"},
		"no such file":  {[]string{"-e", "./none.so", "-i", "fixture"}, "error opening plugin ./none.so"},
		"no object":     {[]string{"-e", text, "-i", "fixture"}, "error opening plugin " + text},
		"C plugin":      {[]string{"-e", named, "-i", "fixture"}, "takes a file named flb-... for a C plugin"},
		"no such name":  {[]string{"-e", fixture("fixture"), "-i", "nosuch"}, `no plugin loaded has an input named "nosuch" (command line); loaded: fixture`},
		"only output":   {[]string{"-e", fixture("sink"), "-i", "sink"}, "loaded: none"},
		"pre-register":  {[]string{"FIXTURE_PRE_REGISTER=-1", "-e", fixture("fixture"), "-i", "fixture"}, "FLBPluginPreRegister failed"},
		"no config":     {[]string{"-c", "none.yaml"}, "none.yaml: cannot open: No such file"},
		"empty config":  {[]string{"-c", write(t, "e.yaml", "# nothing\n")}, "holds no configuration"},
		"binary config": {[]string{"-c", write(t, "b.yaml", "a: b\x00c\n")}, "holds NUL bytes"},
		"early -p":      {[]string{"-p", "a=b"}, "belongs to an input"},
		"early -t":      {[]string{"-t", "a"}, "belongs to an input"},
		"-p alone":      {[]string{"-i", "a", "-p", "b"}, "wants key=value"},
		"-f":            {[]string{"-f", "0"}, "has to be more than 0"},
		"--grace":       {[]string{"--grace", "x"}, "is no number of seconds"},
		"option":        {[]string{"--nope"}, "unknown option"},
		"argument":      {[]string{"fixture"}, "fixture: is not understood"},
		"output":        {[]string{"-e", fixture("fixture"), "-i", "fixture", "-o", "/none/such"}, "cannot open /none/such for the records"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, tc.args...)
			if r.code != 1 || !strings.Contains(r.stderr, tc.want) {
				t.Errorf("exit code %d, want %q in\n%s", r.code, tc.want, r.stderr)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	r := run(t, "-h")
	if r.code != 0 || !strings.HasPrefix(r.stdout, "Usage: live-status-host -e FILE.so") || r.stderr != "" {
		t.Errorf("exit code %d\n%s\n%s", r.code, r.stdout, r.stderr)
	}
}
