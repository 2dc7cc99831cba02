package pattern

import "math"

// minKeyword is the length of the shortest keyword, in bytes.
const minKeyword = 2

// prefilter finds the keywords of all rules in one pass, whatever the case of
// ASCII letters. Three bytes of each keyword, five bits of each, make an index
// into a bitmap small enough for the fastest cache; most positions of most
// texts are done with after one look at it.
type prefilter struct {
	bits [1 << 15 / 64]uint64
	// bucket has the index into buckets for those three bytes.
	bucket  [1 << 15]uint16
	buckets [][]keyword
}

// keyword is one that ends back bytes behind the three that stand for it.
type keyword struct {
	lower string
	// offset is where the last of the three bytes lies in the keyword.
	offset int
	uses   []use
}

// use is a rule that has the keyword.
type use struct {
	rule *rule
	// next has the bytes with which a match can go on behind the keyword.
	next *byteSet
}

type byteSet [4]uint64

func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }

const gramMask = 1<<15 - 1

// gram appends a byte to the last two.
func gram(h uint32, b byte) uint32 { return (h<<5 | uint32(b&31)) & gramMask }

// escapes is set in kinds for the bytes with which an escape begins. It lies
// above the bits of a gram and is shifted away from them.
const escapes = 1 << 15

// kinds has the five bits of each byte for a gram, and escapes.
var kinds = func() (t [256]uint32) {
	for i := range t {
		t[i] = uint32(i & 31)
	}
	t['%'] |= escapes
	t['\\'] |= escapes
	return t
}()

// first returns the index behind the first keyword that a rule has to be tried
// at, negative if there is none, and whether bytes up to there begin escapes.
// Most texts are done with after it; it allocates nothing.
func (p *prefilter) first(text string) (at int, escaped bool) {
	h, seen := uint32(0), uint32(0)
	for i := range len(text) {
		c := kinds[text[i]]
		seen |= c
		h = h<<5 | c
		if p.bits[h&gramMask>>6]&(1<<(h&63)) != 0 && p.candidate(text, i, h&gramMask) {
			return i, seen&escapes != 0
		}
	}
	return -1, seen&escapes != 0
}

// candidate reports whether a rule has to be tried for a keyword whose telling
// bytes h end at i.
func (p *prefilter) candidate(text string, i int, h uint32) bool {
	bucket := p.buckets[p.bucket[h]]
	for k := range bucket {
		start, ok := bucket[k].at(text, i)
		if !ok {
			continue
		}
		for _, u := range bucket[k].uses {
			if u.possible(text, start, start+len(bucket[k].lower)) {
				return true
			}
		}
	}
	return false
}

// possible reports whether the rule could match at a keyword, without running
// its expression.
func (u use) possible(text string, start, end int) bool {
	r := u.rule
	if r.anchor == anchorNear {
		return true
	}
	if len(text)-start < r.shortest {
		return false
	}
	if u.next != nil && (end == len(text) || !u.next.has(text[end])) {
		return false
	}
	return r.anchor == anchorKeyword || beginsWord(text, start)
}

func newPrefilter(rules []*rule) *prefilter {
	p := &prefilter{buckets: make([][]keyword, 1)}
	uses := map[string][]use{}
	var order []string
	for _, r := range rules {
		for _, k := range r.keywords {
			if uses[k] == nil {
				order = append(order, k)
			}
			uses[k] = append(uses[k], use{rule: r, next: r.following(k)})
		}
	}
	for _, k := range order {
		p.add(k, uses[k])
	}
	return p
}

func (p *prefilter) add(lower string, uses []use) {
	if len(lower) == minKeyword {
		for first := range byte(32) {
			h := gram(gram(gram(0, first), lower[0]), lower[1])
			p.put(h, keyword{lower: lower, offset: 1, uses: uses})
		}
		return
	}
	best, rarest := 2, math.Inf(1)
	for i := 2; i < len(lower); i++ {
		h := gram(gram(gram(0, lower[i-2]), lower[i-1]), lower[i])
		c := commonness(lower[i-2]) * commonness(lower[i-1]) * commonness(lower[i]) * float64(1+20*ordinary[h])
		if c < rarest {
			best, rarest = i, c
		}
	}
	h := gram(gram(gram(0, lower[best-2]), lower[best-1]), lower[best])
	p.put(h, keyword{lower: lower, offset: best, uses: uses})
}

func (p *prefilter) put(h uint32, k keyword) {
	p.bits[h>>6] |= 1 << (h & 63)
	if p.bucket[h] == 0 {
		p.bucket[h] = uint16(len(p.buckets))
		p.buckets = append(p.buckets, nil)
	}
	p.buckets[p.bucket[h]] = append(p.buckets[p.bucket[h]], k)
}

// commonness is about how often the bytes that share their lower five bits
// with c occur in the texts of a cluster, in percent.
func commonness(c byte) float64 {
	return [32]float64{
		2, 6, 2.5, 4, 4, 9, 2, 2, 2, 6, .4, 2, 4, 5.5, 6.5, 7,
		4.5, 1.5, 6, 6, 7.5, 3.5, 2, 1.8, 1.6, 2, 1.5, .4, .4, .6, .4, .6,
	}[c&31]
}

// ordinaryWords are frequent in the texts of a cluster. The bytes that stand
// for a keyword should not occur in them.
const ordinaryWords = `apiversion kind metadata namespace namespaces name labels annotations resourceversion uid
creationtimestamp managedfields manager operation update apply fieldstype fieldsv1 f:metadata f:spec f:status f:labels
kubernetes.io k8s.io spec status replicas selector matchlabels template containers image imagepullpolicy ports protocol
containerport resources requests limits memory volumemounts mountpath readonly volumes configmap secret serviceaccount
serviceaccountname system:serviceaccount system:masters system:authenticated system:node kube-system kube-controller
controller-manager kube-scheduler kubectl client-side server-side audit requestreceived responsecomplete stage level
requesturi verb user username groups sourceips useragent objectref resource responsestatus code requestobject
responseobject annotations authorization.k8s.io/decision authorization.k8s.io/reason allow rbac allowed by clusterrole
clusterrolebinding rolebinding role default deployment deployments replicaset replicasets pods events leases endpoints
endpointslices daemonset statefulset jobs cronjobs services nodes application apps coordination discovery policy
observedgeneration conditions lasttransitiontime lastupdatetime lastprobetime message reason type available progressing
ready initialized scheduled podscheduled containersready true false restartpolicy always terminationgraceperiodseconds
terminationmessagepath dnspolicy schedulername securitycontext strategy rollingupdate maxsurge maxunavailable
revisionhistorylimit progressdeadlineseconds ownerreferences blockownerdeletion last-applied-configuration involvedobject
firsttimestamp lasttimestamp reportingcomponent reportinginstance normal warning pulled created started killing backoff
failed successful scalingreplicaset cluster.local internal external limit watch list get create patch delete`

// ordinary counts the grams of the ordinary words.
var ordinary = func() (t [1 << 15]uint8) {
	h := uint32(0)
	for i := range len(ordinaryWords) {
		h = gram(h, ordinaryWords[i])
		t[h] = min(t[h]+1, 8)
	}
	return t
}()

// lower has the lower case of ASCII letters.
var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] |= 0x20
		}
	}
	return t
}()

// at returns where the keyword begins whose telling bytes end at i, and
// whether it is there.
func (k *keyword) at(text string, i int) (start int, ok bool) {
	start = i - k.offset
	if start < 0 || len(text)-start < len(k.lower) {
		return 0, false
	}
	for j := range len(k.lower) {
		if lower[text[start+j]] != k.lower[j] {
			return 0, false
		}
	}
	return start, true
}

// beginsWord reports whether a word can begin at i: behind neither letter nor
// digit, unless those are part of an escape as of URLs or of strings.
func beginsWord(text string, i int) bool {
	if i == 0 || !isAlnum(text[i-1]) {
		return true
	}
	if i >= 2 && text[i-2] == '\\' {
		return true
	}
	return i >= 3 && text[i-3] == '%' && isHex(text[i-2]) && isHex(text[i-1])
}

func isAlnum(c byte) bool {
	c = lower[c]
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z'
}

func isHex(c byte) bool {
	c = lower[c]
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
}
