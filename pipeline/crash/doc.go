// Package crash keeps payloads out of what is printed where the process ends, or
// a call, by a panic: the runtime prints the value of a panic that nobody
// recovers, which may be of what was being handled and is not redacted.
//
// A goroutine that ends that way is a mistake of ours, after which nobody knows in
// what state things are: the process still ends. DisableCoreDumps keeps its memory off
// the disk then.
package crash
