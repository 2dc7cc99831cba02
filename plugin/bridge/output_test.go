package bridge

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"
)

// eventChunk is a chunk with one event, as Fluent Bit hands it over.
func eventChunk(t testing.TB, uid string) []byte {
	t.Helper()
	b := msgp.AppendArrayHeader(nil, 2)
	b = msgp.AppendArrayHeader(b, 2)
	b = append(b, 0xd7, 0, 0x65, 0, 0, 0, 0, 0, 0, 0)
	b = msgp.AppendMapHeader(b, 0)
	b, err := msgp.AppendIntf(b, map[string]any{
		"kind": "Event", "apiVersion": "v1", "reason": "Started", "type": "Normal", "lastTimestamp": "2026-11-21T10:00:00Z",
		"metadata":       map[string]any{"name": "web." + uid, "namespace": "shop", "uid": uid, "resourceVersion": "1"},
		"involvedObject": map[string]any{"kind": "Pod", "namespace": "shop", "name": "web"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func outputOptions(out string) Getter {
	return func(key string) string {
		return map[string]string{"forward_to": "file:" + out, "cluster_name": "c", "monitor_interval": "0"}[key]
	}
}

func TestOutputs(t *testing.T) {
	var outputs Outputs
	var stderr log
	dir := t.TempDir()
	var handles []Handle
	for _, name := range []string{"a", "b"} {
		bind := func(h Handle) bool { handles = append(handles, h); return true }
		if !outputs.Open(outputOptions(filepath.Join(dir, name)), bind, "test", &stderr) {
			t.Fatal(stderr.String())
		}
	}
	data := eventChunk(t, "u1")
	if got := outputs.Flush(handles[0], "kube", data); got != FlushOK {
		t.Errorf("got %d: %s", got, stderr.String())
	}
	clear(data) // The host frees what it handed over.
	if got := outputs.Flush(handles[1], "kube", append(eventChunk(t, "u2"), 0xc1)); got != FlushError {
		t.Errorf("got %d", got)
	}
	for i, want := range []int{1, 2} {
		b, err := os.ReadFile(filepath.Join(dir, string(rune('a'+i))))
		if err != nil || bytes.Count(b, []byte("\n")) != want {
			t.Errorf("got %s, %v", b, err)
		}
	}
	outputs.Close(handles[0])
	if got := outputs.Flush(handles[0], "kube", eventChunk(t, "u3")); got != FlushRetry {
		t.Errorf("a closed output: %d", got)
	}
	outputs.CloseAll()
	outputs.Close(handles[1])
	if !strings.Contains(stderr.String(), "[output:live_status:live_status.1]") {
		t.Errorf("got %s", stderr.String())
	}
}

func TestOutputMistakes(t *testing.T) {
	for name, tc := range map[string]struct {
		get  Getter
		bind bool
		say  string
	}{
		"nowhere to send to": {func(string) string { return "" }, true, "forward_to: is not set"},
		"no context":         {outputOptions(filepath.Join(t.TempDir(), "out")), false, "no Fluent Bit that this plugin knows"},
	} {
		t.Run(name, func(t *testing.T) {
			var outputs Outputs
			var stderr log
			if outputs.Open(tc.get, func(Handle) bool { return tc.bind }, "test", &stderr) || !strings.Contains(stderr.String(), tc.say) {
				t.Errorf("got %s", stderr.String())
			}
		})
	}
}
