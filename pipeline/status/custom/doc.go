// Package custom assesses objects by the users' own health rules
// (health_rules_path): CEL expressions in a file of ours, and the Lua scripts
// that Argo CD takes, as an argocd-cm or as folders <group>/<kind>/health.lua.
//
// Rules are trusted to mean what they say, but neither they nor the objects are
// trusted to be small, quick or right. An expression has a cost limit. A script
// runs in a Lua of its own, which has no way out to files, processes, the network
// or another run, and under a budget of instructions, memory and time that every
// instruction and every library function draws on (sandbox.go says how). What
// fails makes its own object Unknown, and says why.
//
// Nothing here does I/O but Load. A Set may be used by several goroutines at once.
package custom
