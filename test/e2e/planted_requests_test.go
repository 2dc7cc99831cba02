package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// requests hold values in what a client says of itself and of what it wants.
func (s *sensitive) requests() [][]request {
	var rows [][]request
	row := func(code int, path string, headers map[string]string) {
		rows = append(rows, []request{{method: http.MethodGet, path: path, code: code, headers: headers}})
	}
	for range s.forms {
		row(http.StatusOK, in("configmaps"), map[string]string{"User-Agent": "backup/1.0 (" + s.plain(isHeader) + ")"})
		row(http.StatusOK, in("configmaps"), map[string]string{"Audit-ID": s.plain(isLabel)})
		row(http.StatusForbidden, in("configmaps"), map[string]string{
			"Impersonate-User": s.plain(isHeader), "Impersonate-Group": s.plain(isHeader), "Impersonate-Uid": s.plain(isHeader),
			"Impersonate-Extra-Note": s.plain(isHeader), "Impersonate-Extra-Scopes": s.plain(isLabel),
		})
		row(http.StatusNotFound, in("configmaps", url.PathEscape(s.plain(isPath))), nil)
		row(http.StatusNotFound, in("pods", "no-such-pod")+"?pretty="+url.QueryEscape(s.noted()), nil)
		row(http.StatusOK, in("pods")+"?labelSelector="+url.QueryEscape("note="+s.plain(isLabel)), nil)
		row(http.StatusBadRequest, in("pods")+"?labelSelector="+url.QueryEscape("note in ("+s.plain(isHeader)+"/"), nil)
		row(http.StatusBadRequest, in("pods")+"?fieldSelector="+url.QueryEscape(s.plain(isLabel)+"="+s.plain(isLabel)), nil)
		row(http.StatusNotFound, "/"+url.PathEscape(s.plain(isPath)), nil)
		row(http.StatusNotFound, "/api/v1/namespaces/"+url.PathEscape(s.plain(isPath))+"/pods/web", nil)
	}
	return rows
}

// isPath tells what a segment of a path can be.
func isPath(s string) bool { return isHeader(s) && !strings.ContainsAny(s, "/%") }

// sessions are commands that are run in pods. Nobody runs them here: the request
// is told all the same.
func (s *sensitive) sessions() [][]request {
	var rows [][]request
	for i, method := range []string{http.MethodPost, http.MethodGet} {
		for range s.forms {
			line := "mysql --user=shop --execute='select 1' --other=" + s.noted()
			query := url.Values{"command": {"sh", "-c", line, s.next().text}, "stdout": {"true"}, "container": {"web"}}
			path := in("pods", "web-0", "exec")
			if i == 1 {
				path = in("pods", "web-0", "attach")
			}
			rows = append(rows, []request{{method: method, path: path + "?" + query.Encode(), code: http.StatusBadRequest}})
		}
	}
	return rows
}

// refused are requests that the API server answers with what it was sent.
func (s *sensitive) refused() [][]request {
	var rows [][]request
	post := func(path string, code int, body any) {
		rows = append(rows, []request{{method: http.MethodPost, path: path, code: code, body: body}})
	}
	const strict = "?fieldValidation=Strict"
	for range s.forms {
		post(in("services"), http.StatusUnprocessableEntity, planted("v1", "Service", "s", members{
			"metadata": members{"labels": members{"note": "no label: " + s.noted()}}, "spec": members{"type": s.next().text, "ports": []any{members{"port": 0}}},
		}))
		post(in("configmaps"), http.StatusUnprocessableEntity, planted("v1", "ConfigMap", "c", members{"data": members{"no key! " + s.next().text: "x"}}))
		post(in("configmaps")+strict, http.StatusBadRequest, planted("v1", "ConfigMap", "c", members{s.plain(isLabel): "x", "metadata": members{"more": members{s.plain(isLabel): "x"}}}))
		post(in("pods"), http.StatusUnprocessableEntity, planted("v1", "Pod", "not a name: "+s.next().text, members{"spec": members{
			"restartPolicy": s.next().text, "containers": []any{members{"name": s.next().text, "image": "x", "env": []any{members{"name": "a=" + s.next().text}}}},
		}}))
		post(in("pods"), http.StatusBadRequest, planted("v1", "Pod", "p", members{"spec": members{"containers": s.noted()}}))
		post(in("configmaps"), http.StatusBadRequest, `{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"`+s.next().text[:5]+`" `+s.plain(isLabel)+`}`)
		// What a policy says of an object is an annotation of the audit event, and its
		// answer.
		post(in("configmaps"), http.StatusCreated, planted("v1", "ConfigMap", fmt.Sprintf("parrot-%d", len(rows)), members{"data": members{"says": s.noted()}}))
		post(in("configmaps"), http.StatusUnprocessableEntity, planted("v1", "ConfigMap", "parrot", members{"data": members{"says": s.noted(), "refused": ""}}))
	}
	return rows
}

// malformed are lines as no API server writes them, all with values.
func (s *sensitive) malformed(t testing.TB) []string {
	t.Helper()
	const stamp = `"stageTimestamp":"2026-11-21T10:00:00.000000Z"`
	var lines []string
	for i := range s.forms {
		quoted := string(marshalled(t, s.noted()))
		id := fmt.Sprintf("9d3a7c1e-0000-4000-8000-%012d", i)
		lines = append(lines,
			strings.ReplaceAll(s.noted(), "\n", " "),
			quoted,
			`[`+quoted+`]`,
			`{`+quoted+`:1}`,
			`{"kind":"Event","auditID":{`+quoted+`:1},"stage":"ResponseComplete"}`,
			`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"`+id+`","stage":"ResponseComplete","verb":"get","stageTimestamp":`+quoted+`}`,
			`{"kind":`+quoted+`,"apiVersion":`+quoted+`,"auditID":"`+id+`","stage":"ResponseComplete",`+stamp+`}`,
			`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"`+id+`","stage":`+quoted+`,`+stamp+`,"level":`+quoted+`,"verb":`+quoted+`}`,
			`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"`+id+`","stage":"ResponseComplete",`+stamp+`,"requestObject":{"a":`+quoted+`,}}`,
			`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"`+id+`","stage":"ResponseComplete",`+stamp+`,"requestObject":`+quoted+`,"responseObject":[`+quoted+`]}`,
			`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"`+id+`","stage":"ResponseComplete","requestObject":{"a":`+quoted,
		)
	}
	return lines
}

// misspeak gives the host what is malformed, in a log and by the webhook.
func (s *suspect) misspeak(ctx context.Context, t testing.TB, lines []string) {
	t.Helper()
	body := []byte(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + strings.Join(lines[7:10], ",") + `,{"a":` + lines[1] + `},` + lines[1] + `]}`)
	for _, b := range [][]byte{body, []byte(lines[0]), []byte(lines[1]), []byte(lines[2]), body[:len(body)-20], []byte(`{"kind":` + lines[1] + `,"items":{` + lines[1] + `:1}}`)} {
		if err := s.post(ctx, b); err != nil {
			t.Errorf("%s: %v", s.run.host.name, err)
		}
	}
}

// brokenLog writes lines to a log of its own beside the audit log.
func brokenLog(t testing.TB, dir string, lines []string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "broken.log"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
