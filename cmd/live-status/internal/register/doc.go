// Package register keeps the one Secret of an installation: the salt that makes
// hashes comparable, and the credentials of what records are sent to. It is the
// only part of the project that writes to a cluster.
//
// No value of the Secret, old or new, is in a report or in an error.
package register
