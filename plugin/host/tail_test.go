package host_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"
)

// flushed are the bodies of the events that drain was handed, by tag and in
// order, as JSON.
func flushed(t *testing.T, r result) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, text := range r.texts("Flush id=") {
		_, rest, _ := strings.Cut(text, " tag=")
		tag, rest, _ := strings.Cut(rest, " data=")
		dump, _, _ := strings.Cut(rest, " ")
		data, err := hex.DecodeString(dump)
		if err != nil {
			t.Fatal(err)
		}
		for len(data) > 0 {
			// [[time, metadata], body]
			if data, err = msgp.Skip(data[2:]); err != nil {
				t.Fatal(err)
			}
			if data, err = msgp.Skip(data); err != nil {
				t.Fatal(err)
			}
			rest, err := msgp.Skip(data)
			if err != nil {
				t.Fatal(err)
			}
			var body bytes.Buffer
			if _, err := msgp.UnmarshalAsJSON(&body, data[:len(data)-len(rest)]); err != nil {
				t.Fatal(err)
			}
			data = rest
			out[tag] = append(out[tag], body.String())
		}
	}
	return out
}

func appendFile(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTail: lines of several files, with and without the parser, also those
// that are no JSON, grow or come later.
func TestTail(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, program string) {
		t.Parallel()
		folder := t.TempDir()
		a, b := filepath.Join(folder, "a.json"), filepath.Join(folder, "b.txt")
		appendFile(t, a, "{\"n\":1,\"s\":\"\\u00e9\\n\",\"f\":-0.5,\"l\":[true,null]}\nno json\n{\"n\":")
		appendFile(t, b, "plain\n{\"n\":1}\n")
		p := start(t, program, "-c", write(t, "conf.yaml", `service:
  flush: 0.2
parsers:
  - name: json
    format: json
plugins:
  - `+fixture("drain")+`
pipeline:
  inputs:
    - name: tail
      path: `+a+`
      parser: json
      read_from_head: on
      tag: parsed
    - name: tail
      path: `+folder+`/*.txt
      read_from_head: on
      refresh_interval: 1
      tag: text.*
  outputs:
    - name: drain
      match: '*'
      id: a
      data: 1
`))
		p.await("calls", "tag=parsed", 1)
		p.await("calls", "tag=text.", 1)
		appendFile(t, a, "2}\n")
		appendFile(t, filepath.Join(folder, "c.txt"), "later\n")
		p.await("calls", "tag=parsed", 2)
		p.await("calls", "c.txt", 1)
		r := p.stop()
		dotted := "text." + strings.ReplaceAll(strings.TrimPrefix(folder, "/"), "/", ".")
		same(t, flushed(t, r), map[string][]string{
			"parsed":          {`{"n":1,"s":"é\n","f":-0.5,"l":[true,null]}`, `{"log":"no json"}`, `{"n":2}`},
			dotted + ".b.txt": {`{"log":"plain"}`, `{"log":"{\"n\":1}"}`},
			dotted + ".c.txt": {`{"log":"later"}`},
		})
	})
}

// TestTailOfFilesThatChange: rotation loses nothing, truncation starts again,
// lines that are too long are left out.
func TestTailOfFilesThatChange(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	appendFile(t, path, "old\n")
	p := start(t, tools.host, "-f", "0.1", "-i", "tail", "-p", "path="+path, "-p", "buffer_max_size=100", "-t", "x", "-v")
	p.await("stderr", "reads "+path+" from byte 4", 1)
	appendFile(t, path, "one\n"+strings.Repeat("x", 5000)+"\ntwo\n")
	p.await("stdout", `{"log":"two"}`, 1)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	appendFile(t, path+".1", "three\n")
	appendFile(t, path, "four\n")
	p.await("stdout", `{"log":"four"}`, 1)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	p.await("stderr", "was truncated", 1)
	appendFile(t, path, "five\n")
	p.await("stdout", `{"log":"five"}`, 1)
	r := p.stop()
	same(t, r.stdout, "{\"log\":\"one\"}\n{\"log\":\"two\"}\n{\"log\":\"three\"}\n{\"log\":\"four\"}\n{\"log\":\"five\"}\n")
	if r.code != 0 || len(lines(r.stderr, "is longer than 100 bytes and is left out")) != 1 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestTailErrors(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"tag=x":              "input tail (command line) has no path",
		"parser=docker":      "knows no parser but json",
		"read_from_head=yo":  `key "read_from_head" of input tail is neither on nor off`,
		"path_key=x":         `unknown key "path_key" for input tail`,
		"multiline.parser=x": `unknown key "multiline.parser" for input tail`,
	} {
		args := []string{"-i", "tail", "-p", key}
		if key != "tag=x" {
			args = append(args, "-p", "path=/none")
		}
		if r := run(t, args...); r.code != 1 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit code %d\n%s", key, r.code, r.stderr)
		}
	}
}

func TestJSONObjects(t *testing.T) {
	t.Parallel()
	d := newDecoder(t)
	defer d.stop(t)
	for text, want := range map[string]string{
		`{}`: "{}", "\t{ \"a\" : [ ] }\n": `{"a":[]}`, `{"a":{"b":[1,-1,0,-0]}}`: `{"a":{"b":[1,-1,0,0]}}`,
		`{"a":18446744073709551615,"b":-9223372036854775808}`: `{"a":18446744073709551615,"b":-9223372036854775808}`,
		`{"a":18446744073709551616}`:                          `{"a":1.8446744073709552e+19}`,
		`{"a":1.0,"b":1e2}`:                                   `{"a":1.0,"b":100.0}`,
		`{"a":"\ud83d\ude00\ud800x\u0041"}`:                   `{"a":"😀` + "�" + `xA"}`,
		`{"a":1,"a":2}`:                                       `{"a":1,"a":2}`, `{"":"` + strings.Repeat("y", 70000) + `"}`: `{"":"` + strings.Repeat("y", 70000) + `"}`,
	} {
		same(t, d.decode(t, 'j', []byte(text)), want+"\n")
	}
	for _, text := range []string{
		"", "[]", "1", "{", "{}x", "{} {}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":+1}`, `{"a":"` + "\n" + `"}`,
		`{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"`, `{"a":tru}`, `{"a":nul`, `{"a":[1}`, "{\"a\":" + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}", "{\"a\":\"\\\x00\"}",
	} {
		if got := d.decode(t, 'j', []byte(text)); got != "!" {
			t.Errorf("%q is taken for an object: %s", text, got)
		}
	}
}

// FuzzJSONObjects: what is taken for an object is one, with the same values.
func FuzzJSONObjects(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"\u00e9\ud83d\ude00",{"b":null}],"c":true}`))
	f.Add([]byte(`{"a":18446744073709551616}`))
	f.Add([]byte(`{"a":"\ud800","b`))
	d := newDecoder(f)
	f.Cleanup(func() { d.stop(f) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		got := d.decode(t, 'j', data)
		if got == "!" {
			return
		}
		var want, have map[string]any
		if err := json.Unmarshal(data, &want); err != nil {
			// Numbers too large for a float are infinite here.
			if strings.Contains(err.Error(), "cannot unmarshal number") {
				return
			}
			t.Fatalf("%q is taken for an object: %v", data, err)
		}
		if err := json.Unmarshal([]byte(got), &have); err != nil {
			t.Fatalf("%q becomes %q: %v", data, got, err)
		}
		if !reflect.DeepEqual(have, want) && bytes.IndexByte(data, '\\') < 0 && json.Valid(data) && strings.ToValidUTF8(string(data), "") == string(data) {
			t.Fatalf("%q becomes %q", data, got)
		}
	})
}
