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
}

// patchTarget returns where the operation n of a JSON patch (RFC 6902) leads.
// Which of several paths counts depends on the reader, so data counts first:
// not all that stands under the key of a credential is one.
func patchTarget(n *node) patch {
	var p patch
	segments, size := 0, 0
	for i := range n.kids {
		kid := &n.kids[i]
		if kid.kind != '"' || !strings.EqualFold(kid.key, "path") {
			continue
		}
		segments += 1 + strings.Count(kid.text, "/")
		if size += len(kid.text); segments > maxSegments || size > maxPath {
			return patch{meaning: patchTooLong}
		}
		switch p.meaning {
		case patchNone, patchOther:
			p = pathTarget(kid.text)
		case patchCredential, patchApplied:
			if other := pathTarget(kid.text); other.meaning == patchData || other.meaning == patchMember {
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

func pathTarget(path string) patch {
	segments := strings.Split(path, "/")
	last := len(segments) - 1
	p := patch{meaning: patchOther, key: unescapePointer.Replace(segments[last])}
	for i, segment := range segments {
		segment = unescapePointer.Replace(segment)
		switch {
		case isDataKey(segment):
			p.segment, p.meaning = segment, patchMember
			if i == last {
				p.meaning = patchData
			}
			return p
		case p.meaning == patchOther && vanishes(segment, '"', ""):
			p.segment, p.meaning = segment, patchCredential
		}
	}
	if p.meaning == patchOther && strings.EqualFold(p.key, lastApplied) {
		p.meaning = patchApplied
	}
	return p
}

// patchValue redacts what a patch operation puts at its target. What the patch
// is for is not known, so that data is taken for a Secret's.
func (w *walk) patchValue(n *node, p patch, depth int) {
	switch p.meaning {
	case patchTooLong:
		w.setText(n, MarkWithheld, ReasonTooLarge)
		return
	case patchData, patchMember:
		if p.meaning == patchData && n.kind == '{' {
			key := n.key
			n.key = p.segment
			w.data(n)
			n.key = key
			return
		}
		w.secret(n, p.key, strings.EqualFold(p.segment, "data"))
		return
	case patchCredential:
		if vanishes(p.segment, n.kind, n.text) {
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
	w.value(n, ownerUnknown, depth)
}
