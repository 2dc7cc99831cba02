package change

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// differ finds out how two objects differ in the simplest way there is.
type differ struct {
	// keyed has the merge keys by the name of a list.
	keyed map[string]string
	// lists tells lists without merge key as a whole instead of by index.
	lists bool
	// leaves tells list elements that are new by their fields, as a patch does
	// that cannot know whether they are.
	leaves bool
	out    []event.FieldPath
}

func at(path, key, parent string) string {
	if parent == "labels" {
		return path + "[" + key + "]"
	}
	return strings.TrimPrefix(path+"."+key, ".")
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func (d *differ) say(path string) { d.out = append(d.out, event.FieldPath(path)) }

func (d *differ) values(path, key string, was, is any) {
	if same(was, is) {
		return
	}
	w, wasObject := was.(map[string]any)
	i, isObject := is.(map[string]any)
	if (was == nil || wasObject) && (is == nil || isObject) && (was == nil || is == nil || len(i)+len(w) > 0) {
		if was == nil && len(i) == 0 || is == nil && (d.lists || len(w) == 0) {
			d.say(path)
			return
		}
		for _, k := range keys(w, i) {
			d.values(at(path, k, key), k, w[k], i[k])
		}
		return
	}
	wl, wasList := was.([]any)
	il, isList := is.([]any)
	mergeKey := d.keyed[key]
	if !isList || !wasList && (was != nil || mergeKey == "" || !d.leaves) {
		d.say(path)
		return
	}
	if mergeKey != "" {
		d.elements(path, mergeKey, wl, il)
		return
	}
	if d.lists {
		d.say(path)
		return
	}
	for n := range max(len(wl), len(il)) {
		p := fmt.Sprintf("%s[%d]", path, n)
		if n >= len(wl) || n >= len(il) {
			d.say(p)
		} else {
			d.values(p, "", wl[n], il[n])
		}
	}
}

func (d *differ) elements(path, mergeKey string, was, is []any) {
	find := func(l []any, key any) map[string]any {
		for _, e := range l {
			if e.(map[string]any)[mergeKey] == key {
				return e.(map[string]any)
			}
		}
		return nil
	}
	for _, e := range was {
		key := e.(map[string]any)[mergeKey]
		if find(is, key) == nil {
			d.say(fmt.Sprintf("%s[%s=%q]", path, mergeKey, key))
		}
	}
	for _, e := range is {
		now := e.(map[string]any)
		p := fmt.Sprintf("%s[%s=%q]", path, mergeKey, now[mergeKey])
		before := find(was, now[mergeKey])
		switch {
		case before != nil:
			d.values(p, "", before, now)
		case d.leaves:
			d.fresh(p, mergeKey, now)
		default:
			d.say(p)
		}
	}
}

// fresh tells a new element of a keyed list by its fields.
func (d *differ) fresh(path, mergeKey string, element map[string]any) {
	for _, k := range keys(element, nil) {
		if k == mergeKey {
			continue
		}
		if l, ok := element[k].([]any); ok && d.keyed[k] != "" {
			d.elements(at(path, k, ""), d.keyed[k], nil, l)
			continue
		}
		d.values(at(path, k, ""), k, nil, element[k])
	}
}

func keys(maps ...map[string]any) []string {
	var out []string
	for _, m := range maps {
		for k := range m {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d *differ) paths(was, is any) []event.FieldPath {
	d.out = nil
	d.values("", "", was, is)
	slices.Sort(d.out)
	return slices.Compact(d.out)
}
