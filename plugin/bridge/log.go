package bridge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// logger writes lines as Fluent Bit writes its own, so that both read as one
// log. Go plugins have no access to the host's.
type logger struct {
	*slog.Logger
	level *slog.LevelVar
}

func newLogger(w io.Writer, component string) *logger {
	level := new(slog.LevelVar)
	return &logger{Logger: slog.New(&handler{w: w, mu: new(sync.Mutex), level: level, component: component}), level: level}
}

// Errors logs each of the lines of err as one error.
func (l *logger) Errors(err error) {
	for line := range strings.Lines(err.Error()) {
		l.Error(strings.TrimSpace(line))
	}
}

// handler is a slog.Handler with Fluent Bit's line format.
type handler struct {
	w         io.Writer
	mu        *sync.Mutex
	level     slog.Leveler
	component string
	attrs     []slog.Attr
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

// Handle implements slog.Handler.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s] [%5s] [%s] %s", r.Time.Format("2006/01/02 15:04:05.000"), levelName(r.Level), h.component, oneLine(r.Message))
	write := func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%s", a.Key, quoted(a.Value.Resolve()))
		return true
	}
	for _, a := range h.attrs {
		write(a)
	}
	r.Attrs(write)
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, b.String())
	return err
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.attrs = append(slices.Clip(next.attrs), attrs...)
	return &next
}

// WithGroup implements slog.Handler. Groups are not written: the lines are for
// people, and no key here is ambiguous.
func (h *handler) WithGroup(string) slog.Handler { return h }

func levelName(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "error"
	case l >= slog.LevelWarn:
		return "warn"
	case l >= slog.LevelInfo:
		return "info"
	case l >= slog.LevelDebug:
		return "debug"
	default:
		return "trace"
	}
}

func quoted(v slog.Value) string {
	var s string
	switch v.Kind() {
	case slog.KindTime:
		s = v.Time().UTC().Format(time.RFC3339Nano)
	default:
		s = v.String()
	}
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// oneLine keeps a message from forging further lines and from steering the
// terminal of who reads them.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
