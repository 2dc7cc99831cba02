package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/fluent-live/live-status/pipeline/redact"
)

// cleanLog passes on what is logged as it may leave: errors quote names, and what
// servers answered. Of messages the subject is this module's own and stays readable
// also where no value is known yet.
type cleanLog struct {
	slog.Handler
	redactor *redact.Redactor
}

// redacting returns a logger whose lines pass the redactor.
func redacting(logger *slog.Logger, redactor *redact.Redactor) *slog.Logger {
	return slog.New(cleanLog{logger.Handler(), redactor})
}

// Handle implements slog.Handler.
func (h cleanLog) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	if out.Message = h.redactor.Line(r.Message); out.Message == redact.MarkWithheld {
		out.Message = constant(r.Message)
	}
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(h.clean(a))
		return true
	})
	return h.Handler.Handle(ctx, out)
}

// constant returns the part of a message that is this module's own: what is behind
// its subject may be somebody else's.
func constant(message string) string {
	subject, _, found := strings.Cut(message, ": ")
	if !found {
		return message
	}
	return subject + ": " + redact.MarkWithheld
}

// WithAttrs implements slog.Handler.
func (h cleanLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.clean(a)
	}
	return cleanLog{h.Handler.WithAttrs(clean), h.redactor}
}

// WithGroup implements slog.Handler.
func (h cleanLog) WithGroup(name string) slog.Handler {
	return cleanLog{h.Handler.WithGroup(name), h.redactor}
}

func (h cleanLog) clean(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if a.Key == "" && v.Any() == nil {
		return a // Handlers leave out what is empty.
	}
	var text string
	switch v.Kind() {
	case slog.KindString:
		text = v.String()
	case slog.KindAny:
		text = fmt.Sprint(v.Any())
	case slog.KindGroup:
		group := v.Group()
		clean := make([]slog.Attr, len(group))
		for i, member := range group {
			clean[i] = h.clean(member)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64, slog.KindLogValuer:
		return slog.Attr{Key: a.Key, Value: v}
	}
	return slog.String(a.Key, h.redactor.Line(text))
}
