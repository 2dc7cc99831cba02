package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

var secrets = event.ObjectRef{APIVersion: "v1", Resource: "secrets", Namespace: "n", Name: "x"}

// status returns the body in which API servers tell of a failure.
func status(tb testing.TB, message string) event.JSON {
	tb.Helper()
	b, err := json.Marshal(map[string]any{
		"kind": "Status", "message": message, "details": map[string]any{"causes": []any{map[string]any{"message": message}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return event.JSON(b)
}

// answered redacts the record of a request about an object that was answered
// by a message.
func answered(tb testing.TB, r *redact.Redactor, about event.ObjectRef, message string) redact.Redacted {
	tb.Helper()
	return r.Redact(event.Record{Type: event.TypeAudit, ID: "i", Object: &about, Audit: &event.Audit{
		Object: about, Message: message, Response: status(tb, message), Annotations: []event.Annotation{{Key: "k", Value: message}},
	}})
}

// TestMessagesAboutSecretsQuoteNothing has what validation, decoders and
// webhooks say of a Secret, and what they say of it without telling a value.
func TestMessagesAboutSecretsQuoteNothing(t *testing.T) {
	r := redact.New(redact.Options{Salt: salt})
	encoded := base64.StdEncoding.EncodeToString([]byte(canary))
	pair := `"p":"` + encoded + `"`
	for in, want := range map[string]string{
		`data: Invalid value: {` + pair + `}`:                                                 `data: Invalid value: [redacted]`,
		`data: Invalid value: [115,51]: bad`:                                                  `data: Invalid value: [redacted]: bad`,
		`Secret "x" is invalid: data[p]: Invalid value: "` + canary + `": too bad`:            `Secret "x" is invalid: data[p]: Invalid value: "[redacted]": too bad`,
		`data[p]: Invalid value: \"a\\\"` + canary + `\": too bad`:                            `data[p]: Invalid value: \"[redacted]\": too bad`,
		`data[p]: invalid Value:"` + canary + `": too bad`:                                    `data[p]: invalid Value:"[redacted]": too bad`,
		`data[p]: Invalid value: "` + canary:                                                  `data[p]: Invalid value: "[redacted]`,
		`data[p]: Invalid value: ` + canary + `: too bad`:                                     `data[p]: Invalid value: [redacted]`,
		`data[p]: Invalid value: map[string]interface {}{"p":[]uint8{0x73}}`:                  `data[p]: Invalid value: [redacted]`,
		`type: Unsupported value: "` + canary + `": supported values: "a", "b"`:               `type: Unsupported value: "[redacted]": supported values: "a", "b"`,
		`x: Duplicate value: "` + canary + `"`:                                                `x: Duplicate value: "[redacted]"`,
		`x: Not found: "` + canary + `"`:                                                      `x: Not found: "[redacted]"`,
		`[a: Invalid value: "` + canary + `": b, c: Invalid value: "` + canary + `": d]`:      `[a: Invalid value: "[redacted]": b, c: Invalid value: "[redacted]": d]`,
		`stringData.p: Invalid value: "integer": p in body must be of type string: ` + canary: `stringData.p: Invalid value: "integer": [redacted]`,
		`Secret in version "v1" cannot be handled as a Secret: error found in #10 byte of ...|` + pair + `|..., bigger context ...|` + pair + `,"q":"zz"|...`: `Secret in version "v1" cannot be handled as a Secret: error found in #10 byte of ...|[redacted]`,
		`error found in #10 byte of ...|` + encoded + `",|..., bigger context ...|` + encoded + `"}|...`:                                                      `error found in #10 byte of ...|[redacted]`,
		`cannot parse p": "` + encoded + `","q":"1"`:                            `cannot parse p": "[redacted]","q":"[redacted]"`,
		`cannot parse p\" : \"` + encoded + `\",\"q\":1`:                        `cannot parse p\" : \"[redacted]\",\"q\":1`,
		`cannot parse {'p': '` + canary + `'}`:                                  `cannot parse {'p': '[redacted]'}`,
		`cannot parse "p":"` + encoded:                                          `cannot parse "p":"[redacted]`,
		`admission webhook "w" denied the request: {` + pair + `}`:              `admission webhook "w" denied the request: [redacted]`,
		`admission webhook "w" denied the request: ["` + canary + `"], see [0]`: `admission webhook "w" denied the request: [redacted], see [0]`,
		`{` + pair + `}`:                                                  `[redacted]`,
		`"{\"p\":\"` + encoded + `\"}"`:                                   `"[redacted]"`,
		`bad: map[p:` + canary + `]`:                                      `bad: [redacted]`,
		`data[p]: Invalid value: "<secret contents redacted>": bad`:       "",
		`metadata.name: Required value: name or generateName is required`: "",
		`secrets "x" not found`:                                           "",
		`secrets "x" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "n"`: "",
		`Operation cannot be fulfilled on secrets "x": the object has been modified`:                               "",
		`json: cannot unmarshal number into Go struct field Secret.data of type map[string][]uint8`:                "",
		`illegal base64 data at input byte 4`:                                                                      "",
	} {
		if want == "" {
			want = in
		}
		for name, about := range map[string]event.ObjectRef{"secrets": secrets, "unknown": {}} {
			out := answered(t, r, about, in).Fields().Audit
			for place, got := range map[string]string{"message": out.Message, "response": string(out.Response), "annotation": out.Annotations[0].Value} {
				wanted := want
				switch place {
				case "response":
					wanted = string(status(t, want))
				case "annotation":
					if in[0] == '[' {
						continue // It has to be JSON.
					}
					if in[0] == '{' {
						wanted = in // JSON is taken for what it says.
						if name == "secrets" {
							continue
						}
					}
				}
				if canonical(t, place, got) != canonical(t, place, wanted) {
					t.Errorf("%s: %s of %q\n got %s\nwant %s", name, place, in, got, wanted)
				}
			}
		}
	}
}

func canonical(t *testing.T, place, s string) string {
	t.Helper()
	if place != "response" {
		return s
	}
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return fmt.Sprint(v)
}

// TestMessagesAboutOthersAreKept has the same words where no Secret is spoken
// of, and Secrets that are spoken of elsewhere.
func TestMessagesAboutOthersAreKept(t *testing.T) {
	r := redact.New(redact.Options{Salt: salt})
	pods := event.ObjectRef{APIVersion: "v1", Resource: "pods", Name: "x"}
	for in, kept := range map[string]bool{
		`Pod "x" is invalid: spec.containers[0].image: Invalid value: "` + canary + `": bad`:                           true,
		`spec.volumes[0].secret.secretName: Invalid value: "` + canary + `": bad`:                                      true,
		`webhook says "p":"` + canary + `"`:                                                                            true,
		`Secret "x" is invalid: data[p]: Invalid value: "` + canary + `": bad`:                                         false,
		`could not create: Secret \"x\" is invalid: data[p]: Invalid value: \"` + canary + `\": bad`:                   false,
		`secrets "x" is invalid: data: Invalid value: {"p":"` + canary + `"}`:                                          false,
		`Secret in version "v1" cannot be handled as a Secret: error found in #10 byte of ...|p":"` + canary + `"|...`: false,
	} {
		out := answered(t, r, pods, in).Fields().Audit
		for place, got := range map[string]string{"message": out.Message, "response": string(out.Response), "annotation": out.Annotations[0].Value} {
			if strings.Contains(got, canary) != kept {
				t.Errorf("%s: %s", place, got)
			}
		}
		ev := r.Redact(event.Record{Type: event.TypeEvent, ID: "i", Event: &event.Occurrence{Message: in}}).Fields().Event
		if strings.Contains(ev.Message, canary) != kept {
			t.Errorf("event: %s", ev.Message)
		}
	}
}

// FuzzMessageAboutSecret hides a value in the answer to a request for a Secret.
func FuzzMessageAboutSecret(f *testing.F) {
	for i := range uint64(64) {
		f.Add(i, `Secret "x" is invalid: `, ": too bad", byte(i))
	}
	r := redact.New(redact.Options{Salt: salt})
	f.Fuzz(func(t *testing.T, seed uint64, prefix, suffix string, quotings byte) {
		if len(prefix)+len(suffix) > 4096 || strings.ContainsAny(prefix, "\"'`\\") && !strings.HasPrefix(prefix, `Secret "x" is invalid: `) {
			t.Skip("a quote before may be the one that ends the value")
		}
		h := newHider(seed)
		value := h.quote(pick(h, h.value, base64.StdEncoding.EncodeToString([]byte(h.value))))
		message := pick(h,
			"Invalid value: "+pick(h, fmt.Sprintf("%q", h.value), value, h.object("p", value), "["+value+"]", fmt.Sprint(map[string]string{"p": h.canary})),
			"Duplicate value: "+value,
			"...|"+h.object("p", value)+"|...",
			h.quote("p")+h.space()+":"+h.space()+value,
			h.object("p", value),
			h.quote("Invalid value: "+value),
		)
		for range quotings % 3 {
			message = h.quote(message)
		}
		message = prefix + message + suffix
		about := pick(h, secrets, event.ObjectRef{})
		out := answered(t, r, about, message)
		form, err := encode.AppendJSON(nil, out)
		if err != nil {
			t.Fatal(err)
		}
		audit := out.Fields().Audit
		for place, text := range map[string]string{"message": audit.Message, "response": string(audit.Response), "record": string(form)} {
			if place == "record" && strings.HasPrefix(strings.TrimLeft(message, " \t\r\n"), "{") {
				continue // Its annotation is JSON, which says what it is.
			}
			if leaked := h.leak([]byte(text)); leaked != "" {
				t.Fatalf("leaks in the %s as %q\nfrom %q\n in %s", place, leaked, message, text)
			}
		}
	})
}
