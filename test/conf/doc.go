// Package conf tests what stands in conf/ and docs/AUDIT.md against a real
// kube-apiserver: that it starts with the policy, the flags and the kubeconfig,
// and that each request is logged at the level the policy's comments promise.
//
// It starts each configuration of Fluent Bit in the plugin host and in a real
// Fluent Bit, looked for in FLUENT_BIT, on PATH and in /opt/fluent-bit/bin, and
// follows records from where they arise to where they are to go. The output says
// what was not run, and why.
package conf
