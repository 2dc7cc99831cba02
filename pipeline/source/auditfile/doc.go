// Package auditfile reads the audit log that kube-apiserver writes as JSON
// Lines: the live file, the backups that a rotation leaves, plain or gzipped,
// and whatever else the configured path names.
//
// A stream is what a file says, not what it is called: it is named after a
// hash of the file's first line, and its position holds a checksum of the bytes
// before it. So a stream is found again under another name, under another inode
// (copytruncate, a restored copy) and compressed. Whatever cannot be proven to
// have been read is read: what this package yields is complete, and in doubt it
// comes twice. The dedup stage drops repeats by what they say.
//
// Files of one log are read one after the other, the oldest first. Logs take
// turns, so that a busy one does not keep another waiting.
//
// When the sink is full the source waits, and what it has not read yet stays in
// the files. Those it has seen are held open, up to a limit, so that their
// deletion does not take away what is unread. Memory is bounded by the longest
// line allowed and does not grow with the files.
//
// What no reader can prevent: lines that are written between the copy and the
// truncation of a copytruncate, and files that appear and are deleted again
// while nobody looks.
package auditfile
