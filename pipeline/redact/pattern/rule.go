package pattern

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// anchor says where a match lies with regard to the keyword.
type anchor uint8

const (
	// anchorNear: anywhere around it.
	anchorNear anchor = iota
	// anchorKeyword: it begins with the keyword.
	anchorKeyword
	// anchorWord: it begins with the keyword, and that begins a word.
	anchorWord
)

var anchors = map[string]anchor{"near": anchorNear, "keyword": anchorKeyword, "word": anchorWord}

// How many bytes around the start of a keyword an expression sees unless its
// rule says otherwise.
const (
	nearBefore  = 256
	nearAfter   = 8 << 10
	anchorAfter = 256
	maxWindow   = 16 << 10
	// maxGrown is as far as an expression sees that matches all it sees.
	maxGrown = 256 << 10
)

// rule is a compiled rule.
type rule struct {
	id, description string
	// keywords are in lower case.
	keywords      []string
	anchor        anchor
	before, after int
	re            *regexp.Regexp
	// secret is the index of the group of that name, -1 if there is none.
	secret  int
	entropy float64
	// allow are what the secret, and unless what the whole match, may be.
	allow, unless []*regexp.Regexp
	// shortest is the least length of a match in bytes.
	shortest int
	// scans is set if the expression may look far ahead before it fails.
	scans    bool
	prog     *syntax.Prog
	examples examples
}

// family is the part of the id before the slash.
func (r *rule) family() string {
	f, _, _ := strings.Cut(r.id, "/")
	return f
}

// vague is 1 for a rule that knows no vendor, whose name tells less.
func (r *rule) vague() int {
	if r.family() == "assignment" {
		return 1
	}
	return 0
}

// compile makes the expression of a rule ready.
func (r *rule) compile(expr string) error {
	if r.anchor != anchorNear {
		expr = `\A(?:` + expr + `)`
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return err
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return err
	}
	r.scans = scans(parsed)
	r.shortest = shortest(parsed)
	if n := longest(parsed); n < maxWindow && r.anchor != anchorNear {
		// No more than it can match, in characters of up to four bytes.
		r.after = min(r.after, n+4)
	}
	parsed = parsed.Simplify()
	if r.shortest == 0 {
		return fmt.Errorf("the expression matches the empty text; ask for at least one character")
	}
	if r.prog, err = syntax.Compile(parsed); err != nil {
		return err
	}
	r.re, r.secret = re, re.SubexpIndex("secret")
	return nil
}

// following returns the bytes that can follow the keyword in a match that
// begins with it, by running the expression's program over the keyword in both
// cases. It is nil if nothing can be said, and empty if the expression cannot
// match the keyword.
func (r *rule) following(keyword string) *byteSet {
	if r.anchor == anchorNear {
		return nil
	}
	states, matched := r.closure([]uint32{uint32(r.prog.Start)})
	for i := range len(keyword) {
		c := rune(keyword[i])
		var next []uint32
		for _, pc := range states {
			in := &r.prog.Inst[pc]
			if in.MatchRune(c) || in.MatchRune(unicode.ToUpper(c)) {
				next = append(next, in.Out)
			}
		}
		states, matched = r.closure(next)
	}
	if matched {
		return nil
	}
	set := new(byteSet)
	for _, pc := range states {
		for b := range 256 {
			// Beyond ASCII a byte is part of a character, or of none.
			if b >= 0x80 || r.prog.Inst[pc].MatchRune(rune(b)) {
				set.add(byte(b))
			}
		}
	}
	return set
}

// closure returns the instructions that wait for a character when the program
// is at pcs, assertions taken as true, and whether it can be at its end.
func (r *rule) closure(pcs []uint32) (waiting []uint32, matched bool) {
	seen := map[uint32]bool{}
	for len(pcs) > 0 {
		pc := pcs[len(pcs)-1]
		pcs = pcs[:len(pcs)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		in := &r.prog.Inst[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			pcs = append(pcs, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			pcs = append(pcs, in.Out)
		case syntax.InstMatch:
			matched = true
		case syntax.InstFail:
		default:
			waiting = append(waiting, pc)
		}
	}
	return waiting, matched
}

// shortest returns the least length of a match of re in bytes.
func shortest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return shortest(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * shortest(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, s := range re.Sub {
			n += shortest(s)
		}
		return n
	case syntax.OpAlternate:
		n := math.MaxInt
		for _, s := range re.Sub {
			n = min(n, shortest(s))
		}
		return n
	default:
		return 0
	}
}

// longest returns about the greatest length of a match of re in bytes, taking
// characters for one, or a number beyond any window.
func longest(re *syntax.Regexp) int {
	const endless = 1 << 20
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpQuest:
		return longest(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return endless
	case syntax.OpRepeat:
		if re.Max < 0 {
			return endless
		}
		return min(endless, re.Max*longest(re.Sub[0]))
	case syntax.OpConcat:
		n := 0
		for _, s := range re.Sub {
			n += longest(s)
		}
		return min(endless, n)
	case syntax.OpAlternate:
		n := 0
		for _, s := range re.Sub {
			n = max(n, longest(s))
		}
		return n
	default:
		return 0
	}
}

// scans reports whether an expression has a lazy part of some length.
func scans(re *syntax.Regexp) bool {
	if re.Flags&syntax.NonGreedy != 0 && (re.Op == syntax.OpStar || re.Op == syntax.OpPlus || (re.Op == syntax.OpRepeat && (re.Max < 0 || re.Max > 16))) {
		return true
	}
	return slices.ContainsFunc(re.Sub, scans)
}

// span returns where the secret lies in a match: the group of that name, or
// else the first group that took part, or else the whole.
func (r *rule) span(loc []int) (start, end int) {
	if i := r.secret; i > 0 && loc[2*i] >= 0 {
		return loc[2*i], loc[2*i+1]
	}
	for i := 2; i < len(loc); i += 2 {
		if loc[i] >= 0 {
			return loc[i], loc[i+1]
		}
	}
	return loc[0], loc[1]
}

// accepts reports whether a secret and the match that it was found in are not
// among what may stay.
func (r *rule) accepts(match, secret string) bool {
	if secret == "" || (r.entropy > 0 && entropy(secret) < r.entropy) {
		return false
	}
	for _, a := range r.allow {
		if a.MatchString(secret) {
			return false
		}
	}
	for _, u := range r.unless {
		if u.MatchString(match) {
			return false
		}
	}
	return true
}

// entropy is Shannon's, of the bytes of s, in bits for each.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	sum := 0.0
	for _, n := range &count {
		if n > 0 {
			sum += float64(n) * math.Log2(float64(n))
		}
	}
	return math.Log2(float64(len(s))) - sum/float64(len(s))
}
