//go:build race

package encode_test

// raceDetector is set where sync.Pool drops at random what it is given, so that
// allocations cannot be counted.
const raceDetector = true
