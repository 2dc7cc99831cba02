package piece

// Format is how an input is written.
type Format string

// The formats. Auto finds out by the first lines.
const (
	Auto      Format = "auto"
	JSON      Format = "json"
	JSONLines Format = "jsonl"
	YAML      Format = "yaml"
	Text      Format = "text"
)

// Kind says what a piece is.
type Kind uint8

const (
	// Between is white space and separators, which need no look.
	Between Kind = iota
	// OfJSON is a JSON value, once it stands between Before and After.
	OfJSON
	// OfYAML is a YAML document.
	OfYAML
	// OfText is lines of text.
	OfText
)

// Piece is a part of an input.
type Piece struct {
	Kind Kind
	// Text is what stands in the input; empty if Withhold is set.
	Text string
	// Before and After make a document of a text that is a part of one.
	Before, After string
	// Line is that of the first byte, from 1.
	Line int
	// Document counts documents, lines of JSON Lines or windows of text, from 1.
	Document int
	// Pointer is where in its document the piece stands, a JSON pointer.
	Pointer string
	// Strip is what stands before all paths in the document that the piece makes.
	Strip string
	// Instead is what to write where the piece has to be withheld.
	Instead string
	// Withhold says why the reader withholds the piece.
	Withhold string
}

// Mark stands for what was withheld.
const Mark = "[withheld]"

// The reasons for which a reader withholds.
const (
	// TooLong is a document or a line beyond the limit.
	TooLong = "longer than can be examined"
	// Unplaced is what follows a part that cannot be parsed: what it is a part of
	// is not certain.
	Unplaced = "stands behind a part that cannot be parsed"
	// Cut is a document that does not end.
	Cut = "the input ends within the document"
	// NoCut is text that no cut divides safely.
	NoCut = "no safe place to divide the text"
)

// Options are those of a Reader. The zero value is of use.
type Options struct {
	Format Format
	// Max is the longest document in bytes; default 4 MiB.
	Max int
	// Window is how long a window of text is, in bytes; default 256 KiB. It grows
	// up to MaxText, default 1 MiB, in search of a place to end.
	Window, MaxText int
	// Safe reports whether text may be cut between left and right: whether
	// nothing is found across the cut. Nil is always.
	Safe func(left, right string) bool
}

func (o Options) withDefaults() Options {
	if o.Format == "" {
		o.Format = Auto
	}
	if o.Max <= 0 {
		o.Max = 4 << 20
	}
	if o.MaxText <= 0 {
		o.MaxText = 1 << 20
	}
	if o.Window <= 0 {
		o.Window = min(256<<10, o.MaxText)
	}
	if o.Safe == nil {
		o.Safe = func(string, string) bool { return true }
	}
	return o
}
