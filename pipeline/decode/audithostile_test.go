package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestAuditNotJSON(t *testing.T) {
	for _, raw := range []string{
		"", " ", "\n", "null", "5", `"text"`, "[]", "{", "}", `{"auditID"`, `{"auditID":`, `{"auditID":"canary`, `{"auditID":"canary"`,
		minimal, minimal + ",}", minimal + "}}", minimal + "} canary", minimal + "}{}", minimal + "}\x00", minimal + `,"x":canary}`,
		minimal + `,"x":01}`, minimal + `,"x":1.}`, minimal + `,"x":"\q"}`, minimal + `,"x":"\u12"}`, minimal + ",\"x\":\"\n\"}",
		minimal + ",\"verb\":\"\x1f\"}", minimal + `,"user":{"username"}}`, minimal + `,"user":{"username":"a",}}`,
		minimal + `,"sourceIPs":["a",]}`, minimal + `,"sourceIPs":["a" "b"]}`, minimal + `,"sourceIPs":["a"`, minimal + `,"requestObject":{"a":}}`,
		minimal + `,"requestObject":}`, minimal + `,"verb":tru}`, "\xef\xbb\xbf" + minimal + "}", minimal + `,verb:"a"}`, minimal + `;"verb":"a"}`,
		minimal + `,"annotations":{"a":"b"`, minimal + `,"responseStatus":{"code":-}}`,
	} {
		var d AuditDecoder
		_, err := d.Decode([]byte(raw))
		var bad *Error
		if !errors.As(err, &bad) || bad.Reason != event.RejectNotJSON {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: the error quotes it: %v", raw, err)
		}
	}
	if a := decodeAudit(t, " \r\n\t"+minimal+" , \"verb\" : \"get\" } \r\n"); a.Verb != "get" {
		t.Errorf("got %+v", a)
	}
}

func TestAuditErrorsQuoteNothing(t *testing.T) {
	for _, raw := range []string{
		`{"kind":"canary"}`, `{"apiVersion":"canary"}`, `{"verb":"canary"}`, `{"auditID":"canary"}`,
		`{"auditID":"canary","stage":"canary","stageTimestamp":"canary"}`,
	} {
		var d AuditDecoder
		if _, err := d.Decode([]byte(raw)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// However deep a line nests, it takes neither the stack nor more memory than a
// small multiple of its size.
func TestAuditDeepNesting(t *testing.T) {
	for _, n := range []int{1000, 9000, 100_000, 1_000_000} {
		for name, raw := range map[string]string{
			"bare":    strings.Repeat("[", n),
			"arrays":  minimal + `,"requestObject":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}",
			"objects": minimal + `,"requestObject":` + strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) + "}",
			"known":   minimal + strings.Repeat(`,"user":{"extra":{"a":[`, n),
			"unknown": minimal + `,"x":` + strings.Repeat(`[{"a":`, n) + "1" + strings.Repeat("}]", n) + "}",
			"events":  strings.Repeat(minimal+`,"requestObject":`, n/100) + "1" + strings.Repeat("}", n/100),
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var d AuditDecoder
			_, err := d.Decode([]byte(raw))
			runtime.ReadMemStats(&after)
			bad, ok := errors.AsType[*Error](err)
			if err != nil && (!ok || bad.Reason != event.RejectNotJSON) {
				t.Errorf("%d %s: %v", n, name, err)
			}
			if used, most := after.TotalAlloc-before.TotalAlloc, uint64(20*len(raw)+64<<20); used > most {
				t.Errorf("%d %s: %d bytes were allocated for %d", n, name, used, len(raw))
			}
			if ok := err == nil; n == 1000 && name != "bare" && name != "known" && !ok {
				t.Errorf("%d %s: %v", n, name, err)
			}
		}
	}
}

// Cut off anywhere an event is no JSON; with any bit flipped it may be one, but
// only if encoding/json agrees.
func TestAuditDamagedLines(t *testing.T) {
	line := []byte(minimal + `,"verb":"pa\u0074ch","user":{"username":"a","groups":["g"],"extra":{"k":["v"]}},"objectRef":{"name":"n","apiVersion":"v1"},` +
		`"responseStatus":{"code":200},"requestObject":{"a":[1.5e3,true,null]},"annotations":{"k":"v"}}`)
	var d AuditDecoder
	for n := range line {
		if _, err := d.Decode(line[:n]); err == nil {
			t.Fatalf("cut off after %d bytes: no error", n)
		}
	}
	for n := range 8 * len(line) {
		damaged := []byte(string(line))
		damaged[n/8] ^= 1 << (n % 8)
		_, err := d.Decode(damaged)
		bad, _ := errors.AsType[*Error](err)
		if notJSON := bad != nil && bad.Reason == event.RejectNotJSON; notJSON == json.Valid(damaged) {
			t.Fatalf("bit %d flipped: %v, of %q", n, err, damaged)
		}
	}
	if _, err := d.Decode(line); err != nil {
		t.Errorf("the whole line: %v", err)
	}
}

// A line of many small values takes memory for them once, and keeps none of it.
func TestAuditManyValues(t *testing.T) {
	var d AuditDecoder
	for _, field := range []string{`"sourceIPs":[%s""]`, `"user":{"groups":[%s""]}`, `"x":[%s""]`} {
		a, err := d.Decode([]byte(minimal + "," + fmt.Sprintf(field, strings.Repeat(`"",`, 1<<20)) + "}"))
		if err != nil {
			t.Fatal(err)
		}
		_ = a
		if cap(d.words) > keptScratch || d.text != "" || d.raw != nil {
			t.Errorf("%s: %d words are kept", field, cap(d.words))
		}
	}
}

func FuzzAudit(f *testing.F) {
	for _, items := range auditCorpus(f) {
		for i := 0; i < len(items); i += 500 {
			f.Add(items[i])
		}
	}
	f.Add([]byte(minimal + "}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d AuditDecoder
		a, err := d.Decode(raw)
		bad, ok := errors.AsType[*Error](err)
		if err != nil && !ok {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if !json.Valid(raw) && (bad == nil || bad.Reason != event.RejectNotJSON) {
			t.Fatalf("%q is no JSON: %v", raw, err)
		}
		if err != nil {
			return
		}
		if a.AuditID == "" || a.Stage == "" || (a.StageTime.IsZero() && a.ReceivedTime.IsZero()) {
			t.Fatalf("incomplete: %+v", a)
		}
		for _, body := range []event.JSON{a.Request, a.Response} {
			if body != "" && !json.Valid([]byte(body)) {
				t.Fatalf("the body is no JSON: %q", body)
			}
		}
		if s := fmt.Sprintf("%v", a); strings.ToValidUTF8(s, "") != s {
			t.Fatalf("not UTF-8: %q", s)
		}
		for i := 1; i < len(a.Annotations); i++ {
			if a.Annotations[i-1].Key >= a.Annotations[i].Key {
				t.Fatalf("annotations are not in order: %q", a.Annotations)
			}
		}
		again, err := d.Decode(raw)
		if err != nil || !reflect.DeepEqual(again, a) {
			t.Fatalf("decoded again: %v, %+v", err, again)
		}
	})
}
