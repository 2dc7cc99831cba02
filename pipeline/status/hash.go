package status

// hash is FNV-1a of 64 bits: what is written to the cursor has to be the same in
// all runs.
type hash uint64

func newHash() hash { return 14695981039346656037 }

// text adds a text, told from the next.
func (h *hash) text(s string) {
	sum := *h
	for i := range len(s) {
		sum = (sum ^ hash(s[i])) * 1099511628211
	}
	*h = (sum ^ 0xff) * 1099511628211
}
