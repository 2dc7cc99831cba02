package decode

import (
	"strings"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Of a spec no more than this is kept.
const (
	maxClaimTemplates = 64
	maxSelectionKinds = 64
	maxSelector       = 4 << 10
	maxRequirements   = 64
)

// ReadsSpec reports whether something is kept of the spec of a kind's objects. Of
// others the metadata is all that is needed.
func ReadsSpec(kind event.GroupKind) bool {
	switch kind {
	case event.GroupKind{Group: "apps", Kind: "StatefulSet"},
		event.GroupKind{Kind: "PersistentVolume"},
		event.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"},
		event.GroupKind{Group: "storage.k8s.io", Kind: "VolumeAttachment"},
		event.GroupKind{Group: "app.k8s.io", Kind: "Application"}:
		return true
	default:
		return false
	}
}

// readSpec reads what the specs of some kinds say about other objects: what no
// owner reference does.
func (r *liveReader) readSpec() error {
	l := &r.live
	group, _, ok := strings.Cut(l.Ref.APIVersion, "/")
	if !ok {
		group = ""
	}
	switch (event.GroupKind{Group: group, Kind: l.Ref.Kind}) {
	case event.GroupKind{Group: "apps", Kind: "StatefulSet"}:
		return r.member("volumeClaimTemplates", r.claimTemplates)
	case event.GroupKind{Kind: "PersistentVolume"}:
		return r.member("claimRef", func() error {
			err := r.target()
			if l.Target.Name == "" || l.Target.Namespace == "" {
				l.Target = event.ObjectRef{}
				return err
			}
			l.Target.APIVersion, l.Target.Kind = "v1", "PersistentVolumeClaim"
			return err
		})
	case event.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:
		return r.member("scaleTargetRef", func() error {
			err := r.target()
			if l.Target.Name == "" || l.Target.Kind == "" {
				l.Target = event.ObjectRef{}
				return err
			}
			l.Target.Namespace, l.Target.UID = l.Ref.Namespace, ""
			return err
		})
	case event.GroupKind{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:
		return r.member("source", func() error {
			l.Target = event.ObjectRef{}
			return r.member("persistentVolumeName", func() error {
				var name string
				err := r.word(&name)
				if l.Target = (event.ObjectRef{}); name != "" {
					l.Target = event.ObjectRef{APIVersion: "v1", Kind: "PersistentVolume", Name: name}
				}
				return err
			})
		})
	case event.GroupKind{Group: "app.k8s.io", Kind: "Application"}:
		return r.selection()
	}
	return nil
}

// member reads one member of an object by read, and skips the others.
func (r *liveReader) member(name string, read func() error) error {
	return r.object(func(key []byte) error {
		if string(key) == name {
			return read()
		}
		return r.json.Skip()
	})
}

func (r *liveReader) claimTemplates() error {
	r.live.ClaimTemplates = nil
	return r.array(func() error {
		var name string
		err := r.member("metadata", func() error {
			name = ""
			return r.member("name", func() error { return r.word(&name) })
		})
		if name != "" && len(r.live.ClaimTemplates) < maxClaimTemplates {
			r.live.ClaimTemplates = append(r.live.ClaimTemplates, name)
		}
		return err
	})
}

// target reads a reference to another object.
func (r *liveReader) target() error {
	r.live.Target = event.ObjectRef{}
	to := &r.live.Target
	return r.object(func(key []byte) error {
		switch string(key) {
		case "apiVersion":
			return r.word(&to.APIVersion)
		case "kind":
			return r.word(&to.Kind)
		case "namespace":
			return r.word((*string)(&to.Namespace))
		case "name":
			return r.word(&to.Name)
		case "uid":
			return r.word((*string)(&to.UID))
		}
		return r.json.Skip()
	})
}

// selection reads the spec of an Application. Without a selector that can be
// read it selects nothing, as LabelSelectors do.
func (r *liveReader) selection() error {
	var kinds []event.GroupKind
	var s selector
	err := r.object(func(key []byte) error {
		switch string(key) {
		case "componentKinds":
			kinds = nil
			return r.array(func() error {
				var k event.GroupKind
				err := r.object(func(key []byte) error {
					switch string(key) {
					case "group":
						return r.word(&k.Group)
					case "kind":
						return r.word(&k.Kind)
					}
					return r.json.Skip()
				})
				if k.Kind != "" && len(kinds) < maxSelectionKinds {
					// The Application's own controller takes apps/v1 and v1, too.
					if group, _, ok := strings.Cut(k.Group, "/"); ok {
						k.Group = group
					} else if k.Group == "v1" || k.Group == "core" {
						k.Group = ""
					}
					kinds = append(kinds, k)
				}
				return err
			})
		case "selector":
			s = selector{there: r.json.Next() == jx.Object}
			return r.selector(&s)
		}
		return r.json.Skip()
	})
	if s.there && !s.odd {
		r.live.Selection = &event.Selection{Kinds: kinds, Selector: string(s.text)}
	}
	return err
}

// selector is a LabelSelector in the notation of kubectl.
type selector struct {
	text  []byte
	there bool
	// odd is set if a part of it cannot be written so.
	odd bool
	// requirements is how many it has.
	requirements int
}

// add adds a requirement: a label alone, or with an operator and values.
func (s *selector) add(before, label, operator string, values []string, after string) {
	s.requirements++
	s.odd = s.odd || label == "" || !selectable(label) || s.requirements > maxRequirements
	if len(s.text) > 0 {
		s.text = append(s.text, ',')
	}
	s.text = append(s.text, before...)
	s.text = append(s.text, label...)
	s.text = append(s.text, operator...)
	for i, v := range values {
		s.odd = s.odd || !selectable(v)
		if i > 0 {
			s.text = append(s.text, ',')
		}
		s.text = append(s.text, v...)
	}
	s.text = append(s.text, after...)
	if len(s.text) > maxSelector {
		s.odd, s.text = true, s.text[:0]
	}
}

// selectable reports whether s has only characters that labels may have, none of
// which means anything in a selector.
func selectable(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '/':
		default:
			return false
		}
	}
	return true
}

func (r *liveReader) selector(s *selector) error {
	return r.object(func(key []byte) error {
		switch string(key) {
		case "matchLabels":
			return r.object(func(key []byte) error {
				var value string
				label := text(key)
				s.odd = s.odd || r.json.Next() != jx.String
				err := r.word(&value)
				s.add("", label, "=", []string{value}, "")
				return err
			})
		case "matchExpressions":
			return r.array(func() error { return r.expression(s) })
		}
		return r.json.Skip()
	})
}

// expression reads one element of matchExpressions.
func (r *liveReader) expression(s *selector) error {
	var label, operator string
	var values []string
	size := 0
	err := r.object(func(key []byte) error {
		switch string(key) {
		case "key":
			return r.word(&label)
		case "operator":
			return r.word(&operator)
		case "values":
			values = nil
			return r.array(func() error {
				var v string
				s.odd = s.odd || r.json.Next() != jx.String || size > maxSelector
				if s.odd {
					return r.json.Skip()
				}
				err := r.word(&v)
				size += len(v) + 1
				values = append(values, v)
				return err
			})
		}
		return r.json.Skip()
	})
	switch operator {
	case "In", "NotIn":
		s.odd = s.odd || len(values) == 0
		word := map[string]string{"In": " in (", "NotIn": " notin ("}[operator]
		s.add("", label, word, values, ")")
	case "Exists":
		s.add("", label, "", nil, "")
	case "DoesNotExist":
		s.add("!", label, "", nil, "")
	default:
		s.odd = true
	}
	return err
}
