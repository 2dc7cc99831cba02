package emit

import "github.com/fluent-live/live-status/pipeline/event"

// Format is how the records of a batch are encoded.
type Format string

// The formats.
const (
	// FormatJSON is JSON Lines: each record is a JSON object and a newline.
	FormatJSON Format = "jsonl"
	// FormatOTLP is a serialized opentelemetry.proto.logs.v1.LogRecord for each
	// record.
	FormatOTLP Format = "otlp"
	// FormatForward is the msgpack array of an EventTime and a map for each record.
	FormatForward Format = "forward"
)

// Batch is a sequence of encoded records.
type Batch struct {
	// Data are the records, one behind the other. Nobody changes it while it is
	// sent or delivered, and nobody keeps it longer.
	Data []byte
	// Ends are where the records end in Data, in order. The first begins at 0, but
	// for a batch that is part of another: Slice.
	Ends []int
	// IDs are the records', as many as Ends.
	IDs []event.RecordID

	// first is where the first record begins in Data.
	first int
}

// Len returns how many records there are.
func (b Batch) Len() int { return len(b.Ends) }

// Record returns record i, encoded. It is a part of Data.
func (b Batch) Record(i int) []byte {
	start := b.first
	if i > 0 {
		start = b.Ends[i-1]
	}
	return b.Data[start:b.Ends[i]:b.Ends[i]]
}

// Bytes returns all records of the batch, one behind the other. Of a batch that
// is part of another, Data holds more than that.
func (b Batch) Bytes() []byte {
	if len(b.Ends) == 0 {
		return nil
	}
	end := b.Ends[len(b.Ends)-1]
	return b.Data[b.first:end:end]
}

// Slice returns the records i to j-1 as a batch. It copies nothing.
func (b Batch) Slice(i, j int) Batch {
	first := b.first
	if i > 0 {
		first = b.Ends[i-1]
	}
	return Batch{Data: b.Data, Ends: b.Ends[i:j], IDs: b.IDs[i:j], first: first}
}
