// Package controlplane runs a real Kubernetes control plane on this machine for
// end-to-end tests and for trying the project out: etcd, kube-apiserver and,
// where asked for, the controller manager, the scheduler and kwok, which plays
// nodes and the pods on them.
//
// Build compiles the components from their Go modules into one binary (module
// test/kubeone) and keeps it in the user's cache folder, so that only the first
// run on a machine pays for it. Start runs that binary once per component as
// child processes, listening on 127.0.0.1 only, and returns a Cluster. A test
// can then restart the API server, compact etcd, issue and rotate credentials,
// and must call Stop, after which no process is left. Should the test itself be
// killed, the kernel ends the children with it (on Linux).
//
// Nothing here is fit for production: etcd does not sync to disk and is open to
// every local user.
package controlplane
