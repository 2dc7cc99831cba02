package host_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"
)

// eventTime is 1970-01-01T00:00:01.000000002Z as Fluent Bit's ext type.
const eventTime = "\xd7\x00\x00\x00\x00\x01\x00\x00\x00\x02"

// event is [[time, {}], body].
func event(body string) string { return "\x92\x92" + eventTime + "\x80" + body }

// valued is an event whose body is {"a": value}.
func valued(value []byte) string { return event("\x81\xa1a" + string(value)) }

func TestRecordsAsJSON(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		data string
		want string
	}{
		"empty":            {event("\x80"), "{}"},
		"several":          {event("\x80") + valued(msgp.AppendInt(nil, 1)) + event("\x80"), "{}\n{\"a\":1}\n{}"},
		"nil":              {valued(msgp.AppendNil(nil)), `{"a":null}`},
		"booleans":         {valued([]byte("\x92\xc2\xc3")), `{"a":[false,true]}`},
		"small integers":   {valued([]byte("\x94\x00\x7f\xe0\xff")), `{"a":[0,127,-32,-1]}`},
		"unsigned":         {valued([]byte("\x94\xcc\xff\xcd\xff\xff\xce\xff\xff\xff\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff")), `{"a":[255,65535,4294967295,18446744073709551615]}`},
		"signed":           {valued([]byte("\x94\xd0\x80\xd1\x80\x00\xd2\x80\x00\x00\x00\xd3\x80\x00\x00\x00\x00\x00\x00\x00")), `{"a":[-128,-32768,-2147483648,-9223372036854775808]}`},
		"floats":           {valued(msgp.AppendFloat64(nil, 0.1)), `{"a":0.1}`},
		"whole float":      {valued(msgp.AppendFloat64(nil, 2)), `{"a":2.0}`},
		"large float":      {valued(msgp.AppendFloat64(nil, 1.7976931348623157e308)), `{"a":1.7976931348623157e+308}`},
		"single float":     {valued(msgp.AppendFloat32(nil, 0.1)), `{"a":0.1}`},
		"infinity":         {valued([]byte("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00")), `{"a":null}`},
		"strings":          {valued(msgp.AppendString(nil, "é😀\"\\/\b\f\n\r\t\x00\x1f\x7f")), `{"a":"é😀\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f" + `"}`},
		"long strings":     {valued(msgp.AppendString(nil, strings.Repeat("x", 70000))), `{"a":"` + strings.Repeat("x", 70000) + `"}`},
		"str8":             {valued([]byte("\xd9\x02xy")), `{"a":"xy"}`},
		"invalid UTF-8":    {valued(msgp.AppendString(nil, "a\xffb\xc0\x80c\xed\xa0\x80d\xf4\x90\x80\x80e\xe2\x82")), `{"a":"a�b��c���d����e�"}`},
		"binary":           {valued(msgp.AppendBytes(nil, []byte{0xff, 0, 1, 2})), `{"a":"/wABAg=="}`},
		"no binary":        {valued(msgp.AppendBytes(nil, nil)), `{"a":""}`},
		"time in the body": {valued([]byte(eventTime)), `{"a":1.000000002}`},
		"other extension":  {valued([]byte("\xd4\x85\x41")), `{"a":{"ext":-123,"data":"QQ=="}}`},
		"ext8":             {valued([]byte("\xc7\x02\x05\x41\x42")), `{"a":{"ext":5,"data":"QUI="}}`},
		"nested":           {valued([]byte("\xdc\x00\x01\xdf\x00\x00\x00\x01\xa1b\xde\x00\x00")), `{"a":[{"b":{}}]}`},
		"keys":             {event("\x85\x01\xc0\xff\xc0\xc3\xc0\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00\xc0\xc4\x01\x41\xc0"), `{"1":null,"-1":null,"true":null,"0.5":null,"QQ==":null}`},
		"old form":         {"\x92" + eventTime + "\x80", "{}"},
		"integer time":     {"\x92\xce\x00\x00\x00\x05\x80", "{}"},
		"groups": {
			"\x92\x92\xd7\x00\xff\xff\xff\xff\x00\x00\x00\x00\x80\x80" + event("\x80") + "\x92\x92\xd7\x00\xff\xff\xff\xfe\x00\x00\x00\x00\x80\x80", "{}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, drive(t, 'm', []byte(tc.data)), tc.want+"\n")
		})
	}
}

func TestRecordsWithTime(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		data string
		want string
	}{
		"event":         {"\x92\x92" + eventTime + "\x81\xa1k\xa1v\x80", `{"time":1.000000002,"metadata":{"k":"v"},"record":{}}`},
		"ext8 time":     {"\x92\xc7\x08\x00\x00\x00\x00\x01\x3b\x9a\xc9\xff\x80", `{"time":1.999999999,"metadata":{},"record":{}}`},
		"integer time":  {"\x92\x05\x80", `{"time":5.000000000,"metadata":{},"record":{}}`},
		"float time":    {"\x92" + string(msgp.AppendFloat64(nil, 1.5)) + "\x80", `{"time":1.500000000,"metadata":{},"record":{}}`},
		"float in head": {"\x92\x92" + string(msgp.AppendFloat32(nil, 0.25)) + "\x80\x80", `{"time":0.250000000,"metadata":{},"record":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, drive(t, 't', []byte(tc.data)), tc.want+"\n")
		})
	}
}

func TestMalformedRecords(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return valued([]byte(strings.Repeat("\x91", n) + "\xc0")) }
	if got := drive(t, 'm', []byte(deep(127))); strings.Contains(got, "!") {
		t.Errorf("127 containers in a record: %s", got)
	}
	for name, tc := range map[string]struct {
		data string
		want string
	}{
		"no array":        {"\xc0", "!0 an event has to be an array of two"},
		"array of three":  {"\x93\x00\x80\x80", "!0 an event has to be an array of two"},
		"end after array": {"\x92", "!1 the data ends where a value should be"},
		"no time":         {"\x92\xa1x\x80", "!1 an event's time is no time"},
		"negative time":   {"\x92\xcb\xbf\xf0\x00\x00\x00\x00\x00\x00\x80", "!1 an event's time is no time"},
		"other ext":       {"\x92\xd7\x01\x00\x00\x00\x01\x00\x00\x00\x02\x80", "!1 an event's time is no time"},
		"short head":      {"\x92\x91" + eventTime + "\x80", "!1 an event's head has to be an array of time and metadata"},
		"metadata":        {"\x92\x92" + eventTime + "\xc0\x80", "!12 an event's metadata has to be a map"},
		"body":            {event("\x90"), "!13 an event's body has to be a map"},
		"0xc1":            {valued([]byte("\xc1")), "!16 0xc1 is no msgpack type"},
		"key":             {event("\x81\x90\xc0"), "!14 a map's key is neither a string nor a number"},
		"string":          {valued([]byte("\xd9\x05abc")), "!16 the data ends within a value"},
		"length":          {valued([]byte("\xdb\xff\xff")), "!16 the data ends within a value"},
		"count":           {valued([]byte("\xdd\xff\xff\xff\xff")), "!21 the data ends where a value should be"},
		"second":          {valued([]byte("\x01")) + "\xc0", "{\"a\":1}\n!17 an event has to be an array of two"},
		"deep":            {deep(128), "!143 nested too deep"},
		"very deep":       {deep(1 << 20), "!143 nested too deep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, drive(t, 'm', []byte(tc.data)), tc.want)
		})
	}
}

func TestMalformedBatch(t *testing.T) {
	t.Parallel()
	p := start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture", "-p", "payload="+record+"92", "-p", "ticks=2")
	p.await("calls", "Tick", 2)
	p.await("calls", "Cleanup", 2)
	r := p.stop()
	if r.code != 3 {
		t.Errorf("exit code %d", r.code)
	}
	same(t, r.stdout, "{\"a\":1}\n{\"a\":1}\n")
	const want = "[input:fixture:fixture.0] malformed records: the data ends where a value should be, at byte 18 of 18; 1 records before it are printed"
	if got := lines(r.stderr, want); len(got) != 2 {
		t.Errorf("stderr:\n%s", r.stderr)
	}
}

func TestWithTimeAndOutputFile(t *testing.T) {
	t.Parallel()
	path := write(t, "records", "before\n")
	for range 2 {
		p := start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture", "-t", "x", "-p", "payload="+record, "-o", path, "--with-time", "--grace", "0")
		p.await("calls", "Cleanup", 1)
		if r := p.stop(); r.code != 0 || r.stdout != "" {
			t.Errorf("exit code %d, stdout %q\n%s", r.code, r.stdout, r.stderr)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, string(got), "before\n"+strings.Repeat(`{"time":1.000000000,"metadata":{},"record":{"a":1}}`+"\n", 2))
}

// TestOutputThatFails: what could not be written must not look accepted to
// the plugin, so no call follows.
func TestOutputThatFails(t *testing.T) {
	t.Parallel()
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip("this system has no /dev/full")
		}
		r := run(t, "-e", fixture("fixture"), "-i", "fixture", "-p", "payload="+record, "-o", "/dev/full")
		checkGivenUp(t, r, "cannot write records to /dev/full: No space left on device")
	})
	t.Run("closed pipe", func(t *testing.T) {
		t.Parallel()
		p := &process{t: t, dir: t.TempDir()}
		p.cmd = exec.CommandContext(t.Context(), tools.host, "-e", fixture("fixture"), "-i", "fixture", "-p", "payload="+record)
		p.cmd.Env = append(os.Environ(), "FIXTURE_LOG="+p.path("calls"))
		p.cmd.Stderr = p.create("stderr")
		stdout, err := p.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if err := stdout.Close(); err != nil {
			t.Fatal(err)
		}
		checkGivenUp(t, p.wait(), "cannot write records to stdout: Broken pipe")
	})
}

func checkGivenUp(t *testing.T, r result, want string) {
	t.Helper()
	if r.code != 1 || len(lines(r.stderr, want)) != 1 {
		t.Errorf("exit code %d, want %q in\n%s", r.code, want, r.stderr)
	}
	if last := r.calls[len(r.calls)-1].text; last != "Tick id=- n=0" {
		t.Errorf("last call %q", last)
	}
}

func TestHexOfRecord(t *testing.T) {
	t.Parallel()
	want, err := hex.DecodeString(record)
	if err != nil {
		t.Fatal(err)
	}
	got := []byte("\x92\x92\xd7\x00\x00\x00\x00\x01\x00\x00\x00\x00\x80\x81\xa1a\x01")
	if !bytes.Equal(got, want) {
		t.Errorf("%x", got)
	}
}
