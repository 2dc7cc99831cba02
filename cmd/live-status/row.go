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

// table prints rows in columns.
type table struct{ *grid }

var titles = []string{"KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "SYNC", "REASON", "MESSAGE"}

func newTable(to io.Writer) *table { return &table{newGrid(to, titles, nil)} }

func (t *table) add(r row) error {
	return t.grid.add([]string{r.kind, r.namespace, r.name, string(r.status), string(r.health), string(r.sync), r.reason, short(r.message)})
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
