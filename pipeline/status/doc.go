// Package status tells how objects and applications are.
//
// A Tracker takes what was said of each object, keeps a digest of it, and makes
// the records of what changes: the status of objects, at once, and that of
// applications, once it has settled. It never keeps an object; of those without
// a status it keeps nothing, unless something below them has one.
//
// Everything is bounded, since whoever may create an object chooses what is said
// of it: texts are cut, warnings are limited in number and time, owners are
// followed to a certain depth, and of many changes to one object only the last
// counts until it is taken. Nothing waits here: what is told is kept, and Next
// gives it away at the pace of the one who asks.
//
// One lock guards a Tracker. It is not held while applications are searched for,
// so that a Finder may lock as it likes.
package status
