package redact

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// owner says whose fields an object's members are.
type owner uint8

const (
	// ownerUnknown is an object without a kind in nothing that has one, such
	// as a merge patch: its target may be a Secret.
	ownerUnknown owner = iota
	ownerSecret
	ownerOther
	// ownerLike is a kind that makes Secrets, such as ClusterSecret: what is an
	// object in its data is the data of one, what is a list says where to find it.
	ownerLike
)

// hides reports whether data is a Secret's, where it is of the kind of node given.
func (o owner) hides(kind byte) bool {
	return o != ownerOther && (o != ownerLike || kind == '{')
}

// walk redacts a tree of JSON in place.
type walk struct {
	s *structural
	t *tree
	// open is set where the outermost value is known to be no Secret's nor a
	// patch of one.
	open    bool
	changed bool
	// reason is set when a part was withheld.
	reason string
}

func (w *walk) value(i int32, own owner, depth int) {
	switch n := &w.t.nodes[i]; n.kind {
	case '{':
		w.s.x.enter(w.t, i)
		w.object(i, own, depth+1, namesFields)
		w.s.x.leave()
	case '[':
		w.s.x.enter(w.t, i)
		first, end := w.t.kids(i)
		for k := first; k < end; k = w.t.nodes[k].end {
			if kid := &w.t.nodes[k]; kid.kind == '"' && k == first && first+1 < end {
				w.flags(i)
			}
			w.value(k, own, depth+1)
		}
		w.s.x.leave()
	default:
		w.s.x.enter(w.t, i)
		w.leaf(n, depth)
		w.s.x.leave()
	}
}

// leaf redacts a string, or a number, which may be a value as well.
func (w *walk) leaf(n *node, depth int) {
	if n.kind != '"' {
		w.found(n, n.text, "", true)
		w.number(n)
		return
	}
	if isDockerConfig(n.text) {
		w.s.x.note(RuleDocker, "")
		w.setText(n, MarkRedacted, "")
		return
	}
	if depth < MaxDepth && len(n.text) <= maxSize && isHarmless(n.text, n.bytes) {
		w.found(n, n.text, "", false)
		if n.text != "" {
			w.number(n)
		}
		return
	}
	out, reason, parsed := w.s.nested(n.text, depth+1)
	w.found(n, out, reason, parsed)
}

// maxNumber is the length of the longest number that is written out, in bytes.
const maxNumber = 32

// number looks for values in what a number is without its exponent: what reads
// 12345678 from YAML may write 1.2345678e+07.
func (w *walk) number(n *node) {
	if len(n.text) > maxNumber || (n.text[0] != '-' && (n.text[0] < '0' || n.text[0] > '9')) || !strings.ContainsAny(n.text, "eE.") {
		return
	}
	value, err := strconv.ParseFloat(n.text, 64)
	if err != nil || math.Abs(value) >= 1e18 {
		return
	}
	plain := strconv.FormatFloat(value, 'f', -1, 64)
	if out, reason := w.s.x.values(plain); out != plain {
		w.setText(n, out, reason)
	}
}

// found looks for values, and unless it is JSON for patterns, in the text that
// a leaf is to have, and sets it.
func (w *walk) found(n *node, text, reason string, parsed bool) {
	if text != MarkWithheld {
		search := w.s.x.text
		if parsed {
			search = w.s.x.values
		}
		out, why := search(text)
		text, reason = out, cmp.Or(why, reason)
	}
	if n.kind == 0 && text == n.text {
		return // A number stays a number.
	}
	w.setText(n, text, reason)
}

func (w *walk) setText(n *node, text, reason string) {
	if reason != "" {
		w.reason = reason
	}
	if n.kind != '"' || text != n.text {
		n.kind, n.text = '"', text
		w.changed = true
	}
}

// naming says what the keys of an object are.
type naming uint8

const (
	// namesFields are those of any object.
	namesFields naming = iota
	// namesVariables are those of environment variables.
	namesVariables
	// namesSettings are those of the data of a ConfigMap, which may be variables.
	namesSettings
)

// scope is what an object tells of its members.
type scope struct {
	own, children owner
	target        patch
	// named is set where the name beside a value says secret, by the rule.
	named string
	// has is what the keys can mean.
	has   keyClass
	depth int
	// words are those of the command beside arguments.
	words argv
}

func (w *walk) object(i int32, outer owner, depth int, names naming) {
	n := &w.t.nodes[i]
	in := scope{own: outer, children: outer, has: n.has, depth: depth}
	if n.has&keyKind != 0 && !w.s.secrets {
		in.own, in.children = w.ownerOf(i)
	}
	if n.has&keyValue != 0 {
		if n.has&keyPath != 0 {
			in.target = w.patchTarget(i, w.open && in.own == ownerOther && depth <= 2)
		}
		if n.has&keyName != 0 {
			in.named = w.namesCredential(i)
		}
	}
	if n.has&keyCommand != 0 {
		in.words = w.programOf(i)
	}
	var about request
	if n.has&keyRequest != 0 {
		about = w.requestOf(i)
	}
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		if about.layer != nil && w.quoted(k, about, depth) {
			continue
		}
		if names != namesFields && w.variable(k, names, in.children, depth) {
			continue
		}
		if w.t.nodes[k].class == 0 {
			w.value(k, in.children, depth)
			continue
		}
		w.member(k, &in)
	}
	w.keys(i)
}

// member redacts a member of an object whose key may mean something.
func (w *walk) member(k int32, in *scope) {
	kid, children := &w.t.nodes[k], in.children
	if (children == ownerOther || children == ownerLike) && kid.class&keyEmbedded != 0 {
		children = ownerUnknown
	}
	switch class := kid.class; {
	case class&keyStringData != 0 || (class&keyData != 0 && in.own.hides(kid.kind)):
		w.data(k, kid.key)
	case class.vanishes(kid.kind, kid.text):
		w.vanish(k, ruleOf(kid.key))
	case class&(keySaying|keyMaySay|keyBasic) != 0 && w.says(k, in.has):
		w.vanish(k, ruleOf(kid.key))
	case class&keyDocker != 0 && kid.kind == '"' && !beginsJSON(kid.text):
		w.vanish(k, RuleDocker)
	case in.named != "" && class&keyValue != 0 && isVanishable(kid.kind, kid.text) && (kid.kind == '[' || !isOrdinary(kid.text)):
		w.vanish(k, in.named)
	case in.target.meaning != patchNone && class&keyValue != 0:
		w.patchValue(k, in.target, in.depth)
	case kid.kind == '"' && kid.text != "" && class&keyApplied != 0:
		w.s.x.enter(w.t, k)
		out, reason := w.s.document(kid.text, in.depth+1)
		w.found(kid, out, reason, true)
		w.s.x.leave()
	case w.s.quotes && kid.kind == '"' && class&keyMessage != 0:
		w.s.x.enter(w.t, k)
		out, reason := w.s.text(kid.text, in.depth+1)
		w.found(kid, out, reason, false)
		w.s.x.leave()
	case kid.kind == '{' && class&keyData != 0:
		w.container(k, children, in.depth, namesSettings)
	case kid.kind == '{' && class&keyEnv != 0:
		w.container(k, children, in.depth, namesVariables)
	case class&(keyCommand|keyEnv) != 0 && (kid.kind == '[' || kid.kind == '"'):
		w.command(k, children, in.depth, in.words)
	default:
		w.value(k, children, in.depth)
	}
}

// container redacts the object at node i, whose keys are what names says.
func (w *walk) container(i int32, own owner, depth int, names naming) {
	w.s.x.enter(w.t, i)
	w.object(i, own, depth+1, names)
	w.s.x.leave()
}

// variable redacts a member of which the key names a variable, if that says
// secret, and reports whether it did.
func (w *walk) variable(k int32, names naming, own owner, depth int) bool {
	kid := &w.t.nodes[k]
	if names == namesSettings {
		if strings.EqualFold(kid.key, helmRelease) && kid.kind == '"' && isRelease(kid.text) {
			w.s.x.enter(w.t, k)
			w.s.x.note(RuleHelm, "")
			w.s.x.leave()
			w.hash(k, kid.key, true)
			return true
		}
		// What has an extension is a file, and lines are those of one.
		if strings.IndexByte(kid.key, '.') >= 0 || (strings.IndexByte(kid.text, '\n') >= 0 && !isVariable(kid.key)) {
			return false
		}
	}
	if kid.kind == '[' || (kid.kind != '{' && isOrdinary(kid.text)) {
		return false
	}
	if kid.kind == '{' && kid.has&keyValue == 0 {
		return false
	}
	secret, rule := w.s.variable(kid.key)
	if !secret {
		return false
	}
	if kid.kind != '{' {
		w.vanish(k, rule)
		return true
	}
	// Its value is told beside other things.
	w.s.x.enter(w.t, k)
	defer w.s.x.leave()
	first, end := w.t.kids(k)
	for m := first; m < end; m = w.t.nodes[m].end {
		if v := &w.t.nodes[m]; v.class&keyValue != 0 && v.kind != '{' && v.kind != '[' && !isOrdinary(v.text) {
			w.vanish(m, rule)
		} else {
			w.value(m, own, depth+1)
		}
	}
	w.keys(k)
	return true
}

// says reports whether node k is a credential by what its key says. Beside has
// what the keys around it mean.
func (w *walk) says(k int32, beside keyClass) bool {
	kid := &w.t.nodes[k]
	switch kid.kind {
	case '{':
		return false
	case 0:
		// How many tests pass is a number.
		return kid.class.says(kid.text, beside) && !strings.EqualFold(kid.key, "pass")
	case '[':
		first, end := w.t.kids(k)
		for m := first; m < end; m = w.t.nodes[m].end {
			if v := &w.t.nodes[m]; v.kind == '"' && kid.class.says(v.text, beside) {
				return true
			}
		}
		return false
	default:
		return kid.class.says(kid.text, beside)
	}
}

// ruleOf is the rule under which what a key says is counted.
func ruleOf(key string) string {
	switch {
	case hasPrefixFold(key, "client-key-data"):
		return RuleKubeconfig
	case classify(key)&keyBasic != 0:
		return RuleDocker
	default:
		return RuleField
	}
}

// ownerOf says whose the members of node i, which names a kind, are, and whose
// those of the objects in it that name none. Kinds are compared as lenient
// decoders would, and if the key occurs repeatedly the worst kind counts.
func (w *walk) ownerOf(i int32) (own, children owner) {
	unsure, like := false, false
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.class&keyKind == 0 {
			continue
		}
		kind := strings.TrimSpace(kid.text)
		switch {
		case kid.kind != '"' || kind == "":
			unsure = true
		case strings.EqualFold(kind, "Secret") || strings.EqualFold(kind, "SecretList"):
			return ownerSecret, ownerSecret
		case strings.EqualFold(kind, "List"):
			unsure = true
		case containsFold(kind, "secret"):
			like = true
		}
	}
	switch {
	case unsure:
		return ownerUnknown, ownerUnknown
	case like:
		return ownerLike, ownerLike
	}
	return ownerOther, ownerOther
}
