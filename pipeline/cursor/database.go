package cursor

// Database is which of our files something is about.
type Database uint8

// The databases, each a file of its own.
const (
	// CursorFile keeps positions and what was handed on.
	CursorFile Database = iota
	// SpoolFile keeps what was sent to a webhook until it is handed on.
	SpoolFile
)

// String returns how messages call the file.
func (d Database) String() string {
	if d == SpoolFile {
		return "webhook spool"
	}
	return "cursor database"
}

// layout is how a database lies in its file.
type layout struct {
	// short is the name of the file where it stands after a verb.
	short string
	// applicationID marks a SQLite file as this one of ours.
	applicationID uint32
	// lost is what starting afresh costs.
	lost string

	// pageBytes is the size of a page in files that we create.
	pageBytes int
	// cacheKiB bounds the pages of a connection that are kept in memory.
	cacheKiB int
	// checkpointPages is the length of the write-ahead log at which it is
	// written back. The log then starts over, and what a large commit made it
	// grow beyond logLimit bytes is cut off.
	checkpointPages int
	logLimit        int64
	// shrinks is set where the file gives room of deleted rows back.
	shrinks bool
	// erases is set where deleted rows are overwritten with zeros.
	erases bool
}

// layout returns the layout of new files; of it, older files may have another
// size of pages.
func (d Database) layout() layout {
	if d == SpoolFile {
		return layout{
			short:         "spool",
			applicationID: spoolApplicationID,
			lost:          "what was sent to the webhook and not handed on yet is in it",
			// A body is mostly longer than a page. Larger pages make fewer
			// links to follow where one is deleted; smaller ones make less to
			// write where bodies are short.
			pageBytes:       spoolPageBytes,
			cacheKiB:        4096,
			checkpointPages: spoolLogBytes / spoolPageBytes,
			logLimit:        spoolLogBytes,
			shrinks:         true,
			erases:          true,
		}
	}
	return layout{
		short:         "cursor",
		applicationID: cursorApplicationID,
		lost:          "events of the last hour are then reported again",
		// Keys are random, so nearly every key of a batch lies on a page of its
		// own, which is written whole, to the log and later to the file. A page
		// of 1 KiB halves the cost of a commit into 100,000 keys against
		// SQLite's 4 KiB and leaves that of a lookup as it is.
		pageBytes:       cursorPageBytes,
		cacheKiB:        2048,
		checkpointPages: 4000,
		logLimit:        4 << 20,
	}
}

const (
	// cursorApplicationID is "LvSt" in ASCII, spoolApplicationID "LvSp".
	cursorApplicationID = 0x4c765374
	spoolApplicationID  = 0x4c765370

	cursorPageBytes = 1024
	spoolPageBytes  = 16384
	spoolLogBytes   = 16 << 20
)

// knownID returns which of our databases an application id marks.
func knownID(id uint32) (Database, bool) {
	for _, d := range []Database{CursorFile, SpoolFile} {
		if d.layout().applicationID == id {
			return d, true
		}
	}
	return 0, false
}
