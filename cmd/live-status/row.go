package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// row is what assess prints of an object.
type row struct {
	kind, namespace, name string

	health event.Health
	sync   event.Sync
	status event.Status

	reason, message string
}

func newRow(obj *unstructured.Unstructured, assessed event.Assessment, compared event.Comparison) row {
	r := row{
		kind: obj.GetKind(), namespace: obj.GetNamespace(), name: obj.GetName(),
		health: assessed.Health, sync: compared.Sync, status: event.Combine(assessed.Health, compared.Sync),
		reason: assessed.Reason, message: assessed.Message,
	}
	// Reason and message explain the status.
	switch {
	case r.status == event.StatusOutOfSync && len(compared.Drifts) > 0:
		r.reason, r.message = "", paths(compared)
	case r.message == "":
		r.message = compared.Message
	}
	return r
}

// paths lists what differs. The values stay out of it: some are secret.
func paths(compared event.Comparison) string {
	const enough = 10
	var b strings.Builder
	more := compared.Omitted
	for i, d := range compared.Drifts {
		if i >= enough {
			more += int64(len(compared.Drifts) - i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.Path)
	}
	if more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// rows prints rows. Rows may be held back until flush or close, which is called
// once, last.
type rows interface {
	add(r row) error
	flush() error
	close() error
}

// lines prints rows as JSON Lines.
type lines struct {
	to  *bufio.Writer
	enc *json.Encoder
}

func newLines(to io.Writer) *lines {
	l := &lines{to: bufio.NewWriterSize(to, 64<<10)}
	l.enc = json.NewEncoder(l.to)
	l.enc.SetEscapeHTML(false)
	return l
}

func (l *lines) add(r row) error {
	return l.enc.Encode(struct {
		Kind      string  `json:"kind"`
		Namespace string  `json:"namespace"`
		Name      string  `json:"name"`
		Health    *string `json:"health"`
		Sync      *string `json:"sync"`
		Status    *string `json:"status"`
		Reason    string  `json:"reason"`
		Message   string  `json:"message"`
	}{r.kind, r.namespace, r.name, orNull(r.health), orNull(r.sync), orNull(r.status), r.reason, r.message})
}

func (l *lines) flush() error { return l.to.Flush() }
func (l *lines) close() error { return l.to.Flush() }

func orNull[T ~string](word T) *string {
	if word == "" {
		return nil
	}
	text := string(word)
	return &text
}

// table prints rows in columns. The first thousand rows decide how wide these
// are; what is wider moves the rest of its own row only.
type table struct {
	to     *bufio.Writer
	held   [][]string
	widths []int
	begun  bool
}

var titles = []string{"KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "SYNC", "REASON", "MESSAGE"}

func newTable(to io.Writer) *table {
	return &table{to: bufio.NewWriterSize(to, 64<<10), held: [][]string{titles}, widths: make([]int, len(titles))}
}

func (t *table) add(r row) error {
	const enough = 1000
	cells := []string{r.kind, r.namespace, r.name, string(r.status), string(r.health), string(r.sync), r.reason, short(r.message)}
	for i, cell := range cells {
		cells[i] = printable(cell)
		if cell == "" && i < len(cells)-1 {
			cells[i] = "<none>"
		}
	}
	t.held = append(t.held, cells)
	if t.begun || len(t.held) > enough {
		return t.write()
	}
	return nil
}

// write prints what is held.
func (t *table) write() error {
	if !t.begun {
		for _, cells := range t.held {
			for i, cell := range cells {
				t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
			}
		}
		t.begun = true
	}
	for _, cells := range t.held {
		var b strings.Builder
		for i, cell := range cells {
			b.WriteString(cell)
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(cell))+3))
			}
		}
		if _, err := t.to.WriteString(strings.TrimRight(b.String(), " ") + "\n"); err != nil {
			return err
		}
	}
	t.held = t.held[:0]
	return nil
}

// flush prints nothing before the columns are known.
func (t *table) flush() error { return t.to.Flush() }

func (t *table) close() error {
	if t.begun || len(t.held) > 1 {
		if err := t.write(); err != nil {
			return err
		}
	}
	return t.to.Flush()
}

// short makes one line of a message.
func short(message string) string {
	const enough = 160
	message = strings.Join(strings.Fields(message), " ")
	if utf8.RuneCountInString(message) <= enough {
		return message
	}
	return string([]rune(message)[:enough-3]) + "..."
}

// printable keeps what an object says from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
