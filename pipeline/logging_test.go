package pipeline

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/known"
)

type knownValues struct {
	set    *known.Set
	reason string
}

func (k *knownValues) Current() (*known.Set, string) { return k.set, k.reason }

func TestLogsAreRedacted(t *testing.T) {
	const value = "s3cr3t-of-shop"
	set, _ := known.Compile([]known.Value{{Name: "DB", Text: value}}, known.Options{MinLength: 6})
	values := &knownValues{set: set}
	var out bytes.Buffer
	plain := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	logger := redacting(plain, redact.New(redact.Options{Salt: bytes.Repeat([]byte("s"), 32), Values: values}))
	say := func() string {
		out.Reset()
		logger.With("name", "x-"+value).WithGroup("g").Warn("cannot read "+value, "error", errors.New("no such "+value), "n", 5,
			slog.Group("in", "url", "https://u:"+value+"@h/"))
		return out.String()
	}
	want := `level=WARN msg="cannot read [redacted:DB]" name=x-[redacted:DB] g.error="no such [redacted:DB]" g.n=5 g.in.url=https://u:[redacted]@h/` + "\n"
	if got := say(); got != want {
		t.Errorf("logged\n%s, want\n%s", got, want)
	}
	// While not all values are known the others are still taken out.
	values.reason = "not yet"
	if got := say(); got != want {
		t.Errorf("logged\n%s, want\n%s", got, want)
	}
	// Where none is known, only what this module itself says is told.
	values.set = nil
	if got := say(); !strings.HasSuffix(got, " name=[withheld] g.error=[withheld] g.n=5 g.in.url=[withheld]\n") {
		t.Errorf("logged\n%s", got)
	}
	out.Reset()
	logger.Info("health rules: no such " + value)
	logger.Info("stopped")
	if got, want := out.String(), "level=INFO msg=\"health rules: [withheld]\"\nlevel=INFO msg=stopped\n"; got != want {
		t.Errorf("logged\n%s, want\n%s", got, want)
	}
}

// resolving is a value that its handler asks for.
type resolving struct{ v slog.Value }

func (r resolving) LogValue() slog.Value { return r.v }

// TestLogsKeepWhatIsNoText has attributes that handlers leave out, and values that
// are asked for.
func TestLogsKeepWhatIsNoText(t *testing.T) {
	var out bytes.Buffer
	logger := redacting(slog.New(slog.NewTextHandler(&out, nil)), redact.New(redact.Options{Salt: bytes.Repeat([]byte("s"), 32)}))
	logger.Info("m", slog.Attr{}, slog.Group("empty"), slog.Any("n", resolving{slog.IntValue(5)}), slog.Any("s", resolving{slog.StringValue("t")}))
	if got := out.String(); !strings.HasSuffix(got, " msg=m n=5 s=t\n") {
		t.Errorf("logged %s", got)
	}
}
