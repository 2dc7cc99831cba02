// Package actor tells what kind of a client made a request, from what an audit
// event says of it: a person, a service account, a node, a part of Kubernetes or
// a tool that deploys applications, and which program it was.
//
// The API server vouches for the user and the groups. The user agent and the
// field manager are what the client says of itself: whoever runs kubectl can
// claim to be a deployment tool. Actor.By tells which of the two it rests on.
package actor
