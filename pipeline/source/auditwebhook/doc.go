// Package auditwebhook is the receiving side of the audit webhook backend: an
// HTTPS server that API servers post their audit events to, and a reader that
// yields what was posted.
//
// Between the two lies a spool on disk. A post is answered 200 once its body is
// durable there and not before; from then on the API server has forgotten it,
// and it is yielded, after whatever crash. Any other answer leaves it with the
// API server, which sends it again. Repeats are possible, an answer may get
// lost: the dedup stage drops them.
//
// The server judges a body only as far as is needed to split it into items. It
// refuses what is no list of audit events at all; an item that cannot be read
// is yielded like the others, since sending it again would not mend it.
//
// Every resource is bounded: connections, requests and the bytes of bodies in
// memory, each in all and by address, and the time for a header and for a body.
// What exceeds a bound is refused at once and told when to come back; nothing
// queues. Connections of strangers make room for others. When
// the sink is full the reader waits and the spool fills; when the spool is full
// posts are answered 429, and events stay with the API server. Nothing is
// dropped here.
package auditwebhook
