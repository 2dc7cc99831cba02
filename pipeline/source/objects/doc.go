// Package objects watches the live objects of a cluster: it finds out which
// kinds the API server serves, follows each of them by itself and tells an index
// what stands in the cluster.
//
// No object is kept. Each is decoded to the little that is needed, told, and
// forgotten; of most kinds not even the server sends more than the metadata. A
// restart lists everything anew.
//
// Every kind (and namespace, where reading is limited to some) has a goroutine,
// a connection and pauses of its own: one that is forbidden or fails disturbs
// nobody. Only lists take turns. Nothing is queued but the names of objects that
// are yet to be fetched whole: when there are too many of them, or the sink is
// full, the kinds concerned wait, and with them their connections.
package objects
