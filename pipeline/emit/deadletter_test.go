package emit

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

// lettersIn returns the lines of a file of dead letters.
func lettersIn(tb testing.TB, path string) []map[string]any {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var out []map[string]any
	for line := range bytes.Lines(data) {
		var letter map[string]any
		if err := json.Unmarshal(line, &letter); err != nil || !bytes.HasSuffix(line, []byte("\n")) {
			tb.Fatalf("no line of JSON: %q: %v", line, err)
		}
		out = append(out, letter)
	}
	return out
}

func openLetters(tb testing.TB, path string) *DeadLetters {
	tb.Helper()
	d, err := OpenDeadLetters(path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Error(err)
		}
	})
	return d
}

// otlpRecord returns the record {"id":"o","pad":"..."} as a log record.
func otlpRecord(tb testing.TB) []byte {
	tb.Helper()
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	data, err := proto.Marshal(&logspb.LogRecord{
		TimeUnixNano: 1,
		Body: &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{
			Values: []*commonpb.KeyValue{{Key: "id", Value: text("o-0")}, {Key: "pad", Value: text("")}},
		}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestDeadLettersAreJSONWhateverTheFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	d := openLetters(t, path)
	at := time.Date(2026, 11, 21, 12, 0, 0, 5, time.FixedZone("there", 3600))
	letter := func(format Format, record []byte) DeadLetter {
		return DeadLetter{Time: at, To: "http://host", Reason: "400 \"no\"\n\xff", ID: "an-id", Format: format, Record: record}
	}
	if err := d.Write(
		letter(FormatJSON, batchOf(t, FormatJSON, specs("j", 1, 0)).Data),
		letter(FormatForward, batchOf(t, FormatForward, specs("f", 1, 0)).Data),
		letter(FormatOTLP, otlpRecord(t)),
	); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(letter(FormatJSON, []byte("{\"a\":\n[ 1]}\n")), letter(FormatForward, []byte("not msgpack")), letter("", nil)); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteUnread(UnreadChunk{Time: at, Reason: "truncated", Tag: "kube.audit", Bytes: 12345678901, Hash: "abc"}); err != nil {
		t.Fatal(err)
	}
	var want []map[string]any
	add := func(format string, more map[string]any) {
		line := map[string]any{"time": "2026-11-21T11:00:00.000000005Z", "to": "http://host", "reason": "400 \"no\"\n\ufffd", "id": "an-id", "format": format}
		maps.Copy(line, more)
		want = append(want, line)
	}
	add("jsonl", map[string]any{"record": map[string]any{"id": "j-0", "pad": ""}})
	add("forward", map[string]any{"record": map[string]any{"id": "f-0", "pad": ""}})
	add("otlp", map[string]any{"record": map[string]any{"id": "o-0", "pad": ""}})
	add("jsonl", map[string]any{"record": map[string]any{"a": []any{1.}}})
	add("forward", map[string]any{"record": nil, "raw": "bm90IG1zZ3BhY2s="})
	add("", map[string]any{"record": nil, "raw": nil})
	want = append(want, map[string]any{
		"time": "2026-11-21T11:00:00.000000005Z", "to": "", "reason": "truncated", "tag": "kube.audit", "bytes": 12345678901., "hash": "abc",
	})
	if diff := cmp.Diff(want, lettersIn(t, path)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestDeadLettersAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	letter := DeadLetter{ID: "i", Format: FormatJSON, Record: []byte("{}\n")}
	if err := os.WriteFile(path, []byte("{\"id\":\"before\"}\n{\"id\":\"hal"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := openLetters(t, path)
	const writers, each = 8, 10
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for range each {
				if err := d.Write(letter); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if got := lettersIn(t, path); len(got) != 1+writers*each || got[0]["id"] != "before" {
		t.Errorf("%d letters, first %v", len(got), got[0])
	}
	if err := errors.Join(os.Rename(path, path+".old"), d.Write(letter)); err != nil {
		t.Fatal(err)
	}
	if got := lettersIn(t, path); len(got) != 1 {
		t.Errorf("after somebody renamed the file: %v", got)
	}
}

func TestDeadLettersAreRefused(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"", dir, filepath.Join(dir, "none", "dead"), "/dev/full"} {
		if _, err := OpenDeadLetters(path, nil); err == nil || !strings.Contains(err.Error(), "dead_letter_path") {
			t.Errorf("%q: %v", path, err)
		}
	}
}
