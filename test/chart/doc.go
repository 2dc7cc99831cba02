// Package chart tests charts/live-status as its users meet it: every profile of
// charts/live-status/ci is rendered and installed by the real Helm, applied to a
// real control plane under Pod Security, and what it grants is tried out by the
// plugin itself, and by whoever would do more with its token.
package chart
