//go:build !unix

package crash

// DisableCoreDumps does nothing where there are none.
func DisableCoreDumps() error { return nil }
