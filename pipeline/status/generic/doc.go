// Package generic assesses the health of kinds that have no rule of their own in
// code: custom resources above all.
//
// What it knows is data. kinds.rules holds the kinds of the field whose authors or
// users have published how to read them, in a small language that its head
// describes; signals.go holds what condition types, reasons and phases commonly
// mean, for all other kinds. An entry of kinds.rules decides alone: its kind is
// never judged by the common meanings as well.
//
// The common meanings follow kstatus
// (https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md):
// a generation that was not observed and Reconciling are Progressing, Stalled is
// Degraded, Ready is Healthy. They go further where kstatus only says that an
// object is in progress: a Ready that is False for a reason which names an error
// is Degraded, as the rules that are published for Argo CD have it.
//
// Whoever may create an object chooses what stands in it. Nothing here panics on
// fields of the wrong type; at most maxConditions conditions and maxVisits list
// elements per test are read, and what is taken over is cut to maxText bytes.
//
// docs/STATUS.md describes the rules for users; a test compares its tables with
// Rules.
package generic
