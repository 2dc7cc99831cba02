// Package desired keeps how objects should be: the manifests that Helm releases
// consist of, compressed and in memory only, as Secrets are among them. Nothing of
// them is logged or put into an error.
//
// Whoever may write a Secret in a namespace can store a release there and choose its
// manifests. A release is therefore asked about an object only where it may speak for
// it: in the namespace that it was deployed to (its home), or where the object itself
// bears the annotations meta.helm.sh/release-name and release-namespace of the
// release, which only those who may write the object can set. Which namespace is the
// home is for the caller to say: that of the object which the release is stored in,
// or what a HelmRelease of Flux says, but never what the stored release claims.
package desired
