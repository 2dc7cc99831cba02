// Package change tells which fields of an object a write changed, from what an
// audit event carries of it. No value of a field becomes known through it, but
// for the names by which the elements of some lists are told apart.
//
// A patch says so itself; Patch reads it. An update carries the whole object,
// so that only the object before it tells what changed. A Tracker remembers
// what earlier audit events said of objects, in bounded memory and for nothing
// else than this: values as keyed hashes.
//
// An update is compared only where the versions prove that the object known is
// the one that the update replaced; a comparison that could be wrong is not
// made. That takes events of level RequestResponse: a request does not tell
// which version it led to.
//
// Only requests that succeeded changed something. Others, dry runs, and stages
// before ResponseComplete have no changes.
//
// Bodies are hostile: the time a body takes grows with its size and no faster,
// and one that is too large or no JSON leaves the changes unknown.
package change
