package drift

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxDrifts is how many drifts are told of an object.
const maxDrifts = 100

// maxValue is how long a value is told, in bytes of JSON.
const maxValue = 1 << 10

// drifts are the first hundred by their paths.
type drifts struct {
	all   []found
	count int64
}

// found is a drift whose values are not written yet.
type found struct {
	path          string
	trail         []step
	desired, live any
	here          bool
	manager       string
}

// wants reports whether a drift is among the first.
func (d *drifts) wants(path string) bool {
	return len(d.all) < maxDrifts || path < d.all[len(d.all)-1].path
}

func (d *drifts) add(f found) {
	at, _ := slices.BinarySearchFunc(d.all, f.path, func(f found, path string) int { return strings.Compare(f.path, path) })
	d.all = slices.Insert(d.all, at, f)
	if len(d.all) > maxDrifts {
		d.all = d.all[:maxDrifts]
	}
}

// told writes the drifts between two objects down.
func (d *drifts) told(opts *Options, desired, live map[string]any) []event.Drift {
	out := make([]event.Drift, len(d.all))
	want, is := origin{raw: desired}, origin{raw: live}
	for i := range d.all {
		f := &d.all[i]
		out[i] = event.Drift{Path: f.path, Manager: f.manager}
		if _, secret := f.desired.(secretValue); !secret {
			f.desired = want.value(opts.Clean, f.trail, f.desired, false)
			if f.here {
				f.live = is.value(opts.Clean, f.trail, f.live, true)
			}
		}
		out[i].Desired = write(f.desired, f.live, opts.Hash)
		if f.here {
			out[i].Live = write(f.live, f.desired, opts.Hash)
		}
	}
	return out
}

// write writes a value as JSON. A longer text is told where it begins to differ
// from the other, by whole lines, with … for what is left out; a longer object or
// list as "{…}" or "[…]": a part of one is nothing that secrets could be found in
// by their names.
func write(v, other any, hash func(key string, value []byte) string) event.JSON {
	switch v := v.(type) {
	case secretValue:
		if hash == nil {
			return ""
		}
		return marshal(hash(v.key, v.value))
	case string:
		if strings.Contains(v, privateKey) {
			return marshal(ellipsis)
		}
		if len(v) <= maxValue {
			// Escapes may make it longer.
			if out := marshal(v); len(out) <= maxValue {
				return out
			}
		}
		with, _ := other.(string)
		return marshal(excerpt(v, with))
	case map[string]any:
		if out := marshal(v); len(out) <= maxValue && !strings.Contains(string(out), privateKey) {
			return out
		}
		return `"{…}"`
	case []any:
		if out := marshal(v); len(out) <= maxValue && !strings.Contains(string(out), privateKey) {
			return out
		}
		return `"[…]"`
	default:
		return marshal(v)
	}
}

// privateKey is how the first line of a key in PEM ends, which is told of nobody.
const privateKey = "PRIVATE KEY-----"

func marshal(v any) event.JSON {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return event.JSON(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// maxExcerpt is how much of a long text is told: all of it may have to be escaped.
const maxExcerpt = maxValue / 8

// excerpt returns the lines of a text from the one on that differs. Nothing is
// told of texts that hold keys in PEM, of which a part is not known as one, nor of
// lines that are too long to be whole.
func excerpt(s, other string) string {
	if strings.Contains(s, "-----BEGIN ") || strings.Contains(other, "-----BEGIN ") {
		return ellipsis
	}
	if s == other {
		// What differs may not be told.
		return ellipsis
	}
	n := min(len(s), len(other))
	same := 0
	for same < n && s[same] == other[same] {
		same++
	}
	from := strings.LastIndexByte(s[:same], '\n') + 1
	rest := s[from:]
	if len(rest) > maxExcerpt {
		end := strings.LastIndexByte(rest[:maxExcerpt], '\n')
		if end < 0 {
			return ellipsis
		}
		rest = rest[:end+1] + ellipsis
	}
	if from > 0 {
		rest = ellipsis + rest
	}
	if !utf8.ValidString(rest) {
		rest = strings.ToValidUTF8(rest, "\uFFFD")
	}
	return rest
}
