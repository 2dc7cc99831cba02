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
			p = pathTarget(kid.text, open)
		case patchCredential, patchApplied:
			if other := pathTarget(kid.text, open); other.meaning == patchData || other.meaning == patchMember {
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

func pathTarget(path string, open bool) patch {
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
	if p.meaning == patchOther && strings.EqualFold(p.key, lastApplied) {
		p.meaning = patchApplied
	}
	return p
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
		if classify(p.segment).vanishes(n.kind, n.text) {
			w.vanish(n)
			return
		}
	case patchApplied:
		if n.kind == '"' {
			out, reason := w.s.document(n.text, depth+1)
			w.setText(n, out, reason)
			return
		}
	case patchNone, patchOther:
	}
	w.value(i, p.owner, depth)
}
