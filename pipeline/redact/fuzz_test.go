package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// FuzzRedact hides a Secret in a record, wrapped in what ops say, and looks for
// its value in what is encoded.
func FuzzRedact(f *testing.F) {
	for i := range uint64(64) {
		f.Add(i, []byte{byte(i), byte(i / 3), byte(i / 7)}, "failed: ", " (retry)", byte(i))
	}
	f.Add(uint64(7), []byte{2, 2, 2, 8, 8}, `{"kind":"ConfigMap",`, "}", byte(0))
	f.Add(uint64(8), []byte{}, "\"", "\\\"", byte(1))
	r := redact.New(redact.Options{Salt: salt})
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte, prefix, suffix string, where byte) {
		if len(ops) > 80 || len(prefix)+len(suffix) > 4096 {
			t.Skip("too large to be of use")
		}
		h := newHider(seed)
		text := h.wrap(ops, prefix, suffix)
		rec := placed(where, text)
		out, err := encode.AppendJSON(nil, r.Redact(rec))
		if err != nil {
			t.Fatal(err)
		}
		if form := h.leak(out); form != "" {
			t.Fatalf("leaks as %q\nfrom %s\n in %s", form, text, out)
		}
		var decoded any
		if err := json.Unmarshal(out, &decoded); err != nil {
			t.Fatal(err)
		}
		if form := h.leak([]byte(fmt.Sprint(decoded))); form != "" {
			t.Fatalf("leaks decoded as %q\nfrom %s\n in %s", form, text, out)
		}
	})
}

func placed(where byte, text string) event.Record {
	rec := event.Record{Type: event.TypeEvent, ID: "i", Event: &event.Occurrence{Count: 1}}
	switch where % 10 {
	case 0:
		rec.Event.Message = text
	case 1:
		rec.Event.Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": text}
	case 2:
		rec.Event.Annotations = map[string]string{"example.com/any": text}
	case 3:
		rec.Event.Labels = map[string]string{"l": text}
	case 4:
		rec.Object = &event.ObjectRef{Name: text}
		rec.Event.Related = event.ObjectRef{FieldPath: text}
	case 6:
		rec.Type, rec.Event = event.TypeDeployment, nil
		rec.Object = &event.ObjectRef{APIVersion: "v1", Kind: "Secret"}
		rec.Deployment = &event.Deployment{Phase: event.DeploymentFailed, Message: text, Source: text, Objects: []event.ObjectRef{{Name: text}}}
	case 7:
		rec.Owner = &event.ObjectRef{Name: text}
		rec.Application = &event.Application{Name: "a", Tool: event.ToolRules, Version: text, Via: event.Via{Rule: "r", Object: *rec.Owner}}
	case 8:
		rec.Type, rec.Event = event.TypeObjectStatus, nil
		rec.ObjectState = &event.ObjectState{Message: text, Evidence: event.Evidence{
			Condition:  &event.Condition{Message: text},
			Containers: []event.ContainerState{{Message: text}},
			Events:     []event.WarningFinding{{Message: text}},
		}, Drifts: []event.Drift{{Path: "metadata.annotations[a]", Live: event.JSON(text)}}}
	case 9:
		rec.Type, rec.Event = event.TypeApplicationStatus, nil
		rec.ApplicationState = &event.ApplicationState{
			Deciding:   []event.ObjectFinding{{Object: event.ObjectRef{Name: text}, Message: text}},
			Deployment: &event.Deployment{Message: text},
		}
	case 5:
		rec.Type, rec.Event = event.TypeMonitorStatus, nil
		rec.Monitor = &event.MonitorStatus{Instance: text, Sources: []event.SourceStatus{{Error: text}}}
	}
	return rec
}

// hider writes Secrets in every way in which one may be met.
type hider struct {
	*rand.Rand
	// canary is what must not come out; its length is a multiple of three, so
	// that its base64 begins that of every value that begins with it.
	canary string
	value  string
}

func newHider(seed uint64) *hider {
	h := &hider{Rand: rand.New(rand.NewPCG(seed, 1))}
	h.canary = fmt.Sprintf("cn%016x", h.Uint64())
	h.value = h.canary + pick(h, "", "x", `"`, `\`, "\n", "é", "{", "]")
	return h
}

func pick[T any](h *hider, of ...T) T { return of[h.IntN(len(of))] }

func (h *hider) leak(out []byte) string {
	return leak(out, h.canary)
}

// wrap applies ops to a Secret, one within the other.
func (h *hider) wrap(ops []byte, prefix, suffix string) string {
	var doc string
	if h.IntN(4) == 0 {
		doc = h.patch()
	} else {
		doc = h.secret()
	}
	for _, op := range ops {
		if len(doc) > 1<<16 {
			break // Each level of quoting may double it.
		}
		switch op % 8 {
		case 0:
			doc = h.object("apiVersion", h.quote("v1"), "kind", h.quote(pick(h, "List", "PodList")), "items", "["+doc+"]")
		case 1:
			doc = h.object("kind", h.quote(pick(h, "ConfigMap", "Pod")), "metadata",
				h.object("annotations", h.object("kubectl.kubernetes.io/last-applied-configuration", h.quote(doc))))
		case 2:
			doc = "[" + h.space() + h.quote(doc) + h.space() + "]"
		case 3:
			doc = "[" + h.object("op", `"add"`, "path", pick(h, `""`, `"/items/0"`), "value", doc) + "]"
		case 4:
			doc = h.object("kind", h.quote("ConfigMap"), "data", h.object("a.json", pick(h, doc, h.quote(doc))))
		case 5:
			doc = h.quote(doc)
		case 6:
			doc = h.object("object", doc, "oldObject", "null")
		case 7:
			return h.last(doc, prefix, suffix)
		}
	}
	return h.plainly(doc, prefix, suffix)
}

func (h *hider) plainly(doc, prefix, suffix string) string {
	if h.IntN(2) == 0 {
		return doc
	}
	return prefix + doc + suffix
}

// last cuts doc off behind the value, or writes it as YAML.
func (h *hider) last(doc, prefix, suffix string) string {
	if h.IntN(2) == 0 {
		if y, err := yaml.JSONToYAML([]byte(doc)); err == nil && strings.Contains(doc, "{") {
			return prefix + "\n" + string(y) + suffix
		}
	}
	for _, form := range []string{h.canary, base64.StdEncoding.EncodeToString([]byte(h.canary))} {
		if i := strings.Index(doc, form); i >= 0 {
			end := i + len(form)
			return prefix + doc[:end+h.IntN(len(doc)-end+1)]
		}
	}
	return h.plainly(doc, prefix, suffix)
}

func (h *hider) secret() string {
	key, value := "stringData", h.quote(h.value)
	if h.IntN(2) == 0 {
		key, value = "data", h.quote(base64.StdEncoding.EncodeToString([]byte(h.value)))
	}
	data := h.object("a", value)
	fields := []string{"apiVersion", h.quote("v1"), h.cased(key), data, h.cased("kind"), h.quote(h.cased("Secret"))}
	if h.IntN(3) == 0 {
		fields = append(fields, "kind", h.quote("ConfigMap"))
	}
	if h.IntN(3) == 0 {
		fields = append(fields, "metadata", h.object("name", h.quote("n"), "uid", `1.5e3`))
	}
	return h.object(fields...)
}

func (h *hider) patch() string {
	key := pick(h, "data", "stringData")
	if h.IntN(2) == 0 {
		return "[" + h.object("op", h.quote("replace"), "path", h.quote("/"+key+"/a"), "value", h.quote(h.value)) + "]"
	}
	return "[" + h.object("op", h.quote("add"), "path", h.quote("/"+key), "value", h.object("a", h.quote(h.value))) + "]"
}

// cased changes the letter case of s at times.
func (h *hider) cased(s string) string {
	return pick(h, s, s, strings.ToUpper(s), strings.ToLower(s))
}

// object writes keys and values, which are JSON, as an object.
func (h *hider) object(fields ...string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i < len(fields); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(h.space() + h.quote(fields[i]) + h.space() + ":" + h.space() + fields[i+1])
	}
	b.WriteByte('}')
	return b.String()
}

func (h *hider) space() string { return pick(h, "", "", "", " ", "\n  ") }

// quote writes s as a JSON string, at times with escapes that are not needed
// in short ones.
func (h *hider) quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	if len(s) > 12 || h.IntN(4) != 0 {
		return string(b)
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range s {
		switch {
		case c < 0x80 && h.IntN(2) == 0:
			fmt.Fprintf(&out, `\u%04x`, c)
		case c == '"' || c == '\\' || c < ' ':
			fmt.Fprintf(&out, `\u%04X`, c)
		default:
			out.WriteRune(c)
		}
	}
	out.WriteByte('"')
	return out.String()
}
