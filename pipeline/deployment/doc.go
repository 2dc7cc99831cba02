// Package deployment reads off objects how the deployment of an application
// goes: off the Secrets and ConfigMaps in which Helm stores releases, off the
// Applications of Argo CD, and off the Kustomizations and HelmReleases of Flux.
//
// Whoever may write such an object chooses what it says. Everything read is
// therefore bounded in size, number and time; nothing is kept of values,
// manifests and Secrets but the names of the objects in them, unless the manifests
// are asked for; and the identity of an application is never what a payload says
// but what the API server does: the namespace and the name of the object.
//
// The package decides no more than what one object tells at one time. Whether
// that is news is for the dedup stage to say, by Report.Key and Report.Attempt.
package deployment
