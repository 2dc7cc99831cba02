package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluent-live/live-status/test/controlplane"
)

// auditLine is what the test reads of a line of the audit log itself.
type auditLine struct {
	AuditID string `json:"auditID"`
	Stage   string `json:"stage"`
	Verb    string `json:"verb"`
	User    struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef struct {
		APIGroup    string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	StageTimestamp time.Time `json:"stageTimestamp"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	ResponseObject struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	} `json:"responseObject"`
}

// object names what the request was about; empty where only the server knew.
func (l auditLine) object() named {
	ref := l.ObjectRef
	n := named{schema.GroupResource{Group: ref.APIGroup, Resource: ref.Resource}.String(), ref.Namespace, ref.Name}
	if n.name == "" && ref.Subresource == "" && l.ResponseObject.Kind != "Status" {
		n.name = l.ResponseObject.Metadata.Name
	}
	if n.resource == "namespaces" {
		n.namespace = ""
	}
	return n
}

// what tells the kind of the request's object.
func (l auditLine) what() string {
	if l.ObjectRef.Subresource == "" {
		return l.ObjectRef.Resource
	}
	return l.ObjectRef.Resource + "/" + l.ObjectRef.Subresource
}

// written reads the lines of the audit log that are about single objects in the
// scenario's namespaces.
func written(t testing.TB, c *controlplane.Cluster) []auditLine {
	t.Helper()
	files, err := c.AuditLogs()
	if err != nil {
		t.Fatal(err)
	}
	var lines []auditLine
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scanner := bufio.NewScanner(bytes.NewReader(data[:bytes.LastIndexByte(data, '\n')+1]))
		scanner.Buffer(nil, 16<<20)
		for scanner.Scan() {
			var l auditLine
			if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			_, ours := deployed[l.ObjectRef.Namespace]
			// What has no name and makes nothing is about many objects.
			single := l.object().name != "" || l.Verb == "create"
			if ours && single && l.Stage == complete {
				lines = append(lines, l)
			}
		}
		if err := scanner.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

// actor is what kind of a client made a request.
type actor struct{ class, tool string }

// actors are those of the scenario's users who use one program only.
var actors = map[string]actor{
	"bob": {"deployment_tool", "helm"},
	"system:serviceaccount:argocd:argocd-application-controller": {"deployment_tool", "argocd"},
	"system:serviceaccount:flux-system:kustomize-controller":     {"deployment_tool", "flux"},
	"system:kube-scheduler":                                   {"controller", "kube-scheduler"},
	"system:serviceaccount:kube-system:replicaset-controller": {"controller", "kube-controller-manager"},
}

// row counts records that are alike.
type row struct {
	expected, actual  application
	what, correlation string
	right             bool
}

// table compares records with what they should say.
type table struct {
	truth truth
	// unwatched are kinds that the configuration leaves out: a record may then
	// say that it did not look.
	unwatched []string

	rows    map[row]int
	wrong   []string
	copied  int
	records int
}

func newTable(tr truth, unwatched ...string) *table {
	return &table{truth: tr, unwatched: unwatched, rows: map[row]int{}}
}

// early reports whether a request was refused before there was such an object, as
// the question is that kubectl asks before it creates one. Nothing needs to be
// known of it then; what came into being under the name may be.
func (tb *table) early(l auditLine) bool {
	s, ok := tb.truth.witness.find(l.object())
	return ok && l.ResponseStatus.Code >= 400 && l.StageTimestamp.Before(s.created.Add(time.Second))
}

// compare adds a record about an object, which a request may have been too early
// for.
func (tb *table) compare(t testing.TB, what string, n named, rec record, early bool) {
	t.Helper()
	r := row{expected: tb.truth.named(t, n), actual: rec.application(), what: what, correlation: rec.Correlation}
	r.right = r.actual == r.expected && (r.actual != nothing) == (r.correlation == "matched")
	if !r.right && slices.Contains(tb.unwatched, n.resource) {
		r.right = r.actual == nothing && r.correlation == "not_watched"
	}
	if early {
		r.right = r.right || r.actual == nothing
	}
	if foreign(n) {
		tb.copied++
	}
	if !r.right {
		via := rec.Application.Via
		tb.wrong = append(tb.wrong, fmt.Sprintf("%s %v (code %d): %v (%s; %s on %s %s), want %v",
			what, n, rec.Audit.Code, r.actual, rec.Correlation, via.Rule, via.Object.Kind, via.Object.Name, r.expected))
	}
	tb.records++
	tb.rows[r]++
}

// foreign reports whether the object was made of a copy of what Argo CD tracks.
func foreign(n named) bool {
	return n.namespace == "copies" && strings.HasPrefix(n.name, "apples") || n.namespace == "orchard" && n.name == "apples-copy"
}

// audits compares the record of every audit line.
func (tb *table) audits(t testing.TB, lines []auditLine, records []record) {
	t.Helper()
	bySteps := map[step]record{}
	for _, rec := range records {
		bySteps[rec.step()] = rec
	}
	for _, l := range lines {
		rec, ok := bySteps[step{l.AuditID, l.Stage}]
		if !ok {
			t.Errorf("no record of %s %s %v", l.Verb, l.what(), l.object())
			continue
		}
		tb.compare(t, "audit "+l.what(), l.object(), rec, tb.early(l))
		if want, ok := actors[l.User.Username]; ok {
			if got := (actor{rec.Audit.Actor.Class, rec.Audit.Actor.Tool}); got != want {
				t.Errorf("%s of %s by %s is said to be of %v, want %v", l.Verb, l.what(), l.User.Username, got, want)
			}
		}
	}
}

// events compares the records of the events, each with the event's last version,
// and returns how many events have none.
func (tb *table) events(t testing.TB, happened []*corev1.Event, records []record) {
	t.Helper()
	byUID := map[string]*corev1.Event{}
	for _, ev := range happened {
		byUID[string(ev.UID)] = ev
	}
	for _, rec := range records {
		if ev, ok := byUID[rec.Event.UID]; ok {
			tb.compare(t, "event "+ev.InvolvedObject.Kind, tb.truth.witness.regarded(ev.InvolvedObject), rec, false)
		}
	}
}

// String renders the table, what is wrong first.
func (tb *table) String() string {
	rows := make([]row, 0, len(tb.rows))
	for r := range tb.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int {
		wrongFirst := 0
		switch {
		case a.right && !b.right:
			wrongFirst = 1
		case b.right && !a.right:
			wrongFirst = -1
		}
		return cmp.Or(wrongFirst, cmp.Compare(a.expected.String(), b.expected.String()), cmp.Compare(a.what, b.what), cmp.Compare(a.actual.String(), b.actual.String()))
	})
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\texpected\trecord\tactual\tcorrelation\tcount")
	for _, r := range rows {
		mark := ""
		if !r.right {
			mark = "WRONG"
		}
		_, _ = fmt.Fprintf(w, "%s\t%v\t%s\t%v\t%s\t%d\n", mark, r.expected, r.what, r.actual, r.correlation, tb.rows[r])
	}
	_ = w.Flush()
	return b.String()
}

// report fails the test where a record is wrong, and tells the numbers in any
// case.
func (tb *table) report(t testing.TB) {
	t.Helper()
	if len(tb.wrong) > 0 {
		t.Errorf("%d records are wrong, for example\n  %s\n%s", len(tb.wrong), strings.Join(tb.wrong[:min(len(tb.wrong), 20)], "\n  "), tb)
	} else if testing.Verbose() {
		t.Logf("\n%s", tb)
	}
	t.Logf("%d event and audit records, %d right, %d wrong; %d of them of foreign copies", tb.records, tb.records-len(tb.wrong), len(tb.wrong), tb.copied)
	if tb.copied == 0 {
		t.Error("no record is about the foreign copy: it was not tested")
	}
}
