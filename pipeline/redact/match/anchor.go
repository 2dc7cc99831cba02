package match

import "math/bits"

// Scores of anchors. One is as good as can be, another so bad that it is worth
// looking further.
const (
	goodScore = 1
	badScore  = 32
)

// anchors chooses the anchors of all entries and tells the hash of each. That
// must be counted in heads.
//
// Many patterns may begin, end or be made alike: tokens with the same header,
// keys in the same armour, URLs of the same host. An anchor is a piece that
// few patterns have; where there is none, one that few have chosen.
func (c *class) anchors(entries []entry, text string, chosen func(i int, hash uint64)) {
	rest := make([]int, len(entries))
	for i := range rest {
		rest[i] = i
	}
	for _, sparse := range []bool{true, false} {
		counts := c.frequencies(entries, rest, text, sparse)
		left := rest[:0]
		for _, i := range rest {
			e := &entries[i]
			anchor, hash, score := c.choose(e, text, counts, sparse)
			if sparse && score >= badScore {
				left = append(left, i)
				continue
			}
			e.anchor = anchor
			chosen(i, hash)
		}
		rest = left
	}
}

// sample returns which bits of its hash must be zero for a piece to be
// considered, of a pattern that has n of them. The 8 to 16 that are left are
// mostly enough to choose from, and because they are the same in all patterns,
// they can be counted.
func sample(n int, sparse bool) uint64 {
	if !sparse {
		return 0
	}
	return 1<<max(min(bits.Len(uint(n)), 12)-4, 0) - 1
}

// frequencies counts by their hashes the pieces of patterns that could be
// anchors, up to 255 and sometimes too many.
func (c *class) frequencies(entries []entry, of []int, text string, sparse bool) []uint8 {
	const most = 1 << 23
	total := 0
	for _, i := range of {
		n := int(entries[i].size) - c.length + 1
		total += n / int(sample(n, sparse)+1)
	}
	counts := make([]uint8, min(1<<bits.Len(uint(total)), most))
	mask := uint64(len(counts) - 1)
	for _, i := range of {
		e := &entries[i]
		n := int(e.size) - c.length + 1
		zero := sample(n, sparse)
		for i := range n {
			h := c.anchorHash(text, e.off+i)
			if h>>56&zero != 0 {
				continue
			}
			if count := &counts[h>>32&mask]; *count < 255 {
				*count++
			}
		}
	}
	return counts
}

// choose chooses the anchor of a pattern. Until all are chosen, heads counts
// them.
func (c *class) choose(e *entry, text string, counts []uint8, sparse bool) (anchor uint32, hash uint64, score uint32) {
	n := int(e.size) - c.length + 1
	zero := sample(n, sparse)
	buckets, mask := uint64(len(c.heads)-2), uint64(len(counts)-1)
	score = ^uint32(0)
	for i := range n {
		// The middle first, which is the least like others.
		if i += n / 2; i >= n {
			i -= n
		}
		h := c.anchorHash(text, e.off+i)
		if h>>56&zero != 0 {
			continue
		}
		if s := uint32(counts[h>>32&mask]) + 8*c.heads[h&buckets]; s < score {
			anchor, hash, score = uint32(i), h, s
		}
		if score <= goodScore {
			break
		}
	}
	return anchor, hash, score
}
