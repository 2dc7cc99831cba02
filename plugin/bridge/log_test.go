package bridge

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"testing"
)

// The lines must be such as Fluent Bit's own, so that one parser reads both.
func TestLogLines(t *testing.T) {
	stamp := regexp.MustCompile(`(?m)^\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3}\] `)
	tests := []struct {
		name string
		log  func(*logger)
		want string
	}{
		{"info", func(l *logger) { l.Info("started", "n", 1) }, "[ info] [input:live_status:live_status.0] started n=1\n"},
		{"error", func(l *logger) { l.Error("no", "error", errors.New(`a "b"`)) }, "[error] [input:live_status:live_status.0] no error=\"a \\\"b\\\"\"\n"},
		{"warn with attributes", func(l *logger) { l.With("scope", "*").Warn("w", "x", "") }, "[ warn] [input:live_status:live_status.0] w scope=* x=\"\"\n"},
		{"debug is off", func(l *logger) { l.Debug("d") }, ""},
		{"a message cannot forge a line", func(l *logger) { l.Info("a\n[error] b") }, "[ info] [input:live_status:live_status.0] a [error] b\n"},
		{"nor steer the terminal", func(l *logger) { l.Info("a\x1b[2K", "x", "\x1b]0;t\a") }, "[ info] [input:live_status:live_status.0] a [2K x=\"\\x1b]0;t\\a\"\n"},
		{"a line for each mistake", func(l *logger) { l.Errors(errors.Join(errors.New("one"), errors.New("two"))) }, "[error] [input:live_status:live_status.0] one\n[error] [input:live_status:live_status.0] two\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			l := newLogger(&out, "input:live_status:live_status.0")
			tt.log(l)
			if got := stamp.ReplaceAllString(out.String(), ""); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	var out bytes.Buffer
	l := newLogger(&out, "c")
	l.level.Set(slog.LevelError)
	l.Warn("hidden")
	l.level.Set(slog.LevelDebug - 4)
	l.Log(t.Context(), slog.LevelDebug-4, "shown")
	if got := out.String(); !regexp.MustCompile(`^\[.*\] \[trace\] \[c\] shown\n$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
}
