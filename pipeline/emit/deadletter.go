package emit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/encode"
)

// DeadLetters is the file of what could never be delivered, as JSON Lines. It only
// grows: what is in it exists nowhere else. It may be used by several goroutines.
type DeadLetters struct {
	mu    sync.Mutex
	lines *lineFile
	// line is where lines are put together.
	line jx.Writer
}

// UnreadChunk is what a host handed over and nobody can read. Nothing has looked
// for secrets in it, so that only what tells it from others is written down.
type UnreadChunk struct {
	// Time is when that was found.
	Time time.Time
	// Reason is why it cannot be read; it does not quote it.
	Reason string
	// Tag is the host's name for where it came from.
	Tag string
	// Bytes is its size.
	Bytes int64
	// Hash is that of its content.
	Hash string
}

// OpenDeadLetters opens or creates the file of dead letters: dead_letter_path.
func OpenDeadLetters(path string, logger *slog.Logger) (*DeadLetters, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	lines, err := openLineFile("dead_letter_path", path, logger)
	if err != nil {
		return nil, err
	}
	return &DeadLetters{lines: lines}, nil
}

// Write appends letters and returns nil once all of them are on disk. After an
// error none of them is; it may be called with the same again.
func (d *DeadLetters) Write(letters ...DeadLetter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.line.Reset()
	for _, l := range letters {
		d.begin(l.Time, l.To, l.Reason)
		d.field("id", string(l.ID))
		d.field("format", string(l.Format))
		d.record(l)
		d.end()
	}
	return d.flush()
}

// WriteUnread appends what is known of chunks that cannot be read, as Write does.
func (d *DeadLetters) WriteUnread(chunks ...UnreadChunk) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.line.Reset()
	for _, c := range chunks {
		d.begin(c.Time, "", c.Reason)
		d.field("tag", c.Tag)
		d.line.RawStr(`,"bytes":`)
		d.line.Int64(c.Bytes)
		d.field("hash", c.Hash)
		d.end()
	}
	return d.flush()
}

// Close closes the file.
func (d *DeadLetters) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lines.close()
}

func (d *DeadLetters) begin(at time.Time, to, reason string) {
	d.line.RawStr(`{"time":`)
	d.line.Str(at.UTC().Format(time.RFC3339Nano))
	d.field("to", to)
	d.field("reason", reason)
}

func (d *DeadLetters) field(key, value string) {
	d.line.RawStr(`,"` + key + `":`)
	d.line.Str(value)
}

// record appends the record as a JSON object, whatever its format. One that cannot
// be read is kept as it is, in base64: losing it would be worse, and waiting would
// hold up all others.
func (d *DeadLetters) record(l DeadLetter) {
	object, err := asJSON(l.Format, l.Record)
	if err == nil {
		d.line.RawStr(`,"record":`)
		d.line.Raw(object)
		return
	}
	d.line.RawStr(`,"record":null,"raw":`)
	d.line.Base64(l.Record)
}

func (d *DeadLetters) end() { d.line.RawStr("}\n") }

// flush writes the lines to disk.
func (d *DeadLetters) flush() error {
	if len(d.line.Buf) == 0 {
		return nil
	}
	err := d.lines.append(d.line.Buf)
	// One large record must not keep its memory for ever.
	const kept = 1 << 20
	if cap(d.line.Buf) > kept {
		d.line.Buf = nil
	}
	return err
}

// asJSON returns a record of a batch as the JSON object it is in JSON Lines.
func asJSON(f Format, record []byte) ([]byte, error) {
	switch f {
	case FormatJSON:
		// A newline within would make it two lines.
		return compact(record)
	case FormatForward:
		return encode.AppendForwardAsJSON(nil, record)
	case FormatOTLP:
		return encode.AppendOTLPAsJSON(nil, record)
	default:
		return nil, fmt.Errorf("records of format %s are unknown", strconv.Quote(string(f)))
	}
}

// compact returns a JSON object without the space between its tokens.
func compact(record []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := json.Compact(&out, record); err != nil {
		// What it says may quote the record.
		return nil, errors.New("not JSON")
	}
	return out.Bytes(), nil
}
