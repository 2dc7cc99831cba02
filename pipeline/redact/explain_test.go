package redact

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// givenValues are values that stay as they are.
type givenValues struct {
	set    *known.Set
	reason string
}

func (v givenValues) Current() (*known.Set, string) { return v.set, v.reason }

// compiled are the values of a test.
func compiled(t *testing.T, texts ...string) *known.Set {
	t.Helper()
	var values []known.Value
	for i, text := range texts {
		values = append(values, known.Value{Name: fmt.Sprintf("V%d", i), Text: text})
	}
	set, skipped := known.Compile(values, known.Options{MinLength: 6})
	if len(skipped) > 0 {
		t.Fatalf("skipped: %v", skipped)
	}
	return set
}

// quoteJSON writes s as a JSON string.
func quoteJSON(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFindingsTellTheirPlace has each rule, at the place at which it applies.
func TestFindingsTellTheirPlace(t *testing.T) {
	r := New(Options{Salt: testSalt, EnvNames: testEnvNames, Values: givenValues{set: compiled(t, "known-v4lue-of-a-test")}})
	applied := quoteJSON(t, `{"kind":"Secret","data":{"x":"czNjcjN0"},"more":{"note":"it is known-v4lue-of-a-test"}}`)
	for document, want := range map[string][]string{
		`{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":` + applied + `}}}`: {
			"known-value /metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration/more/note",
			"secret-data /metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration/data/x",
		},
		`{"kind":"Pod","a":[{"text":` + quoteJSON(t, `{"b":[1,`+quoteJSON(t, `{"password":"s3cr3t"}`)+`]}`) + `}]}`: {"credential-field /a/0/text/b/1/password"},
		`{"env":[{"name":"A","value":"b"},{"name":"ORDERS_DSN","value":"s3cr3t"}]}`:                                 {"env-name /env/1/value"},
		`{"env":{"A":"b","ORDERS_DSN":"s3cr3t"}}`:                                                                   {"env-name /env/ORDERS_DSN"},
		`{"spec":{"args":["a","--password","s3cr3t"]}}`:                                                             {"command-line /spec/args/2"},
		`[{"op":"add","path":"/data/x","value":"czNjcjN0"},{"op":"add","path":"/spec/apiKey","value":"s3cr3t"}]`:    {"credential-field /1/value", "secret-data /0/value"},
		`{"kind":"ConfigMap","data":{"release":"H4sIAAAA"}}`:                                                        {"helm-release /data/release"},
		`{"client-key-data":"s3cr3t","auths":{"r":{"auth":"dTpzM2NyM3Q="}}}`:                                        {"docker-config /auths/r/auth", "kubeconfig /client-key-data"},
		`{"a":{"known-v4lue-of-a-test":1}}`:                                                                         {"known-value /a/known-v4lue-of-a-test"},
		`{"a":{"b~/c":"known-v4lue-of-a-test"}}`:                                                                    {"known-value /a/b~0~1c"},
		`{"a":"Authorization: Basic czNjcjN0"}`:                                                                     {"credential-text /a"},
		`{"a":"b"}`:                                                                                                 nil,
	} {
		var got []string
		out, reason := r.Document(document, func(f Finding) { got = append(got, f.Rule+" "+f.Path) })
		slices.Sort(got)
		if !slices.Equal(got, want) || reason != "" {
			t.Errorf("%s\n got %q\nwant %q, %s", document, got, want, reason)
		}
		if want != nil && strings.Contains(out, "s3cr3t") || strings.Contains(out, "czNjcjN0") {
			t.Errorf("leaks: %s", out)
		}
	}
	if n := r.Counts().Found[RuleCommand]; n != 1 {
		t.Errorf("%d commands are counted", n)
	}
}

// TestWhatIsLateIsWithheld has a clock that runs while a record is examined.
func TestWhatIsLateIsWithheld(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time {
		now = now.Add(400 * time.Millisecond)
		return now
	}
	chunk := strings.Repeat("words ", clockEvery/6)
	var texts []string
	for range 6 {
		texts = append(texts, quoteJSON(t, chunk))
	}
	body := event.JSON(`{"kind":"ConfigMap","texts":[` + strings.Join(texts, ",") + `],"last":"short text"}`)
	rec := event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{Verb: "get", Request: body, UserAgent: "kubectl"}}
	for budget, late := range map[time.Duration]bool{time.Second: true, time.Minute: false, 0: false} {
		r := New(Options{Salt: testSalt, Budget: budget, Now: clock})
		out := r.Redact(rec).Fields()
		withheld := slices.ContainsFunc(out.Withheld, func(w event.Withheld) bool { return w.Reason == ReasonTooSlow })
		if withheld != late || (late == (out.Audit.Request == body)) {
			t.Errorf("%v: %d bytes, %v", budget, len(out.Audit.Request), out.Withheld)
		}
		if late && (strings.Contains(string(out.Audit.Request), "short text") || !json.Valid([]byte(out.Audit.Request))) {
			t.Errorf("%v: what came late is in %.200s", budget, out.Audit.Request)
		}
		if got := r.Counts().Withheld[ReasonTooSlow] > 0; got != late {
			t.Errorf("%v: counted %v", budget, r.Counts())
		}
	}
}

func TestConfiguredLimits(t *testing.T) {
	r := New(Options{Salt: testSalt, MaxBytes: 4 << 10, MaxDepth: 8})
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, c := range map[string]struct{ in, reason string }{
		"largest":        {`["` + strings.Repeat("x", 4<<10-4) + `"]`, ""},
		"too large":      {`["` + strings.Repeat("x", 4<<10-3) + `"]`, ReasonTooLarge},
		"deepest":        {deep(8), ""},
		"too deep":       {deep(9), ReasonTooDeep},
		"too deep in it": {`{"a":` + quoteJSON(t, "x "+deep(9)) + `}`, ReasonTooDeep},
	} {
		out, reason := r.Document(c.in, nil)
		if reason != c.reason || (reason == "" && out != c.in) {
			t.Errorf("%s: %.100s, %q", name, out, reason)
		}
	}
	unlimited := New(Options{Salt: testSalt, MaxDepth: 1000})
	if _, reason := unlimited.Document(deep(MaxBodyDepth+1), nil); reason != ReasonTooDeep {
		t.Errorf("the most is exceeded: %q", reason)
	}
}

// TestUnknownValuesWithholdPayloads has a set that does not hold all values, and
// none at all.
func TestUnknownValuesWithholdPayloads(t *testing.T) {
	const value, why = "known-v4lue-of-a-test", "values cannot be read"
	at := time.Unix(1_800_000_000, 0)
	object := event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web-" + value}
	rec := event.Record{
		Type: event.TypeEvent, ID: "event/u/1", Time: at, Cluster: "c", Object: &object, Owner: &event.ObjectRef{Kind: "ReplicaSet", Name: "web"},
		Application: &event.Application{Name: "web", Version: value},
		Event:       &event.Occurrence{Regarding: object, Message: "a message", Count: 3, LastTime: at},
	}
	for name, set := range map[string]*known.Set{"some": compiled(t, value), "none": nil} {
		r := New(Options{Salt: testSalt, Values: givenValues{set: set, reason: why}})
		out := r.Redact(rec).Fields()
		if out.Type != rec.Type || out.ID != rec.ID || !out.Time.Equal(at) || out.Event.Message != MarkWithheld || out.Event.Count != 3 {
			t.Errorf("%s: %+v %+v", name, out, out.Event)
		}
		if len(out.Withheld) != 1 || out.Withheld[0] != (event.Withheld{Reason: why}) || r.Counts().Withheld[why] != 1 {
			t.Errorf("%s: %v %v", name, out.Withheld, r.Counts())
		}
		if set == nil {
			if out.Object != nil || out.Cluster != MarkWithheld || out.Application != nil {
				t.Errorf("%s: %+v", name, out)
			}
			continue
		}
		if out.Object == nil || out.Object.Name != "web-[redacted:V0]" || out.Object.Kind != "Pod" || out.Cluster != "c" || out.Owner.Name != "web" || out.Application.Version != "[redacted:V0]" {
			t.Errorf("%s: %+v %+v", name, out.Object, out.Application)
		}
		if document, reason := r.Document(`{"a":"b"}`, nil); document != MarkWithheld || reason != why {
			t.Errorf("%s: document %s, %q", name, document, reason)
		}
	}
}

// TestKeysOfDriftsAreSearched has a value that is the key of what drifted.
func TestKeysOfDriftsAreSearched(t *testing.T) {
	r := New(Options{Salt: testSalt, Values: givenValues{set: compiled(t, "known-v4lue-of-a-test")}})
	out := r.Redact(event.Record{
		Type: event.TypeObjectStatus, ID: "i", Object: &event.ObjectRef{APIVersion: "v1", Kind: "ConfigMap", Name: "c"},
		ObjectState: &event.ObjectState{Drifts: []event.Drift{{
			Path: "data", Live: `{"known-v4lue-of-a-test":"b","DB_PASSWD":"s3cr3t"}`, Desired: `{"a":{"known-v4lue-of-a-test":1}}`,
		}}},
	}).Fields().ObjectState.Drifts[0]
	if out.Live != `{"[redacted:V0]":"b","DB_PASSWD":"[redacted]"}` || out.Desired != `{"a":{"[redacted:V0]":1}}` {
		t.Errorf("%s %s", out.Live, out.Desired)
	}
}

// TestSearchesThatAskCountNothing has values in a URI, of which each word is looked
// at by itself and in its line.
func TestSearchesThatAskCountNothing(t *testing.T) {
	r := New(Options{Salt: testSalt, Values: givenValues{set: compiled(t, "known-v4lue-of-a-test")}})
	const uri = "/api/v1/namespaces/a/pods/b/exec?command=echo&command="
	out := r.Redact(event.Record{Type: event.TypeAudit, Audit: &event.Audit{RequestURI: uri + "known-v4lue-of-a-test"}}).Fields()
	if out.Audit.RequestURI != uri+"[redacted:V0]" || r.Counts().Found[RuleKnown] != 1 {
		t.Errorf("%s, %v", out.Audit.RequestURI, r.Counts().Found)
	}
}
