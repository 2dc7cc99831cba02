package fluentbit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Objects as they come, in short.
const (
	podEvent    = `{"kind":"Event","apiVersion":"v1","metadata":{"uid":"1"},"involvedObject":{"name":"p"}}`
	newEvent    = `{"kind":"Event","apiVersion":"events.k8s.io/v1","metadata":{"uid":"1"},"regarding":{"name":"p"}}`
	bareEvent   = `{"metadata":{"uid":"1"},"involvedObject":{"name":"p"}}`
	oldEvent    = `{"kind":"Event","apiVersion":"events.k8s.io/v1beta1","metadata":{"uid":"1"},"regarding":{"name":"p"}}`
	audit       = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"Panic","requestReceivedTimestamp":"r","stageTimestamp":"s"}`
	bareAudit   = `{"level":"Metadata","auditID":"a","stage":"Panic","requestReceivedTimestamp":"r","stageTimestamp":"s"}`
	configMap   = `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"uid":"1"},"data":` + podEvent + `}`
	halfAudit   = `{"auditID":"a","requestObject":` + podEvent + `}`
	sortedEvent = `{"apiVersion":"v1","count":1,"involvedObject":{"kind":"Pod","name":"p"},"kind":"Event","metadata":{"uid":"1"}}`
)

// quoted makes a JSON text a string of JSON.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// summary writes items as these tests want them.
func summary(items []event.Item) (out []string) {
	for i := range items {
		item := &items[i]
		switch {
		case item.Skipped != "":
			out = append(out, "skipped "+string(item.Skipped))
		case item.Kind == event.KindAudit:
			out = append(out, "audit "+string(item.Raw))
		case item.Change == event.Deleted:
			out = append(out, "deleted "+string(item.Raw))
		default:
			out = append(out, "event "+string(item.Raw))
		}
	}
	return out
}

func TestRecognition(t *testing.T) {
	const skipped = "skipped not_an_event"
	watch := func(what, object string) string { return `{"type":"` + what + `","object":` + object + `}` }
	list := func(kind, version, items string) string {
		return `{"kind":"` + kind + `","apiVersion":"` + version + `","metadata":{},"items":` + items + `}`
	}
	for name, c := range map[string]struct {
		object string
		want   []string
	}{
		"event of core":                    {podEvent, []string{"event " + podEvent}},
		"event of events.k8s.io":           {newEvent, []string{"event " + newEvent}},
		"event of an older events.k8s.io":  {oldEvent, []string{"event " + oldEvent}},
		"event with its keys sorted":       {sortedEvent, []string{"event " + sortedEvent}},
		"event without kind":               {bareEvent, []string{"event " + bareEvent}},
		"audit event":                      {audit, []string{"audit " + audit}},
		"audit event without kind":         {bareAudit, []string{"audit " + bareAudit}},
		"watch, added":                     {watch("ADDED", podEvent), []string{"event " + podEvent}},
		"watch, modified":                  {watch("MODIFIED", newEvent), []string{"event " + newEvent}},
		"watch, deleted":                   {watch("DELETED", podEvent), []string{"deleted " + podEvent}},
		"watch, bookmark":                  {watch("BOOKMARK", `{"kind":"Event","apiVersion":"v1","metadata":{}}`), nil},
		"watch, error":                     {watch("ERROR", `{"kind":"Status","apiVersion":"v1"}`), []string{skipped}},
		"watch, of another object":         {watch("ADDED", configMap), []string{skipped}},
		"audit list":                       {list("EventList", "audit.k8s.io/v1", "["+audit+","+bareAudit+"]"), []string{"audit " + audit, "audit " + bareAudit}},
		"audit list, empty":                {list("EventList", "audit.k8s.io/v1", "[]"), nil},
		"audit list, null":                 {list("EventList", "audit.k8s.io/v1", "null"), nil},
		"audit list with strays":           {list("EventList", "audit.k8s.io/v1", "[1,"+audit+`,"x",null]`), []string{skipped, "audit " + audit, skipped}},
		"list of events":                   {list("EventList", "v1", "["+bareEvent+","+podEvent+"]"), []string{"event " + bareEvent, "event " + podEvent}},
		"list of events.k8s.io":            {list("EventList", "events.k8s.io/v1", "["+newEvent+"]"), []string{"event " + newEvent}},
		"list of kubectl":                  {`{"apiVersion":"v1","items":[` + podEvent + `,` + newEvent + `],"kind":"List"}`, []string{"event " + podEvent, "event " + newEvent}},
		"list of all sorts":                {list("List", "v1", "["+configMap+","+podEvent+"]"), []string{skipped, "event " + podEvent}},
		"list without kind":                {`{"items":[` + audit + `,7]}`, []string{"audit " + audit, skipped}},
		"list without kind of others":      {`{"items":[{"a":1},` + audit + `]}`, []string{skipped}},
		"list of other objects":            {list("ConfigMapList", "v1", "["+podEvent+"]"), []string{skipped}},
		"event of a broker":                {`{"kind":"Event","apiVersion":"eventing.knative.dev/v1","metadata":{},"regarding":{}}`, []string{skipped}},
		"object with an event in it":       {configMap, []string{skipped}},
		"half of an audit event":           {halfAudit, []string{skipped}},
		"metadata alone":                   {`{"metadata":{},"message":"hello"}`, []string{skipped}},
		"audit event without times":        {`{"level":"info","verb":"get","stage":"x","auditID":"a"}`, []string{`audit {"level":"info","verb":"get","stage":"x","auditID":"a"}`}},
		"nothing":                          {`{}`, []string{skipped}},
		"kind that is no string":           {`{"kind":7,"apiVersion":"v1","metadata":{},"regarding":{}}`, []string{skipped}},
		"version that is no string":        {`{"kind":"Event","apiVersion":["v1"],"metadata":{},"regarding":{}}`, []string{skipped}},
		"about what is no object":          {`{"metadata":{},"regarding":"p"}`, []string{skipped}},
		"kind said twice, the last counts": {`{"kind":"Pod","kind":"Event","apiVersion":"v1"}`, []string{`event {"kind":"Pod","kind":"Event","apiVersion":"v1"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			for form, body := range map[string]string{
				"body":           c.object,
				"in a map":       `{"stream":"stdout","kubernetes":{"labels":{"a":"b"}},"data":` + c.object + `}`,
				"in a string":    `{"log":` + quoted(c.object) + `,"path":"/var/log/x"}`,
				"in an odd key":  `{"9":1,"my line":` + quoted(" "+c.object+"\n") + `,"n":[]}`,
				"in both":        `{"copy":` + c.object + `,"message":` + quoted(c.object) + `}`,
				"in an array":    `{"x":[],"list":[` + c.object + `]}`,
				"in a text's":    `{"MESSAGE":` + quoted("["+c.object+"]") + `}`,
				"among key":      `{"kind":"x","msg":` + quoted(c.object) + `}`,
				"behind another": `{"msg":"{not json","other":"[","log":` + quoted(c.object) + `}`,
			} {
				want := c.want
				if (form == "in an array" || form == "in a text's") && strings.Contains(name, "list") {
					// A list in an array is no list any more.
					want = []string{skipped}
				}
				for encoding, data := range map[string][]byte{"V1": append1(t, nil, body), "V2": append2(t, nil, at, body)} {
					if diff := cmp.Diff(want, summary(flushed(t, data))); diff != "" {
						t.Errorf("%s, %s: %s\nbody %s", form, encoding, diff, body)
					}
				}
			}
		})
	}
}

// Filters add keys to the body of an event.
func TestAddedKeysDoNotDisturb(t *testing.T) {
	for _, object := range []string{podEvent, newEvent, bareEvent, audit, bareAudit} {
		body := `{"path":"/a","log":"{}","items":7,"object":{"kind":"Pod"},` + object[1:len(object)-1] + `,"kubernetes":{"pod_name":"p"},"stream":"stdout"}`
		items := flushed(t, append2(t, nil, at, body))
		if len(items) != 1 || items[0].Skipped != "" || string(items[0].Raw) != body {
			t.Errorf("%v of %s", summary(items), body)
		}
	}
}

// A text that ends early is passed on as far as it is known: the decoder says what
// is wrong with it.
func TestCutTexts(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{audit[:60], "[audit " + audit[:60] + "]"},
		{podEvent[:40], "[event " + podEvent[:40] + "]"},
		{`{"type":"ADDED","object":` + podEvent[:60], "[event " + podEvent[:60] + "]"},
		{`{"kind":"EventList","apiVersion":"v1","items":[` + podEvent + `,` + newEvent[:50], "[event " + podEvent + " skipped not_json]"},
		{`[` + podEvent + `,` + newEvent[:50], "[event " + podEvent + " skipped not_json]"},
		{`[` + podEvent[:50], "[skipped not_an_event]"},
		{`{"kind":"Ev`, "[skipped not_an_event]"},
		{`{"kind"`, "[skipped not_an_event]"},
		{`{"`, "[skipped not_an_event]"},
		{`{`, "[skipped not_an_event]"},
		{`[`, "[skipped not_an_event]"},
		{`{}{}`, "[skipped not_an_event]"},
		{`{"a":"\\\"}`, "[skipped not_an_event]"},
		{podEvent + `x`, "[event " + podEvent + "x]"},
	} {
		items := flushed(t, append1(t, nil, `{"log":`+quoted(c.text)+`}`))
		if got := fmt.Sprint(summary(items)); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}
