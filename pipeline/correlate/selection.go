package correlate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unique"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// maxSelections is how many Applications of one namespace are asked whether they
// select an object: the oldest ones. maxAsked is how long their selectors are
// together at most, in bytes: each object of the namespace is asked them all.
const (
	maxSelections = 100
	maxAsked      = 16 << 10
)

// selection is what an Application of app.k8s.io selects.
type selection struct {
	kinds []event.GroupKind
	text  string
	// selector is nil if it cannot be read: it selects nothing.
	selector labels.Selector

	name      string
	namespace unique.Handle[string]
	created   time.Time
	// listed is set while the selection is one of the index's.
	listed bool
}

// newSelection returns what live selects: old if that has not changed.
func newSelection(old *selection, live *event.Live) *selection {
	s := live.Selection
	if old != nil && old.text == s.Selector && slices.Equal(old.kinds, s.Kinds) {
		return old
	}
	made := &selection{
		text: strings.Clone(s.Selector), created: live.Created,
		name: strings.Clone(live.Ref.Name), namespace: unique.Make(string(live.Ref.Namespace)),
	}
	for _, k := range s.Kinds {
		made.kinds = append(made.kinds, event.GroupKind{Group: strings.Clone(k.Group), Kind: strings.Clone(k.Kind)})
	}
	if parsed, err := labels.Parse(made.text); err == nil {
		made.selector = parsed
	}
	return made
}

// selections are those of live Applications by namespace, the oldest first.
type selections map[unique.Handle[string]][]*selection

func compareSelections(a, b *selection) int {
	return cmp.Or(a.created.Compare(b.created), strings.Compare(a.name, b.name))
}

// replace makes the selection of a live object known in place of its old one.
func (s selections) replace(n *node, old *extra) {
	var made *selection
	if n.extra != nil {
		made = n.extra.selection
	}
	if old != nil && old.selection != made {
		s.remove(old.selection)
	}
	if made == nil || made.listed || n.grave != nil {
		return
	}
	in := s[made.namespace]
	i, _ := slices.BinarySearchFunc(in, made, compareSelections)
	s[made.namespace] = slices.Insert(in, i, made)
	made.listed = true
}

func (s selections) remove(old *selection) {
	if old == nil || !old.listed {
		return
	}
	old.listed = false
	in := slices.DeleteFunc(s[old.namespace], func(o *selection) bool { return o == old })
	if s[old.namespace] = in; len(in) == 0 {
		delete(s, old.namespace)
	}
}

// find returns the first selection that selects an object.
func (s selections) find(object *rule.Object) *selection {
	in := s[unique.Make(string(object.Ref.Namespace))]
	if len(in) == 0 || object.Labels == rule.Metadata(unknown) {
		return nil
	}
	kind := event.GroupKind{Group: groupOf(object.Ref.APIVersion), Kind: object.Ref.Kind}
	of, asked := labelsOf(object.Labels), 0
	for _, s := range in[:min(len(in), maxSelections)] {
		if asked += len(s.text); asked > maxAsked {
			return nil
		}
		if len(s.kinds) > 0 && !slices.Contains(s.kinds, kind) {
			continue
		}
		if s.selector != nil && s.selector.Matches(of) {
			return s
		}
	}
	return nil
}

// maxSearched is how long a set may be that is searched for each label.
const maxSearched = 1 << 10

// labelsOf returns labels as selectors read them.
func labelsOf(m rule.Metadata) labels.Labels {
	if s, ok := m.(*set); !ok || len(s.text) <= maxSearched {
		return labelSet{m}
	}
	return labels.Set(maps.Collect(m.All()))
}

// labelSet are labels as selectors of Kubernetes read them.
type labelSet struct{ rule.Metadata }

func (s labelSet) Has(key string) bool {
	_, ok := s.Metadata.Get(key)
	return ok
}

func (s labelSet) Get(key string) string {
	value, _ := s.Metadata.Get(key)
	return value
}

func (s labelSet) Lookup(key string) (string, bool) { return s.Metadata.Get(key) }
