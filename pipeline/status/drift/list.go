package drift

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
)

// list compares lists. Of those that a write merges, the object may have more
// elements than the manifest: they are somebody else's. Of others it may not.
func (w *walk) list(t *typ, desired, live []any) {
	var elem *typ
	merging, keys := replaced, []string(nil)
	if t != nil {
		elem, merging, keys = t.elem, t.merging, t.keys
	}
	switch {
	case merging == keyed:
		w.keyed(elem, keys, desired, live)
		return
	case merging == set:
		w.set(desired, live)
		return
	case len(desired) == len(live):
	case t == nil:
		// The schema of a custom resource is not at hand, but who owns the elements
		// is told by their keys.
		if keys := w.owners.listKeys(w.live, w.trail); keys != nil && haveKeys(desired, keys) {
			w.keyed(nil, keys, desired, live)
			return
		}
		fallthrough
	default:
		w.drift(desired, live, true)
		return
	}
	if merging == unordered {
		desired, live = ordered(desired), ordered(live)
	}
	for i := range desired {
		cut := w.element(i, nil, desired[i], live[i])
		w.value(elem, desired[i], live[i], true)
		w.back(cut)
	}
}

// keyed compares lists whose elements are told apart by the values of keys. Where
// several have the same, they are compared in their order if there are as many on
// both sides; otherwise the last ones are, which is the one that counts among
// environment variables.
func (w *walk) keyed(elem *typ, keys []string, desired, live []any) {
	at := make(map[string][]int, len(live))
	for i, l := range live {
		if key, ok := keyOf(l, keys); ok {
			at[key] = append(at[key], i)
		}
	}
	wanted := make(map[string]int, len(desired))
	for _, d := range desired {
		if key, ok := keyOf(d, keys); ok {
			wanted[key]++
		}
	}
	nth := make(map[string]int, len(desired))
	for i, d := range desired {
		key, ok := keyOf(d, keys)
		if !ok {
			cut := w.element(i, nil, d, nil)
			w.mistyped(false)
			w.back(cut)
			continue
		}
		n := nth[key]
		nth[key]++
		same := at[key]
		switch {
		case len(same) == wanted[key]:
		case n+1 < wanted[key]:
			continue
		default:
			n = len(same) - 1
		}
		var l any
		if n >= 0 && len(same) > 0 {
			l = live[same[n]]
		}
		cut := w.element(i, keys, d, l)
		if l == nil {
			w.drift(d, nil, false)
		} else {
			w.value(elem, d, l, true)
		}
		w.back(cut)
	}
}

// set compares sets of texts.
func (w *walk) set(desired, live []any) {
	has := make(map[any]bool, len(live))
	for _, l := range live {
		if s, ok := l.(string); ok {
			has[s] = true
		}
	}
	for i, d := range desired {
		s, ok := d.(string)
		cut := w.element(i, nil, d, nil)
		switch {
		case !ok:
			w.mistyped(false)
		case !has[s]:
			w.drift(d, nil, false)
		}
		w.back(cut)
	}
}

// defaults are the values of keys that may be left out.
var defaults = map[string]string{"protocol": "TCP", "operator": "Equal"}

// keyOf returns the values of an element's keys as one text; false where it is no
// object, or has none of them.
func keyOf(element any, keys []string) (string, bool) {
	m, ok := element.(map[string]any)
	if !ok {
		return "", false
	}
	var buf []byte
	some := false
	for _, key := range keys {
		v, ok := m[key]
		if !ok || v == nil || v == "" {
			v = defaults[key]
		} else {
			some = true
		}
		switch v := v.(type) {
		case string:
			buf = strconv.AppendQuote(buf, v)
		case bool:
			buf = strconv.AppendBool(buf, v)
		default:
			n, ok := numberOf(v)
			if !ok {
				return "", false
			}
			buf = n.append(buf)
		}
		buf = append(buf, ',')
	}
	return string(buf), some
}

func haveKeys(elements []any, keys []string) bool {
	for _, e := range elements {
		if _, ok := keyOf(e, keys); !ok {
			return false
		}
	}
	return true
}

// ordered returns a list that the server may reorder in an order that only what
// users write in it decides.
func ordered(in []any) []any {
	type ranked struct {
		rank string
		v    any
	}
	all := make([]ranked, len(in))
	for i, v := range in {
		all[i] = ranked{rank(v), v}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]any, len(in))
	for i := range all {
		out[i] = all[i].v
	}
	return out
}

// rank tells elements apart by what names them: an address by its IP, a port by its
// number, a metric by its type and name, a subset of endpoints by its addresses.
func rank(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	var buf []byte
	for _, key := range []string{"type", "ip", "hostname", "port", "name"} {
		switch v := m[key].(type) {
		case nil:
		case string:
			buf = append(buf, v...)
		default:
			if n, ok := numberOf(v); ok {
				buf = n.append(buf)
			}
		}
		buf = append(buf, 0)
	}
	protocol, _ := m["protocol"].(string)
	buf = append(buf, cmp.Or(protocol, defaults["protocol"])...)
	for _, source := range []string{"resource", "containerResource", "pods", "object", "external"} {
		s, ok := m[source].(map[string]any)
		if !ok {
			continue
		}
		named := []any{s["name"], s["container"], s["metric"], s["describedObject"]}
		if data, err := json.Marshal(named); err == nil {
			buf = append(append(buf, 0), data...)
		}
	}
	for _, addresses := range []string{"addresses", "notReadyAddresses"} {
		lowest := ""
		all, _ := m[addresses].([]any)
		for _, a := range all {
			a, _ := a.(map[string]any)
			if ip, ok := a["ip"].(string); ok && (lowest == "" || ip < lowest) {
				lowest = ip
			}
		}
		buf = append(append(buf, 0), lowest...)
	}
	return string(buf)
}
