package main

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/pipeline/config"
)

// loaded returns what options there are by the arguments.
func loaded(t *testing.T, accepted []config.Option, args ...string) (given, error) {
	t.Helper()
	cmd := &cobra.Command{Use: "run"}
	o := newOptions(streams{}, cmd, accepted)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return o.load()
}

// A flag outweighs -p, that outweighs the file, and the last of each the others.
func TestOptionsOutweigh(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "options.yaml", []byte("kube_namespace: a\ndb.sync: off\naudit_bodies: all\nkube_context: file\n"))
	g, err := loaded(t, config.Options(), "--kube-namespace=e", "--kube-namespace", "f",
		"-p", "kube_namespace=b", "-p", "KUBE_NAMESPACE = c", "-p", "db.sync=full", "-p", "kube_context=", "-c", "options.yaml", "--audit-insecure")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Map{"kube_namespace": "f", "db.sync": "full", "audit_bodies": "all", "kube_context": "", "audit_insecure": "on"}
	if diff := cmp.Diff(want, g.Map); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if want := map[string]string{"audit_bodies": "options.yaml: line 3"}; !maps.Equal(g.at, want) {
		t.Errorf("places %v, want %v", g.at, want)
	}
}

// A block of Fluent Bit is read as Fluent Bit reads it.
func TestBlock(t *testing.T) {
	const fluentBit = `
service: {flush: 1}
env:
  KEEP: full
  EMPTY: ""
includes: [more.yaml]
pipeline:
  inputs:
    - {name: cpu, tag: cpu, kube_nonsense: 1}
    - name: Live_Status
      tag: one.${WHERE}
      alias: first
      storage.type: filesystem
      processors: {logs: [{name: labels}]}
      db: ${HOME_OF_DB}/x.db
      db.sync: ${KEEP}
      kubeContext: ${EMPTY:-fallback}${MISSING}${UNCLOSED
      kube_namespace: [a, b]
      kube_token_ttl: 90
      kube_events: on
      kube_url:
    - name: live_status
      tag: two
      kube_namespace: &ns shop
      kube_label_selector: *ns
  outputs: [{name: stdout, match: "*"}]
`
	first := config.Map{
		"db": "/var/x.db", "db.sync": "full", "kube_context": "fallback${UNCLOSED", "kube_namespace": "a,b",
		"kube_token_ttl": "90", "kube_events": "on",
	}
	second := config.Map{"kube_namespace": "shop", "kube_label_selector": "shop"}
	for _, tt := range []struct {
		name, file string
		args       []string
		want       config.Map
		err        string
	}{
		{name: "by alias", file: fluentBit, args: []string{"--input=first"}, want: first},
		{name: "by tag with a variable", file: fluentBit, args: []string{"--input=one.here"}, want: first},
		{name: "by tag", file: fluentBit, args: []string{"--input=two"}, want: second},
		{name: "by number", file: fluentBit, args: []string{"--input=2"}, want: second},
		{name: "several", file: fluentBit, err: "has 2 inputs with the name live_status: choose by --input one of 1 (first), 2 (two)"},
		{name: "none of that name", file: fluentBit, args: []string{"--input=3"}, err: `--input "3": no input is called that`},
		{name: "two of that name", file: "- {name: live_status, tag: a}\n- {name: live_status, tag: a}", args: []string{"--input=a"}, err: `--input "a": 2 inputs are called that: choose by number one of 1 (a), 2 (a)`},
		{name: "list of inputs", file: "- name: live_status\n  db: x", want: config.Map{"db": "x"}},
		{name: "map", file: "name: live_status\ntag: x\nlog_level: debug\nnet.keepalive: on\ndb: x", want: config.Map{"db": "x"}},
		{name: "map without inputs", file: "db: x", args: []string{"--input=1"}, err: "has no inputs to choose from"},
		{name: "another input", file: "name: tail\npath: x", err: "line 1: is an input of another plugin"},
		{name: "no input", file: "pipeline:\n  inputs: [{name: cpu}]", err: "has no input with the name live_status"},
		{name: "input elsewhere", file: "includes: [x.yaml]\nservice: {}", err: "has no pipeline.inputs; included files are not read"},
		{name: "no list", file: "pipeline:\n  inputs: {name: live_status}", err: "line 2: pipeline.inputs is no list"},
		{name: "misspelt", file: "db: x\nkube_namspace: shop", err: `options.yaml: line 2: unknown key "kube_namspace": did you mean "kube_namespace"?`},
		{name: "unknown", file: "kube_nonsense: {a: 1}", err: `options.yaml: line 1: unknown key "kube_nonsense": docs/CONFIGURATION.md lists them`},
		{name: "all that is unknown", file: "a1: 1\nb1: 1", err: "\"a1\": docs/CONFIGURATION.md lists them\noptions.yaml: line 2: unknown key \"b1\""},
		{name: "of the output", file: "forward_to: stdout", err: "line 1: forward_to is of no use for run"},
		{name: "twice", file: "db: x\ndb.sync: off\ndb: y", err: `line 3: key "db" is there twice, first in line 1`},
		{name: "twice in both notations", file: "kube_context: x\nkubeContext: y", err: `line 2: key "kube_context" is there twice`},
		{name: "no text", file: "db: {path: x}", err: "line 1: db: is neither a text nor a list of texts"},
		{name: "no texts", file: "kube_namespace: [[a]]", err: "line 1: kube_namespace: is neither"},
		{name: "classic", file: "[INPUT]\n    Name live_status\n", err: "is in Fluent Bit's classic format"},
		{name: "no YAML", file: "a: b: c", err: "no valid YAML: "},
		{name: "text", file: "live_status", err: "is neither a Fluent Bit configuration nor a map of options"},
		{name: "empty", file: "# nothing\n", err: "is empty"},
		{name: "documents", file: "db: x\n---\ndb: y", err: "has more than one YAML document"},
		{name: "env", file: "env: [{name: A, value: b}, {name: C, uri: file:///x}]\npipeline: {inputs: [{name: live_status, db: '${A}'}]}", want: config.Map{"db": "b"}},
		{name: "env of another shape", file: "env: {A: [1]}\npipeline: {inputs: []}", err: "line 1: env: write NAME: value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("HOME_OF_DB", "/var")
			t.Setenv("WHERE", "here")
			write(t, "options.yaml", []byte(tt.file))
			g, err := loaded(t, config.Options(), append(tt.args, "-c", "options.yaml")...)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.HasPrefix(err.Error(), "options.yaml: ") {
					t.Errorf("%v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, g.Map); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A variable that is not set is told, by its name only.
func TestBlockVariables(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "options.yaml", []byte("tag: ${NOT_SET_AND_NOT_OURS}\ndb: a${LIVE_STATUS_NOT_SET}b\n"))
	g, err := loaded(t, config.Options(), "-c", "options.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"options.yaml: line 2: variable ${LIVE_STATUS_NOT_SET} is used but not set"}
	if diff := cmp.Diff(want, g.warnings); diff != "" || g.Map["db"] != "ab" {
		t.Errorf("db %q, -want +got:\n%s", g.Map["db"], diff)
	}
}

// The same block as the plugin's serves replay, which takes from it what it has a use
// for; what nothing has a use for is a mistake there, too.
func TestBlockOfReplay(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "options.yaml", []byte("name: live_status\ndb: x\nkube_url: https://y\ncluster_name: prod\naudit_bodies: all\n"))
	g, err := loaded(t, config.ReplayOptions(), "-c", "options.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Map{"cluster_name": "prod", "audit_bodies": "all"}, g.Map); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	write(t, "options.yaml", []byte("audit_body: all\n"))
	if _, err := loaded(t, config.ReplayOptions(), "-c", "options.yaml"); err == nil || !strings.Contains(err.Error(), `did you mean "audit_bodies"?`) {
		t.Errorf("%v", err)
	}
}

// What is wrong with a value is told with the place where it stands.
func TestExplain(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "options.yaml", []byte("kube_token_ttl: soon\ndb.sync: never\n"))
	g, err := loaded(t, config.Options(), "-c", "options.yaml", "-p", "db.sync=sometimes")
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Parse(g.Map)
	text := g.explain(err).Error()
	for _, want := range []string{`options.yaml: line 1: kube_token_ttl "soon": `, `db.sync "sometimes": `} {
		if !strings.Contains("\n"+text, "\n"+want) {
			t.Errorf("%s, want %s", text, want)
		}
	}
}

func FuzzBlock(f *testing.F) {
	f.Add([]byte("pipeline: {inputs: [{name: live_status, db: '${A:-b}'}]}"), "")
	f.Add([]byte("db: &a x\nkube_context: *a\n"), "1")
	f.Add([]byte("- name: live_status\n  tag: ${X}"), "${X}")
	f.Add([]byte("env: [{name: A}]\npipeline: ~\nincludes:"), "")
	f.Fuzz(func(t *testing.T, data []byte, input string) {
		b, err := parseBlock(data, input, func(string) (string, bool) { return "", false })
		if err != nil && len(b.entries) > 0 && err.Error() == "" {
			t.Error("an error without words")
		}
		for _, e := range b.entries {
			if e.key != strings.ToLower(e.key) || e.line < 1 {
				t.Errorf("entry %+v", e)
			}
		}
	})
}
