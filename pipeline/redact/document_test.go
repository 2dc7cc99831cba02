package redact_test

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact"
)

// What an audit event quotes is redacted by what its request was for.
func TestDocumentOfAuditEvent(t *testing.T) {
	r := redact.New(redact.Options{Salt: []byte(strings.Repeat("s", redact.MinSalt))})
	event := func(ref, rest string) string {
		return `{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","objectRef":` + ref + `,` + rest + `}`
	}
	const secrets = `{"resource":"secrets","namespace":"shop","name":"db","apiVersion":"v1"}`
	for name, tt := range map[string]struct {
		document string
		kept     bool
	}{
		"merge patch of a secret":         {event(secrets, `"requestObject":{"data":{"user":"aHVudGVyMg=="}}`), false},
		"JSON patch of a secret":          {event(secrets, `"requestObject":[{"op":"add","path":"/data/user","value":"aHVudGVyMg=="}]`), false},
		"another kind in it":              {event(secrets, `"responseObject":{"kind":"ConfigMap","data":{"user":"aHVudGVyMg=="}}`), false},
		"list without kinds":              {event(secrets, `"responseObject":{"items":[{"data":{"user":"aHVudGVyMg=="}}]}`), false},
		"message about a secret":          {event(secrets, `"responseStatus":{"message":"data.user: Invalid value: \"aHVudGVyMg==\""}`), false},
		"annotation about a secret":       {event(secrets, `"annotations":{"x":"data.user: Invalid value: \"aHVudGVyMg==\""}`), false},
		"named twice":                     {event(`{"resource":"configmaps","resource":"secrets","apiVersion":"v1"}`, `"requestObject":{"kind":"ConfigMap","data":{"user":"aHVudGVyMg=="}}`), false},
		"named behind":                    {`{"requestObject":{"kind":"ConfigMap","data":{"user":"aHVudGVyMg=="}},"objectRef":` + secrets + `}`, false},
		"letter case":                     {event(`{"Resource":"SECRETS"}`, `"requestObject":{"kind":"ConfigMap","data":{"user":"aHVudGVyMg=="}}`), false},
		"an unknown object":               {event(`{}`, `"requestObject":{"data":{"user":"aHVudGVyMg=="}}`), false},
		"no object":                       {event(`null`, `"responseStatus":{"message":"data.user: Invalid value: \"aHVudGVyMg==\""}`), false},
		"two objects":                     {event(`{"resource":"configmaps","apiVersion":"v1"},"objectRef":{}`, `"requestObject":{"data":{"user":"aHVudGVyMg=="}}`), false},
		"in a list of events":             {`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + event(secrets, `"requestObject":{"kind":"X","data":{"user":"aHVudGVyMg=="}}`) + `]}`, false},
		"patch of another kind":           {event(`{"resource":"widgets","apiGroup":"a.b","apiVersion":"v1"}`, `"requestObject":{"data":{"user":"aHVudGVyMg=="}}`), false},
		"patch of a configmap":            {event(`{"resource":"configmaps","apiVersion":"v1"}`, `"requestObject":{"data":{"user":"aHVudGVyMg=="}}`), true},
		"secret in a request for another": {event(`{"resource":"configmaps","apiVersion":"v1"}`, `"responseObject":{"kind":"Secret","data":{"user":"aHVudGVyMg=="}}`), false},
		"group of its own":                {event(`{"resource":"configmaps","apiGroup":"a.b","apiVersion":"v1"}`, `"requestObject":{"data":{"user":"aHVudGVyMg=="}}`), false},
		"object of another kind":          {event(`{"resource":"configmaps","apiVersion":"v1"}`, `"requestObject":{"kind":"ConfigMap","data":{"user":"aHVudGVyMg=="}}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			var paths []string
			out, reason := r.Document(tt.document, func(f redact.Finding) { paths = append(paths, f.Path) })
			if reason != "" || strings.Contains(out, "aHVudGVyMg==") != tt.kept {
				t.Errorf("%s, %q", out, reason)
			}
			if tt.kept != (len(paths) == 0) {
				t.Errorf("found at %q", paths)
			}
			if again, _ := r.Document(out, nil); again != out && !strings.Contains(out, redact.MarkHash) {
				t.Errorf("once more: %s", again)
			}
		})
	}
}
