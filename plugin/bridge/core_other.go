//go:build !unix

package bridge

// DisableCoreDumps does nothing where there are none.
func DisableCoreDumps() error { return nil }
