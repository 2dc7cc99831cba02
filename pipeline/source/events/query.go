package events

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fluent-live/live-status/pipeline/event"
)

// api is one of the two groups that serve events. They serve the same objects
// with the same versions, so that a stream may change from one to the other.
type api struct {
	group string
	root  string
}

var (
	eventsAPI = api{group: "events.k8s.io/v1", root: "/apis/events.k8s.io/v1"}
	coreAPI   = api{group: "v1", root: "/api/v1"}
)

// query is what is asked of the server: where, and which.
type query struct {
	namespace event.Namespace
	label     string
	field     string
	// apis are the groups that can answer, the preferred one first.
	apis     []api
	pageSize int
}

// The field labels that only one of the groups knows, as the API server
// registers them for its selectors.
var (
	coreFields   = []string{"involvedObject.", "reportingComponent", "source"}
	eventsFields = []string{"regarding.", "reportingController"}
)

func newQuery(opts Options) (query, error) {
	q := query{namespace: opts.Namespace, pageSize: opts.PageSize, apis: []api{eventsAPI, coreAPI}}
	label, err := labels.Parse(opts.LabelSelector)
	if err != nil {
		return query{}, fmt.Errorf("kube_label_selector %q: %w", opts.LabelSelector, err)
	}
	q.label = label.String()
	field, err := fields.ParseSelector(opts.FieldSelector)
	if err != nil {
		return query{}, fmt.Errorf("kube_field_selector %q: %w", opts.FieldSelector, err)
	}
	core, events := names(field, coreFields), names(field, eventsFields)
	switch {
	case core && events:
		return query{}, fmt.Errorf("kube_field_selector %q: it mixes fields of core/v1 (%s) and of events.k8s.io/v1 (%s); use those of one",
			opts.FieldSelector, strings.Join(coreFields, ", "), strings.Join(eventsFields, ", "))
	case core:
		q.apis = []api{coreAPI}
	case events:
		q.apis = []api{eventsAPI}
	}
	terms := []fields.Selector{field}
	for _, ns := range opts.Exclude {
		terms = append(terms, fields.OneTermNotEqualSelector("metadata.namespace", string(ns)))
	}
	q.field = fields.AndSelectors(terms...).String()
	return q, nil
}

// Groups returns the groups of the API of which one has to be readable for events
// that a field selector chooses, the preferred one first; none where the selector is
// not a valid one.
func Groups(fieldSelector string) []string {
	q, err := newQuery(Options{FieldSelector: fieldSelector})
	if err != nil {
		return nil
	}
	groups := make([]string, len(q.apis))
	for i, a := range q.apis {
		groups[i], _, _ = strings.Cut(a.group, "/")
		if a == coreAPI {
			groups[i] = ""
		}
	}
	return groups
}

func names(sel fields.Selector, prefixes []string) bool {
	return slices.ContainsFunc(sel.Requirements(), func(r fields.Requirement) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(r.Field, p) })
	})
}

// api returns the group that is asked.
func (q *query) api() api { return q.apis[0] }

// next makes the other group the preferred one and reports whether there is
// another.
func (q *query) next() bool {
	if len(q.apis) < 2 {
		return false
	}
	slices.Reverse(q.apis)
	return true
}

func (q *query) path() string {
	if q.namespace == "" {
		return q.api().root + "/events"
	}
	return q.api().root + "/namespaces/" + string(q.namespace) + "/events"
}

// scope tells apart queries that see different events.
func (q *query) scope() string {
	return strings.Join([]string{string(q.namespace), q.label, q.field}, "|")
}
