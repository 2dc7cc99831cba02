package drift

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Bounds of the search for owners: whoever may write an object can make thousands
// of managers of it.
const (
	// maxOwners is how many managers are looked at, the latest first.
	maxOwners = 64
	// maxSteps is how many lookups are made for one object.
	maxSteps = 500_000
	// maxManager is how long a manager's name can be (the API allows 128 bytes).
	maxManager = 128
)

// owner is an entry of metadata.managedFields.
type owner struct {
	manager     string
	subresource string
	time        string
	fields      map[string]any
}

// owners are the managers of an object's fields, read when first asked for.
type owners struct {
	read  bool
	all   []owner
	steps int
}

func (o *owners) load(live map[string]any) {
	if o.read {
		return
	}
	o.read = true
	meta, _ := live["metadata"].(map[string]any)
	entries, _ := meta["managedFields"].([]any)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		fields, _ := entry["fieldsV1"].(map[string]any)
		manager, _ := entry["manager"].(string)
		subresource, _ := entry["subresource"].(string)
		at, _ := entry["time"].(string)
		if len(fields) > 0 && subresource != "status" {
			o.all = append(o.all, owner{clip(manager, maxManager), subresource, at, fields})
		}
	}
	// The API server writes all times in one form, in which later ones are greater.
	slices.SortStableFunc(o.all, func(a, b owner) int { return strings.Compare(b.time, a.time) })
	if len(o.all) > maxOwners {
		o.all = o.all[:maxOwners]
	}
}

// of returns who owns the field at the end of a trail: the last who wrote it. It is
// nil where nobody does.
func (o *owners) of(live map[string]any, trail []step) *owner {
	o.load(live)
	for i := range o.all {
		if o.descend(o.all[i].fields, trail) != nil {
			return &o.all[i]
		}
	}
	return nil
}

// has reports whether somebody of that name owns anything.
func (o *owners) has(live map[string]any, name func(manager string) bool) bool {
	o.load(live)
	return slices.ContainsFunc(o.all, func(e owner) bool { return name(e.manager) })
}

// descend returns what a set of fields (FieldsV1 of k8s.io/apimachinery) says of the
// field at the end of a trail; nil if it is not in the set.
func (o *owners) descend(fields map[string]any, trail []step) map[string]any {
	for i := range trail {
		if o.steps++; o.steps > maxSteps {
			return nil
		}
		if len(fields) == 0 {
			// A value that is owned as a whole.
			return map[string]any{}
		}
		s := &trail[i]
		next, ok := fields["f:"+s.name]
		if s.element {
			next, ok = fields[elementKey(fields, s)]
		}
		if !ok {
			return nil
		}
		fields, _ = next.(map[string]any)
	}
	if fields == nil {
		fields = map[string]any{}
	}
	return fields
}

// elementKey returns how a set of fields names an element of a list.
func elementKey(fields map[string]any, s *step) string {
	m, ok := s.live.(map[string]any)
	if !ok {
		if s.live != nil {
			if v, err := json.Marshal(s.live); err == nil {
				return "v:" + string(v)
			}
		}
		return "i:" + strconv.Itoa(s.index)
	}
	keys := s.keys
	if keys == nil {
		keys = keysIn(fields)
	}
	if keys == nil {
		return "i:" + strconv.Itoa(s.index)
	}
	key := make(map[string]any, len(keys))
	for _, k := range keys {
		if v, ok := m[k]; ok {
			key[k] = v
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(key); err != nil {
		return ""
	}
	return "k:" + strings.TrimSuffix(b.String(), "\n")
}

// keysIn returns the keys by which a set of fields names the elements of a list; nil
// if it does not. All elements have the same.
func keysIn(fields map[string]any) []string {
	for name := range fields {
		text, ok := strings.CutPrefix(name, "k:")
		if !ok {
			if name == "." {
				continue
			}
			return nil
		}
		var key map[string]json.RawMessage
		if len(text) > 4<<10 || json.Unmarshal([]byte(text), &key) != nil || len(key) == 0 || len(key) > 8 {
			return nil
		}
		keys := make([]string, 0, len(key))
		for k := range key {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		return keys
	}
	return nil
}

// listKeys returns the keys of the list at the end of a trail; nil if they are not
// known.
func (o *owners) listKeys(live map[string]any, trail []step) []string {
	o.load(live)
	for i := range o.all {
		if fields := o.descend(o.all[i].fields, trail); len(fields) > 0 {
			if keys := keysIn(fields); keys != nil {
				return keys
			}
		}
	}
	return nil
}
