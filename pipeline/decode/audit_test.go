package decode

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Each file holds an audit event as a log or a webhook has it and, under "want",
// what must become of it.
func TestAudit(t *testing.T) {
	files, err := filepath.Glob("testdata/audit/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Event json.RawMessage
				Want  struct {
					Error event.RejectReason
					Audit event.Audit
					// Bodies is set if the bodies are those of the event.
					Bodies bool
				}
			}
			if err := yaml.UnmarshalStrict(data, &c); err != nil {
				t.Fatal(err)
			}
			var d AuditDecoder
			got, err := d.Decode(c.Event)
			var bad *Error
			if errors.As(err, &bad) != (c.Want.Error != "") || (bad != nil && bad.Reason != c.Want.Error) {
				t.Fatalf("error %v, want reason %q", err, c.Want.Error)
			}
			want := c.Want.Audit
			if c.Want.Bodies {
				var bodies struct{ RequestObject, ResponseObject json.RawMessage }
				if err := json.Unmarshal(c.Event, &bodies); err != nil {
					t.Fatal(err)
				}
				want.Request, want.Response = event.JSON(bodies.RequestObject), event.JSON(bodies.ResponseObject)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const minimal = `{"auditID":"a","stage":"Panic","stageTimestamp":"2026-11-21T02:28:54Z"`

func decodeAudit(t *testing.T, raw string) event.Audit {
	t.Helper()
	var d AuditDecoder
	a, err := d.Decode([]byte(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return a
}

func TestAuditText(t *testing.T) {
	for in, want := range map[string]string{
		`plain`:                "plain",
		`a\u0026b\/\"\\\n`:     "a&b/\"\\\n",
		`\ud83d\ude00`:         "\U0001F600",
		`\ud83d`:               "\uFFFD",
		`\ud83dx`:              "\uFFFDx",
		`\ude00\ud83d`:         "\uFFFD\uFFFD",
		"\xff":                 "\uFFFD",
		"ä\xc3":                "ä\uFFFD",
		"\xed\xa0\x80":         "\uFFFD",
		`\u0000`:               "\x00",
		strings.Repeat("ä", 9): strings.Repeat("ä", 9),
	} {
		if a := decodeAudit(t, minimal+`,"userAgent":"`+in+`"}`); a.UserAgent != want {
			t.Errorf("%q: got %q, want %q", in, a.UserAgent, want)
		}
	}
	// Keys are decoded, too, and what is not UTF-8 in a body does not stay.
	a := decodeAudit(t, minimal+`,"user\u0041gent":"x","annotations":{"\u0061":"b"},"requestObject":{"k`+"\xff"+`":1}}`)
	if a.UserAgent != "x" || len(a.Annotations) != 1 || a.Annotations[0].Key != "a" || a.Request != "{\"k\uFFFD\":1}" {
		t.Errorf("got %+v", a)
	}
}

func TestAuditLastOfRepeatedKeysWins(t *testing.T) {
	a := decodeAudit(t, minimal+`,"auditID":"b","verb":"get","verb":"list",
		"user":{"username":"x","uid":"u","groups":["a"],"extra":{"k":["v"]}},"user":{"username":"z","username":"y"},
		"impersonatedUser":{"username":"i"},"impersonatedUser":null,
		"sourceIPs":["1"],"sourceIPs":["2","3"],
		"objectRef":{"name":"o","apiGroup":"g"},"objectRef":{"resource":"r","apiVersion":"v1"},
		"responseStatus":{"code":1,"reason":"r"},"responseStatus":{"code":2},
		"requestObject":{},"requestObject":null,
		"annotations":{"x":"1"},"annotations":{"b":"1","a":"1","b":"2","authorization.k8s.io/decision":"allow","authorization.k8s.io/decision":"forbid"}}`)
	want := event.Audit{
		AuditID: "b", Stage: "Panic", Verb: "list", User: event.User{Name: "y"}, SourceIPs: []string{"2", "3"}, Code: 2,
		Object: event.ObjectRef{Resource: "r", APIVersion: "v1"}, Decision: "forbid",
		Annotations: []event.Annotation{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}},
		StageTime:   time.Date(2026, 11, 21, 2, 28, 54, 0, time.UTC),
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An event stays what it was while the decoder, and the memory that the event
// was read from, are used for the next one.
func TestAuditSharesNoMemory(t *testing.T) {
	line := []byte(minimal + `,"user":{"username":"alice","groups":["g\u0031","g2"],"extra":{"k":["v"]}},"sourceIPs":["10.0.0.1"],
		"annotations":{"k":"v","l":"w"},"requestObject":{"a":1}}`)
	var d AuditDecoder
	first, err := d.Decode(line)
	if err != nil {
		t.Fatal(err)
	}
	want := decodeAudit(t, string(line))
	for i := range line {
		if 'a' <= line[i] && line[i] <= 'z' {
			line[i] = 'x'
		}
	}
	_, _ = d.Decode(line)
	_, _ = d.Decode([]byte(minimal + `,"user":{"groups":["x","y","z"],"extra":{"p":["q"]}},"sourceIPs":["x"],"annotations":{"a":"b"}}`))
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// And lists do not reach into each other.
	first.User.Groups = append(first.User.Groups, "appended")
	if first.SourceIPs[0] != "10.0.0.1" || first.User.Extra[0].Values[0] != "v" {
		t.Errorf("got %+v", first)
	}
}
