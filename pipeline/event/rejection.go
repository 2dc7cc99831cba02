package event

// RejectReason says in a word why an item was rejected. It is a label of
// counters, so the set is small and fixed.
type RejectReason string

// The reasons for a rejection.
const (
	// RejectNotJSON is input that is no JSON, or JSON of another shape.
	RejectNotJSON RejectReason = "not_json"
	// RejectNotMsgpack is what a host handed over and is no msgpack, or not that of
	// log events.
	RejectNotMsgpack RejectReason = "not_msgpack"
	// RejectTooLarge is an item larger than is kept in memory.
	RejectTooLarge RejectReason = "too_large"
	// RejectNotAnEvent is an object that is no Kubernetes Event, or no audit
	// Event where one is expected.
	RejectNotAnEvent RejectReason = "not_an_event"
	// RejectUnidentified is an event that could not be told from its repeats.
	RejectUnidentified RejectReason = "unidentified"
	// RejectUntimed is an event that bears no time at all.
	RejectUntimed RejectReason = "untimed"
	// RejectNULBlock is a run of NUL bytes in a file, as file systems leave it
	// where a machine crashed.
	RejectNULBlock RejectReason = "nul_block"
	// RejectUndecryptable is what was stored encrypted and cannot be decrypted: it
	// was changed since, or belongs elsewhere.
	RejectUndecryptable RejectReason = "undecryptable"
	// RejectUnencodable is a record that could not be written.
	RejectUnencodable RejectReason = "unencodable"
	// RejectPanic is an item over which a stage panicked: a defect.
	RejectPanic RejectReason = "panic"
)

// Place is where an item came from, for a person who wants to look there.
type Place struct {
	// Source is the name of the source, as in SourceStatus.
	Source string
	// Name is the file, or the address of who sent it; empty where the source
	// says enough.
	Name string
	// Offset is where the item begins: bytes from the beginning of a file
	// (decompressed), items from the beginning of a body.
	Offset int64
}

// Rejection says that an item could not be used, and where it is. It never
// contains any of the item's content, which nobody could examine.
type Rejection struct {
	Place  Place
	Reason RejectReason
	// Detail is what was missing or wrong.
	Detail string
	// Bytes is the size of the item.
	Bytes int64
}
