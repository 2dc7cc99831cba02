package conf

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/test/controlplane"
)

// API servers before 1.36 do not start with a policy that has group "*", and
// the one of this test is too new to complain.
func TestPolicySuitsOlderServers(t *testing.T) {
	var policy struct {
		Rules []struct {
			Resources []struct {
				Group string `json:"group"`
			} `json:"resources"`
		} `json:"rules"`
	}
	if err := yaml.Unmarshal([]byte(read(t, file(t, "conf", "audit-policy.yaml"))), &policy); err != nil {
		t.Fatal(err)
	}
	if len(policy.Rules) == 0 {
		t.Fatal("no rules")
	}
	for i, rule := range policy.Rules {
		for _, r := range rule.Resources {
			if r.Group == "*" {
				t.Errorf("rule %d has group \"*\"", i+1)
			}
		}
	}
}

// Identities of the rows in testdata/policy.txt. All may do everything, so that
// no request ends before its body is looked at.
var users = map[string][]string{
	"alice": nil,
	"system:serviceaccount:argocd:argocd-application-controller":         {"system:serviceaccounts", "system:serviceaccounts:argocd"},
	"system:serviceaccount:kube-system:deployment-controller":            {"system:serviceaccounts", "system:serviceaccounts:kube-system"},
	"system:serviceaccount:kube-system:endpointslice-controller":         {"system:serviceaccounts", "system:serviceaccounts:kube-system"},
	"system:serviceaccount:kube-system:horizontal-pod-autoscaler":        {"system:serviceaccounts", "system:serviceaccounts:kube-system"},
	"system:serviceaccount:kube-system:metrics-server":                   {"system:serviceaccounts", "system:serviceaccounts:kube-system"},
	"system:serviceaccount:kube-system:replicaset-controller":            {"system:serviceaccounts", "system:serviceaccounts:kube-system"},
	"system:serviceaccount:flux-system:kustomize-controller":             {"system:serviceaccounts", "system:serviceaccounts:flux-system"},
	"system:kube-controller-manager":                                     nil,
	"system:kube-scheduler":                                              nil,
	"system:node:node-1":                                                 {"system:nodes"},
	"system:serviceaccount:kube-system:some-operator-that-nobody-listed": {"system:serviceaccounts", "system:serviceaccounts:kube-system"},
}

// request is a row of testdata/policy.txt.
type request struct {
	line   int
	level  string
	stages []string
	user   string
	as     string
	method string
	path   string
	body   string
	fails  bool
}

func (r request) id() string { return fmt.Sprintf("row-%d", r.line) }

func (r request) String() string {
	return fmt.Sprintf("testdata/policy.txt:%d: %s %s by %s", r.line, r.method, r.path, r.user)
}

// requests reads the table: level, user, method, path and body, separated by
// white space. Behind the level may stand stages, where there are others than
// ResponseComplete (and before it RequestReceived, of a patch that is logged with
// its body), behind the user whom he impersonates, and behind the method
// a ! where the request fails.
func requests(t *testing.T) []request {
	t.Helper()
	var out []request
	for i, line := range strings.Split(read(t, "testdata/policy.txt"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 4 {
			t.Fatalf("testdata/policy.txt:%d: too few fields", i+1)
		}
		r := request{line: i + 1, path: fields[3]}
		r.method, r.fails = strings.CutSuffix(fields[2], "!")
		var stages string
		r.level, stages, _ = strings.Cut(fields[0], ":")
		switch {
		case stages != "":
			r.stages = strings.Split(stages, ",")
		case r.method == http.MethodPatch && strings.HasPrefix(r.level, "Request"):
			r.stages = []string{"RequestReceived", "ResponseComplete"}
		case r.level != "None":
			r.stages = []string{"ResponseComplete"}
		}
		r.user, r.as, _ = strings.Cut(fields[1], ">")
		_, after, _ := strings.Cut(line, fields[3])
		r.body = strings.TrimSpace(after)
		out = append(out, r)
	}
	return out
}

// bodyType is the media type of a body: YAML is an apply, a list a JSON patch.
func (r request) bodyType() string {
	switch {
	case r.method != http.MethodPatch:
		return "application/json"
	case strings.HasPrefix(r.body, "["):
		return "application/json-patch+json"
	case strings.Contains(r.path, "fieldManager="):
		return "application/apply-patch+yaml"
	default:
		return "application/merge-patch+json"
	}
}

func (r request) send(t *testing.T, client *http.Client, server string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.method, server+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	// By this the request is found in the log.
	req.Header.Set("Audit-ID", r.id())
	if r.body != "" {
		req.Header.Set("Content-Type", r.bodyType())
	}
	if r.as != "" {
		req.Header.Set("Impersonate-User", r.as)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	return resp.StatusCode
}

// clients returns a client for each user.
func clients(t *testing.T, cluster *controlplane.Cluster) map[string]*http.Client {
	t.Helper()
	out := map[string]*http.Client{}
	for user, groups := range users {
		kubeconfig, err := cluster.KubeconfigFor(user, append(slices.Clone(groups), "system:masters")...)
		if err != nil {
			t.Fatal(err)
		}
		config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		client, err := rest.HTTPClientFor(config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.CloseIdleConnections)
		out[user] = client
	}
	return out
}

// TestPolicy sends the requests of the table and looks each up in the log.
func TestPolicy(t *testing.T) {
	cluster := start(t, controlplane.Options{AuditPolicyFile: file(t, "conf", "audit-policy.yaml")})
	rows, byUser := requests(t), clients(t, cluster)
	codes := map[int]int{}
	for _, r := range rows {
		client := byUser[r.user]
		if client == nil {
			t.Fatalf("%s: unknown user", r)
		}
		codes[r.line] = r.send(t, client, cluster.URL())
		if (codes[r.line] >= 300) != r.fails {
			t.Errorf("%s: code %d", r, codes[r.line])
		}
	}
	// The log is written before a response ends, and the requests were made one
	// after another: what is not there when the last one is will not come.
	last := rows[len(rows)-1]
	if last.level == "None" {
		t.Fatal("the last row must be one that is logged")
	}
	eventually(t, 30*time.Second, "the last request in the log", func() bool { return len(logged(t, cluster)[last.id()]) > 0 })

	log := logged(t, cluster)
	for _, r := range rows {
		checkLevel(t, r, log[r.id()])
		checkBodies(t, r, codes[r.line], log[r.id()])
	}
	apiServerLog := read(t, cluster.LogFile("kube-apiserver"))
	if strings.Contains(apiServerLog, "falling back to lenient decoding") {
		t.Error("the API server found unknown fields in the policy")
	}
	summarize(t, cluster)
}

func checkLevel(t *testing.T, r request, got []entry) {
	t.Helper()
	var stages []string
	for _, e := range got {
		stages = append(stages, e.Stage)
		if e.Level != r.level {
			t.Errorf("%s: logged at %s, want %s", r, e.Level, r.level)
		}
		if e.User.Username != r.user {
			t.Errorf("%s: logged for user %s", r, e.User.Username)
		}
		if r.as != "" && (e.ImpersonatedUser == nil || e.ImpersonatedUser.Username != r.as) {
			t.Errorf("%s: no word of the impersonation", r)
		}
	}
	if !slices.Equal(stages, r.stages) {
		t.Errorf("%s: logged at the stages %v, want %v", r, stages, r.stages)
	}
}

// checkBodies looks for bodies, which must be there where the level has them
// and the request came far enough, and nowhere else.
func checkBodies(t *testing.T, r request, code int, got []entry) {
	t.Helper()
	for _, e := range got {
		if e.Stage != "ResponseComplete" {
			continue
		}
		if e.ResponseStatus.Code != code {
			t.Errorf("%s: logged with code %d, got %d", r, e.ResponseStatus.Code, code)
		}
		wantRequest := r.body != "" && code < 300 && (r.level == "Request" || r.level == "RequestResponse")
		wantResponse := code < 300 && r.level == "RequestResponse"
		if wantRequest && len(e.RequestObject) == 0 || r.level == "Metadata" && len(e.RequestObject) > 0 {
			t.Errorf("%s: request body %q", r, e.RequestObject)
		}
		if (len(e.ResponseObject) > 0) != wantResponse {
			t.Errorf("%s: response body %q", r, e.ResponseObject)
		}
		// A server-side apply is logged as it was sent; nobody sends these.
		if bytes.Contains(e.RequestObject, []byte(`"managedFields"`)) || bytes.Contains(e.ResponseObject, []byte(`"managedFields"`)) {
			t.Errorf("%s: managed fields are logged", r)
		}
	}
}

// summarize tells a reader of the test's output what the log consists of.
func summarize(t *testing.T, cluster *controlplane.Cluster) {
	t.Helper()
	info, err := os.Stat(cluster.AuditLog())
	if err != nil {
		t.Fatal(err)
	}
	levels := map[string]int{}
	for _, entries := range logged(t, cluster) {
		for _, e := range entries {
			levels[e.Level]++
		}
	}
	t.Logf("audit log: %d bytes, events by level %v", info.Size(), levels)
}
