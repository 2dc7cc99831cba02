// Package kube gives access to one Kubernetes API server: it finds the server
// and the credentials, keeps both fresh while files rotate, and says in plain
// words what went wrong when the server cannot be reached.
//
// Nothing that it returns or logs holds a credential: errors and error bodies
// are cleared of what a request was authenticated with before anyone sees
// them.
package kube
