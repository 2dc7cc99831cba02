package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/test/controlplane"
)

// grove is the namespace in which values are planted.
const grove = "grove"

// members are an object of JSON.
type members = map[string]any

// request is one to the API server, which is to be answered with a code.
type request struct {
	method, path string
	body         any
	code         int
	// kind is the content's type, JSON where it is empty.
	kind    string
	headers map[string]string
}

// The kinds of patches.
const (
	jsonPatch      = "application/json-patch+json"
	mergePatch     = "application/merge-patch+json"
	strategicPatch = "application/strategic-merge-patch+json"
	applyPatch     = "application/apply-patch+yaml"
)

// planter makes requests as the administrator.
type planter struct {
	url    string
	client *http.Client
}

func newPlanter(t testing.TB, c *controlplane.Cluster) *planter {
	t.Helper()
	config := c.RESTConfig()
	config.UserAgent = ""
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return &planter{c.URL(), client}
}

// ask makes a request and returns the answer.
func (p *planter) ask(ctx context.Context, t testing.TB, q request) []byte {
	t.Helper()
	var body []byte
	switch b := q.body.(type) {
	case nil:
	case string:
		body = []byte(b)
	default:
		body = marshalled(t, b)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, p.url+q.path, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return nil
	}
	r.Header.Set("Content-Type", "application/json")
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	for name, value := range q.headers {
		r.Header.Set(name, value)
	}
	response, err := p.client.Do(r)
	if err != nil {
		t.Error(err)
		return nil
	}
	answer, err := io.ReadAll(response.Body)
	if closed := response.Body.Close(); err != nil || closed != nil {
		t.Error(err, closed)
	}
	if response.StatusCode != q.code {
		t.Errorf("%s %s was answered %d, want %d: %.300s", q.method, q.path, response.StatusCode, q.code, answer)
	}
	return answer
}

// plant makes the requests: those of a row one after the other, the rows side by
// side.
func (p *planter) plant(ctx context.Context, t testing.TB, rows [][]request) {
	t.Helper()
	next := make(chan []request)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for row := range next {
				for _, q := range row {
					if ctx.Err() == nil {
						p.ask(ctx, t, q)
					}
				}
			}
		})
	}
	for _, row := range rows {
		next <- row
	}
	close(next)
	wg.Wait()
}

func marshalled(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return b
}

// nested is the text of JSON that holds a string so many levels deep, each a
// string of the one around it.
func nested(t testing.TB, s string, levels int) string {
	t.Helper()
	for range levels {
		s = string(marshalled(t, members{"apiVersion": "v1", "spec": members{"list": []any{1, s}, "flag": true}}))
	}
	return s
}

// in is the path of a resource of the core group in the namespace.
func in(resource string, rest ...string) string {
	return "/api/v1/namespaces/" + grove + "/" + resource + strings.Join(append([]string{""}, rest...), "/")
}

// planted makes the beginning of an object.
func planted(apiVersion, kind, name string, more members) members {
	o := members{"apiVersion": apiVersion, "kind": kind, "metadata": members{"name": name, "namespace": grove}}
	return with(o, more)
}

// with adds members to an object, and to its metadata.
func with(o, more members) members {
	for key, value := range more {
		metadata, ok := o[key].(members)
		if added, is := value.(members); ok && is && key == "metadata" {
			maps.Copy(metadata, added)
			continue
		}
		o[key] = value
	}
	return o
}

// occurred makes an event that says something of a pod.
func occurred(name string, more members) members {
	now := time.Now().UTC().Format(time.RFC3339)
	e := planted("v1", "Event", name, members{
		"involvedObject": members{"apiVersion": "v1", "kind": "Pod", "namespace": grove, "name": "web"},
		"reason":         "Failed", "type": "Warning", "firstTimestamp": now, "lastTimestamp": now, "count": 1,
		"source": members{"component": "kubelet"}, "reportingComponent": "kubelet", "reportingInstance": "node-1",
	})
	return with(e, more)
}

// says are requests that make the API server tell that something happened.
func says(prefix string, texts ...string) [][]request {
	var rows [][]request
	for i, text := range texts {
		e := occurred(fmt.Sprintf("%s-%d", prefix, i), members{"message": text})
		rows = append(rows, []request{{method: http.MethodPost, path: in("events"), body: e, code: http.StatusCreated}})
	}
	return rows
}
