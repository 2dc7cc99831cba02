// Package correlate knows which application an object was deployed as part of.
//
// An Index keeps a digest of every live object (identity, owner, labels, the
// annotations that rules read) and for a time of those that are gone. Find
// climbs from an object up its owners and asks the rules, in package rule, which
// application that chain belongs to; what deployment tools claim as their own is
// a part of the evidence.
//
// Everything is bounded, since whoever may create an object chooses what is
// kept of it: the gone objects by number and time, the claims by number, a chain
// by its length, and the digests by what the decoder lets through. Nothing waits
// here and nothing is full: the oldest of what is remembered gives way.
//
// One lock guards an Index. A chain crosses kinds and namespaces, so that shards
// would have to be locked together; and a lookup takes about a microsecond, most
// of it after the lock was released.
package correlate
