package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// FuzzAuditBody hides a value in the body of an audit event, in each shape in
// which API servers are sent or send Secrets and tokens, wrapped in what ops
// say, and looks for it in what is encoded.
func FuzzAuditBody(f *testing.F) {
	for i := range uint64(96) {
		f.Add(i, []byte{byte(i / 3), byte(i / 7)}, i%2 == 0, uint16(0))
	}
	f.Add(uint64(1), []byte{4, 4, 1, 4}, true, uint16(40))
	r := redact.New(redact.Options{Salt: salt})
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte, response bool, cut uint16) {
		if len(ops) > 70 {
			t.Skip("too large to be of use")
		}
		h := newHider(seed)
		object, body := h.body(ops)
		if cut > 0 {
			body = body[:int(cut)%len(body)]
		}
		rec := event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{Object: object}}
		if h.IntN(2) == 0 {
			rec.Object = &object
		}
		if response {
			rec.Audit.Response = event.JSON(body)
		} else {
			rec.Audit.Request = event.JSON(body)
		}
		out := r.Redact(rec)
		inJSON, err := encode.AppendJSON(nil, out)
		if err != nil {
			t.Fatalf("%v\nof %s", err, body)
		}
		inMsgpack, err := encode.AppendMsgpack(nil, out)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(inJSON, &decoded); err != nil {
			t.Fatal(err)
		}
		for name, form := range map[string][]byte{"JSON": inJSON, "msgpack": inMsgpack, "text": []byte(fmt.Sprint(decoded))} {
			if leaked := h.leak(form); leaked != "" {
				t.Fatalf("leaks in %s as %q\nfor %+v\nfrom %s\nin %s", name, leaked, object, body, inJSON)
			}
		}
	})
}

// FuzzRequestURI hides a credential in the query of a request.
func FuzzRequestURI(f *testing.F) {
	for i := range uint64(64) {
		f.Add(i, "/api/v1/namespaces/n/pods/p/exec", "a=b", "stdin=true")
	}
	r := redact.New(redact.Options{Salt: salt})
	f.Fuzz(func(t *testing.T, seed uint64, path, before, after string) {
		if strings.ContainsAny(path+before+after, "\"'`") || len(path)+len(before) > 4096 {
			t.Skip("a quote may end the value before its end")
		}
		h := newHider(seed)
		param := pick(h,
			h.escape(h.cased(pick(h, "token", "access_token", "PASSWORD", "authorization")))+"="+h.escape(h.canary),
			"command="+h.escape(pick(h, "--token=", "--password=", "export X_TOKEN=", "password: ", "Authorization: Basic ")+h.canary),
			"q="+h.escape(h.secret()), h.escape(h.secret()),
			"u="+h.escape("http://u:"+h.canary+"@host/"),
			h.escape(pick(h, "a&", "a=b&", "a;", "http://host/?", "http://host/#", "run --")+pick(h, "token=", "api_token=", "PASSWORD=")+h.canary),
		)
		uri := path + "?" + before + pick(h, "&", ";", "#") + param + "&" + after
		out := r.Redact(event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{RequestURI: uri}}).Fields().Audit.RequestURI
		plain := out
		for range 4 {
			if form := h.leak([]byte(plain)); form != "" {
				t.Fatalf("leaks as %q\nfrom %q\n in %q", form, uri, out)
			}
			if decoded, err := url.QueryUnescape(plain); err == nil {
				plain = decoded
			}
		}
	})
}

// escape percent-encodes s, once to three times, and in full or where it must.
func (h *hider) escape(s string) string {
	for range 1 + h.IntN(3) {
		if h.IntN(2) == 0 {
			s = url.QueryEscape(s)
			continue
		}
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
		s = b.String()
	}
	return s
}

// body returns a body and what it is about.
func (h *hider) body(ops []byte) (event.ObjectRef, string) {
	secrets := event.ObjectRef{
		APIVersion: pick(h, "v1", "", "example.com/v1"), Resource: h.cased("secrets"), Subresource: pick(h, "", "", "status"), Name: "n",
	}
	other := pick(h, event.ObjectRef{}, event.ObjectRef{APIVersion: "example.com/v1", Resource: "widgets"},
		event.ObjectRef{APIVersion: "v1", Resource: "configmaps", Subresource: "status"})
	configMap := event.ObjectRef{APIVersion: "v1", Resource: "configmaps", Name: "n"}
	value, encoded := h.quote(h.value), h.quote(base64.StdEncoding.EncodeToString([]byte(h.value)))
	data := pick(h, h.object(h.cased("data"), h.object("a", encoded)), h.object(h.cased("stringData"), h.object("a", value)),
		h.object("data", h.object("$patch", `"replace"`, "a", encoded), "$retainKeys", `["data"]`))
	token := h.object("kind", h.quote(pick(h, "TokenRequest", "TokenReview")), pick(h, "spec", "status"), h.object(h.cased("token"), value))
	switch h.IntN(8) {
	case 0: // What is sent to secrets is a Secret's, whatever surrounds it.
		return secrets, h.enclose(data, ops)
	case 1:
		return secrets, h.enclose(h.patch(), ops)
	case 2: // A Secret may come anywhere, under its kind.
		return pick(h, secrets, other, configMap), h.enclose(h.secret(), ops)
	case 3:
		return pick(h, secrets, other, configMap), h.enclose(token, ops)
	case 4: // Without a kind it may be anything that has no other.
		return other, pick(h, data, "["+data+"]", h.object("object", data, "oldObject", data), h.object("items", "["+data+"]"))
	case 5:
		return other, h.patch()
	case 6:
		applied := h.object("kubectl.kubernetes.io/last-applied-configuration", h.quote(pick(h, data, h.secret())))
		return pick(h, secrets, other, configMap), h.enclose(h.object("kind", `"ConfigMap"`, "metadata", h.object("annotations", applied)), ops)
	default:
		bootstrap := h.object("kind", `"Secret"`, "type", `"bootstrap.kubernetes.io/token"`, "data", h.object("token-secret", encoded))
		return pick(h, secrets, other), h.enclose(bootstrap, ops)
	}
}

// enclose puts doc into objects and lists, as ops say.
func (h *hider) enclose(doc string, ops []byte) string {
	for _, op := range ops {
		if len(doc) > 1<<13 {
			break // Each level of quoting may double it.
		}
		switch op % 6 {
		case 0:
			doc = h.object("kind", h.quote(pick(h, "List", "SecretList", "ConfigMapList")), "items", "["+doc+","+doc+"]")
		case 1:
			doc = h.object("kind", `"Table"`, "rows", "["+h.object("cells", `["n",1]`, "object", doc)+"]")
		case 2:
			doc = h.object("object", doc, "oldObject", pick(h, "null", doc))
		case 3:
			doc = "[" + h.object("op", `"add"`, "path", pick(h, `""`, `"/x"`), "value", doc) + "]"
		case 4:
			doc = h.object("kind", `"ConfigMap"`, "metadata",
				h.object("annotations", h.object("kubectl.kubernetes.io/last-applied-configuration", h.quote(doc))))
		case 5:
			doc = h.object("kind", `"Status"`, "message", h.quote("cannot handle "+doc), "details", h.object("causes", "["+doc+"]"))
		}
	}
	return doc
}
