package generic

import (
	_ "embed"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

//go:embed kinds.rules
var kindsSource string

// table holds the entries by what they match.
type table struct {
	entries []*entry
	exact   map[string]*entry
	// anyKind is by group, where the kind is *.
	anyKind map[string]*entry
	// groups are by what the group ends in, longest first, where it begins with *.
	groups []suffixed
}

type suffixed struct {
	suffix string
	entry  *entry
}

// kinds parses kinds.rules once, when the first object is assessed.
var kinds = sync.OnceValue(func() *table {
	t, err := newTable(kindsSource)
	if err != nil {
		// The file is compiled in and every test reads it.
		panic("generic: read kinds.rules: " + err.Error())
	}
	return t
})

func newTable(source string) (*table, error) {
	entries, err := parseEntries(source, codes())
	if err != nil {
		return nil, err
	}
	t := &table{entries: entries, exact: make(map[string]*entry), anyKind: make(map[string]*entry)}
	for _, e := range entries {
		for _, kind := range e.kinds {
			group, name, _ := strings.Cut(kind, "/")
			switch {
			case strings.HasPrefix(group, "*"):
				t.groups = append(t.groups, suffixed{suffix: group[1:], entry: e})
			case name == "*":
				t.anyKind[group] = e
			default:
				t.exact[kind] = e
			}
		}
	}
	return t, nil
}

func (t *table) find(group, kind string) *entry {
	if e := t.exact[group+"/"+kind]; e != nil {
		return e
	}
	if e := t.anyKind[group]; e != nil {
		return e
	}
	for _, s := range t.groups {
		if strings.HasSuffix(group, s.suffix) {
			return s.entry
		}
	}
	return nil
}

// Assess returns the health of obj, which is not changed. It is HealthNone where
// the object says nothing of how it is.
func Assess(obj *unstructured.Unstructured) event.Assessment {
	if obj == nil {
		return event.Assessment{}
	}
	if text(at(obj.Object, "metadata", "deletionTimestamp")) != "" {
		return event.Assessment{Health: event.HealthProgressing, Reason: "Terminating", Message: "Pending deletion"}
	}
	group := ""
	if before, _, ok := strings.Cut(text(obj.Object["apiVersion"]), "/"); ok {
		group = before
	}
	e := kinds().find(group, text(obj.Object["kind"]))
	if e == nil && builtIn[group] {
		return event.Assessment{}
	}
	var buffer [16]condition
	s := subjectOf(obj.Object, buffer[:0])
	if e != nil {
		return e.assess(s)
	}
	return common(s)
}

// Has reports whether the kind has an entry of its own: whether more is known of
// it than what conditions commonly mean.
func Has(kind event.GroupKind) bool {
	return kinds().find(kind.Group, kind.Kind) != nil
}

// BuiltIn reports whether a group is one of Kubernetes itself: its kinds have no
// health unless they have an entry.
func BuiltIn(group string) bool { return builtIn[group] }
