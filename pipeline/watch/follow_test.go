package watch

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What is asked of the server: the metadata alone, in lists and in watches, and
// the selectors with everything.
func TestRequests(t *testing.T) {
	var said []string
	answers := []string{
		`{"kind":"Status","status":"Failure","reason":"Invalid","code":422}`,
		`{"metadata":{"resourceVersion":"9","continue":"t"},"items":[{"metadata":{"resourceVersion":"3"}}]}`,
		`{"metadata":{"resourceVersion":"9"},"items":[]}`,
		`{"type":"DELETED","object":{"metadata":{"resourceVersion":"10"}}}
{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}}`,
		`{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}`,
		`{"metadata":{"resourceVersion":"20"},"items":[]}`,
		``,
	}
	c := connect(t, func(req *http.Request) *http.Response {
		q := req.URL.Query()
		line := req.URL.Path + " " + req.Header.Get("Accept")
		for _, key := range []string{"watch", "sendInitialEvents", "resourceVersion", "continue", "limit", "labelSelector", "fieldSelector"} {
			if v := q.Get(key); v != "" {
				line += " " + key + "=" + v
			}
		}
		said = append(said, line)
		code := http.StatusOK
		if strings.Contains(answers[len(said)-1], "Invalid") {
			code = http.StatusUnprocessableEntity
		}
		return response(code, strings.NewReader(answers[len(said)-1]))
	})
	c.Collection.Metadata, c.Collection.LabelSelector, c.Collection.FieldSelector = true, "a=b", "metadata.namespace!=x"
	var told []string
	f := NewFollower(func(_ context.Context, n Notice) error {
		told = append(told, fmt.Sprintf("%d@%s", n.What, n.Version))
		return nil
	}, func(string) {})
	for range 2 {
		if err := f.Read(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	const (
		list, watch = "/api/v1/pods " + metadataList, "/api/v1/pods " + metadataOnly
		selectors   = " labelSelector=a=b fieldSelector=metadata.namespace!=x"
	)
	want := []string{
		watch + " watch=true sendInitialEvents=true" + selectors,
		list + " limit=2" + selectors,
		list + " continue=t limit=2" + selectors,
		watch + " watch=true resourceVersion=9" + selectors,
		watch + " watch=true resourceVersion=12" + selectors,
		list + " limit=2" + selectors,
		watch + " watch=true resourceVersion=20" + selectors,
	}
	if got := strings.Join(said, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("requests\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	// Began twice (the second time anew), Listed, Ended, Watching, Deleted,
	// Progress; then what a 410 leads to: Watching, Began, Ended, Watching.
	if got := strings.Join(told, " "); got != "0@ 0@ 1@ 2@9 3@ 5@10 6@12 3@ 0@ 2@20 3@" {
		t.Errorf("notices %s", got)
	}
}

// Between the objects of a streamed list and its end come changes made meanwhile.
func TestWhatIsDeletedDuringAStreamedListIsNotListed(t *testing.T) {
	c := connect(t, func(*http.Request) *http.Response {
		return response(http.StatusOK, strings.NewReader(`{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"3"}}}
{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"9"}}}
{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}`))
	})
	var told []string
	f := NewFollower(func(_ context.Context, n Notice) error {
		told = append(told, fmt.Sprintf("%d@%s", n.What, n.Version))
		return nil
	}, func(string) {})
	if err := f.Read(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	// Began, Listed, Deleted without a version to go on from, Ended, Watching.
	if got := strings.Join(told, " "); got != "0@ 1@ 5@ 2@9 3@" {
		t.Errorf("notices %s", got)
	}
}
