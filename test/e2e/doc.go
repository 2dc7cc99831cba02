// Package e2e tests the plugin as its users meet it: loaded by Fluent Bit and
// by the plugin host, against a real kube-apiserver and etcd.
//
// Every test runs in each host that is there. The plugin host always is; a
// real Fluent Bit is looked for in FLUENT_BIT, on PATH and in
// /opt/fluent-bit/bin. The output says which ran. Tests that deploy with Helm
// build it from the module test/helm.
package e2e
