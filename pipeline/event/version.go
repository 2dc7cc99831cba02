package event

import "strconv"

// ResourceVersion is an object's or list's version as the API server wrote
// it. Since Kubernetes 1.35 versions of one resource compare as unsigned
// integers (KEP-5504); servers before that kept to the same form.
type ResourceVersion string

// Uint64 returns the version as a number. It reports false for a version that
// is none, which then compares with nothing.
func (v ResourceVersion) Uint64() (uint64, bool) {
	n, err := strconv.ParseUint(string(v), 10, 64)
	return n, err == nil && n > 0
}

// NotAfter reports whether v is known to be as old as o or older. It is false
// when either cannot be compared.
func (v ResourceVersion) NotAfter(o ResourceVersion) bool {
	a, okA := v.Uint64()
	b, okB := o.Uint64()
	return okA && okB && a <= b
}
