package known_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

func TestSkipped(t *testing.T) {
	set, skipped := known.Compile([]known.Value{
		{Name: "z-again", Text: "a-good-value"},
		{Name: "good", Text: "\n a-good-value \r\n"},
		{Name: "short", Text: "12345\n"},
		{Name: "empty", Text: "\n"},
		{Name: "stop", Text: "Kube-System"},
		{Name: "own-stop", Text: "PostGres"},
		{Name: "mark", Text: "redacted"},
		{Name: "mark-2", Text: "hmac-sha256"},
		{Name: "document", Text: `{"password":"abc"}`},
	}, known.Options{Stop: []string{"postgres"}})
	want := []known.Skipped{
		{Name: "document", Reason: "a secret in it: 3 bytes, shorter than 6"},
		{Name: "empty", Reason: "empty"},
		{Name: "mark", Reason: "part of the marks that replace values"},
		{Name: "mark-2", Reason: "part of the marks that replace values"},
		{Name: "own-stop", Reason: "in the stop list"},
		{Name: "short", Reason: "5 bytes, shorter than 6"},
		{Name: "stop", Reason: "in the stop list"},
	}
	if d := cmp.Diff(want, skipped); d != "" {
		t.Error(d)
	}
	if out, _ := set.Replace("a-good-value", nil); out != "[redacted:good]" || set.Len() != 2 {
		t.Errorf("%q, %d values", out, set.Len())
	}
}

func TestTooManyValues(t *testing.T) {
	values := make([]known.Value, known.MaxValues+2)
	for i := range values {
		values[i] = known.Value{Name: fmt.Sprintf("name-%05d", i), Text: fmt.Sprintf("value %08d", i)}
	}
	set, skipped := known.Compile(values, known.Options{})
	if set.Len() != known.MaxValues || len(skipped) != 2 || skipped[1].Name != "name-60001" {
		t.Errorf("%d values, %v", set.Len(), skipped)
	}
}

func TestTooLongValue(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", known.MaxValue/16) + "more"
	set, skipped := known.Compile([]known.Value{{Name: "long", Text: long}}, known.Options{})
	want := []known.Skipped{{Name: "long", Reason: "only its first MiB is looked for"}}
	if d := cmp.Diff(want, skipped); d != "" || set.Len() != 1 {
		t.Errorf("%d values: %s", set.Len(), d)
	}
	if out, ok := set.Replace("<"+long[:known.MaxValue]+">", nil); !ok || out != "<[redacted:long]>" {
		t.Errorf("%v: %.60q", ok, out)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"ns/secret/key.pem", "[redacted:ns/secret/key.pem]"},
		{`a"b\c<d> é]`, "[redacted:a_b_c_d___" + "__]"},
		{strings.Repeat("n", 200), "[redacted:" + strings.Repeat("n", 128) + "]"},
		{"the-value-is-hunter22", "[redacted:value-1]"},
		{"in hex " + "68756e746572" + "3232", "[redacted:value-1]"},
		{"", "[redacted:value-1]"},
	} {
		set := compile(t, known.Options{}, c.name, "hunter22")
		if out, ok := set.Replace("hunter22", nil); !ok || out != c.want {
			t.Errorf("%q: %q, want %q", c.name, out, c.want)
		}
	}
	set := compile(t, known.Options{}, "a", "value-1", "b", "secret-b-is-value-1")
	if out, ok := set.Replace("value-1", nil); !ok || set.Contains(out) {
		t.Errorf("%q", out)
	}
}

func TestDocuments(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("robot:pa55-of-robot"))
	set := compile(t, known.Options{},
		"gcp", `{"type":"service_account","project_id":"my-project-1","private_key_id":"0123456789","private_key":"-----BEGIN Y-----\nMIIabc+/def\n-----END Y-----\n"}`,
		"docker", `{"auths":{"registry.example":{"username":"robot-name","auth":"`+auth+`"}}}`,
		"list", `{"apiKeys":["first-key-0","second-key-0"]}`,
	)
	for text, want := range map[string]string{
		"my-project-1 0123456789 robot-name":                  "my-project-1 0123456789 robot-name",
		`"-----BEGIN Y-----\nMIIabc+/def\n-----END Y-----\n"`: `"[redacted:gcp]\n"`,
		"Basic " + auth: "Basic [redacted:docker]",
		"pa55-of-robot": "[redacted:docker]",
		"second-key-0":  "[redacted:list]",
	} {
		if out, ok := set.Replace(text, nil); !ok || out != want {
			t.Errorf("%q becomes %q, want %q", text, out, want)
		}
	}
}
