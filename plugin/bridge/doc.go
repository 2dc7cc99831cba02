// Package bridge is a plugin instance without Fluent Bit's C interface: what a
// host does to an instance, in Go. The exported C functions do nothing but call
// it.
package bridge
