package e2e

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A mistake in an output ends the start with a line that names it, and no value of a
// key that is not ours.
func TestOutputMistakesAbortTheStart(t *testing.T) {
	tests := map[string]struct {
		options map[string]string
		want    string
	}{
		"nowhere to send to": {map[string]string{"forward_to": ""}, "forward_to: is not set"},
		"unknown scheme":     {map[string]string{"forward_to": "gopher://127.0.0.1:70"}, "forward_to"},
		"password in a URL":  {map[string]string{"forward_to": "https://alice:s3cret@127.0.0.1:1/"}, "forward_to"},
		"misspelt key":       {map[string]string{"forward_too": "s3cret"}, `unknown key "forward_too": did you mean "forward_to"?`},
		"another's name":     {map[string]string{"dead_letters": "s3cret"}, `unknown key "dead_letters": did you mean "dead_letter_path"?`},
		"key of the input":   {map[string]string{"interval_sec": "1"}, `interval_sec`},
		"bad duration":       {map[string]string{"flush_timeout": "soon"}, `flush_timeout "soon"`},
		"unreadable file":    {map[string]string{"forward_to": "https://127.0.0.1:1/", "forward_token_file": "/does/not/exist"}, `forward_token_file "/does/not/exist"`},
		"foreign db":         {map[string]string{"db": outputPlugin}, outputPlugin},
		"no name":            {map[string]string{"cluster_name": ""}, "cluster_name: is not set"},
	}
	eachHost(t, func(t *testing.T, h host) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				l := newLoaded(t, h)
				l.output("out", "file:"+filepath.Join(l.dir, "records.jsonl"), 1)
				maps.Copy(l.outputs[0], tt.options)
				l.write(t)
				if code := l.start(t).wait(t, time.Minute); code == 0 {
					t.Error("exit code 0")
				}
				log := l.logged(t)
				found := false
				for line := range strings.Lines(log) {
					found = found || strings.Contains(line, "[error] [output:live_status:live_status.0]") && strings.Contains(line, tt.want)
				}
				if !found || strings.Contains(log, "s3cret") {
					t.Errorf("the log should say %q in one line, and no secret:\n%s", tt.want, withoutDebug(log))
				}
			})
		}
	})
	// What resembles none of ours is found by the plugin host, which sees all keys.
	t.Run("strange key", func(t *testing.T) {
		for _, key := range []string{"nothing_like_it", "mtach", "storage.type"} {
			l := newLoaded(t, host{name: "plugin-host"})
			l.output("out", "file:"+filepath.Join(l.dir, "records.jsonl"), 1)
			l.outputs[0][key] = "s3cret"
			l.write(t)
			code := l.start(t).wait(t, time.Minute)
			if log := l.logged(t); code != 1 || !strings.Contains(log, `unknown key "`+key+`" for output live_status (`+l.config()) || strings.Contains(log, "s3cret") {
				t.Errorf("%s: exit code %d\n%s", key, code, withoutDebug(log))
			}
		}
	})
}

func withoutDebug(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "[debug]") && !strings.HasPrefix(line, "gc ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
