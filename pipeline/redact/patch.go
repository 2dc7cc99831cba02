package redact

import "strings"

// Limits of the paths of one JSON patch operation, all of them together where
// it has several. The value of an operation that exceeds them is withheld.
const (
	maxSegments = 64
	// maxPath is in bytes. The key of a Secret's value has at most 253.
	maxPath = 1024
)

// patchMeaning says what the path of a patch operation leads to.
type patchMeaning uint8

const (
	// patchNone is no patch operation.
	patchNone patchMeaning = iota
	// patchOther is anything that is not of the following.
	patchOther
	// patchData is all of data or stringData.
	patchData
	// patchMember is something within data or stringData.
	patchMember
	// patchCredential is a key that holds a credential.
	patchCredential
	// patchApplied is the last-applied-configuration.
	patchApplied
	// patchVariable is a variable, or a setting, whose name says secret.
	patchVariable
	// patchVariables is all of env, patchSettings all of a ConfigMap's data.
	patchVariables
	patchSettings
	// patchCommand is the words of a command, or one of them.
	patchCommand
	// patchRelease is a release of Helm in a ConfigMap.
	patchRelease
	// patchTooLong is a path beyond the limits.
	patchTooLong
)

// patch is the target of a JSON patch operation. An object may have many
// members named value: what the path means is decided once, not for each.
type patch struct {
	meaning patchMeaning
	// key is the last segment of the path.
	key string
	// segment is the one from which the meaning follows.
	segment string
	// owner is whose fields a value without a kind has.
	owner owner
}

// patchTarget returns where the operation of a JSON patch (RFC 6902) in node i
// leads. Which of several paths counts depends on the reader, so data counts
// first: not all that stands under the key of a credential is one. In an open
// patch data is not a Secret's.
func (w *walk) patchTarget(i int32, open bool) patch {
	var p patch
	segments, size := 0, 0
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.kind != '"' || kid.class&keyPath == 0 {
			continue
		}
		segments += 1 + strings.Count(kid.text, "/")
		if size += len(kid.text); segments > maxSegments || size > maxPath {
			return patch{meaning: patchTooLong}
		}
		switch p.meaning {
		case patchNone, patchOther:
			p = w.s.pathTarget(kid.text, open)
		case patchCredential, patchApplied, patchVariable, patchVariables, patchSettings, patchCommand, patchRelease:
			if other := w.s.pathTarget(kid.text, open); other.meaning == patchData || other.meaning == patchMember {
				p = other
			}
		case patchData:
			// The hash of all of it says less than those of its members.
			p.meaning = patchMember
		case patchMember, patchTooLong:
		}
	}
	return p
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

func (s *structural) pathTarget(path string, open bool) patch {
	segments := strings.Split(path, "/")
	last := len(segments) - 1
	p := patch{meaning: patchOther, key: unescapePointer.Replace(segments[last]), owner: ownerUnknown}
	data := keyData | keyStringData
	if open {
		data, p.owner = keyStringData, ownerOther
	}
	for i, segment := range segments {
		segment = unescapePointer.Replace(segment)
		switch class := classify(segment); {
		case class&data != 0:
			p.segment, p.meaning = segment, patchMember
			if i == last {
				p.meaning = patchData
			}
			return p
		case p.meaning == patchOther && class&(keyVanishing|keyVanishingTail) != 0:
			p.segment, p.meaning = segment, patchCredential
		}
	}
	if p.meaning == patchOther {
		p.meaning = s.lastMeaning(&p, unescapePointer.Replace(segments[max(0, last-1)]))
	}
	return p
}

// lastMeaning returns what the last key of a path, and the one before it, say of
// what is put there.
func (s *structural) lastMeaning(p *patch, before string) patchMeaning {
	class, outer := classify(p.key), classify(before)
	switch {
	case strings.EqualFold(p.key, lastApplied):
		return patchApplied
	case class&(keySaying|keyMaySay|keyBasic|keyDocker) != 0:
		p.segment = p.key
		return patchCredential
	case class&keyEnv != 0:
		return patchVariables
	case class&keyData != 0:
		return patchSettings
	case class&keyCommand != 0, outer&keyCommand != 0:
		return patchCommand
	case outer&keyData != 0 && strings.EqualFold(p.key, helmRelease):
		return patchRelease
	case outer&keyEnv != 0, outer&keyData != 0 && strings.IndexByte(p.key, '.') < 0:
		if secret, rule := s.variable(p.key); secret {
			p.segment = rule
			return patchVariable
		}
	}
	return patchOther
}

// patchValue redacts what a patch operation puts at its target. What the patch
// is for is not known, unless it is open, so that data is taken for a
// Secret's.
func (w *walk) patchValue(i int32, p patch, depth int) {
	n := &w.t.nodes[i]
	switch p.meaning {
	case patchTooLong:
		w.setText(n, MarkWithheld, ReasonTooLarge)
		return
	case patchData, patchMember:
		if p.meaning == patchData && n.kind == '{' {
			w.data(i, p.segment)
			return
		}
		w.secret(i, p.key, strings.EqualFold(p.segment, "data"))
		return
	case patchCredential:
		class := classify(p.segment)
		if class.vanishes(n.kind, n.text) || (n.kind != '{' && n.kind != '[' && class.says(n.text, 0)) {
			w.vanish(i, ruleOf(p.segment))
			return
		}
		if class&keyDocker != 0 && n.kind == '"' && !beginsJSON(n.text) {
			w.vanish(i, RuleDocker)
			return
		}
	case patchVariable:
		if n.kind != '{' && n.kind != '[' && !isOrdinary(n.text) {
			w.vanish(i, p.segment)
			return
		}
	case patchVariables, patchSettings:
		if n.kind == '{' {
			names := namesVariables
			if p.meaning == patchSettings {
				names = namesSettings
			}
			w.container(i, p.owner, depth, names)
			return
		}
		w.command(i, p.owner, depth, argv{})
		return
	case patchCommand:
		w.command(i, p.owner, depth, argv{})
		return
	case patchRelease:
		if n.kind == '"' && isRelease(n.text) {
			w.s.x.note(RuleHelm, "")
			w.hash(i, p.key, true)
			return
		}
	case patchApplied:
		if n.kind == '"' {
			out, reason := w.s.document(n.text, depth+1)
			w.found(n, out, reason, true)
			return
		}
	case patchNone, patchOther:
	}
	w.value(i, p.owner, depth)
}
