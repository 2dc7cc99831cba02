// Package conf tests what stands in conf/ and docs/AUDIT.md against a real
// kube-apiserver: that it starts with the policy, the flags and the kubeconfig,
// and that each request is logged at the level the policy's comments promise.
package conf
