package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits and defaults of forwarding.
const (
	MinFileBytes      = 64 << 10
	MaxFileBytes      = 64 << 30
	MaxFiles          = 1000
	MinForwardTimeout = 100 * time.Millisecond
	MaxForwardTimeout = 10 * time.Minute
	// MinFlushTimeout leaves time for a downstream in the same rack, and
	// MaxFlushTimeout keeps the end of Fluent Bit from waiting for ever: it joins
	// the threads of its outputs.
	MinFlushTimeout = 100 * time.Millisecond
	MaxFlushTimeout = 5 * time.Minute
)

// What forward_format can be.
const (
	FormatJSONLines = "jsonl"
	FormatOTLP      = "otlp"
)

// What forward_compress can be.
const (
	CompressNone = "none"
	CompressGzip = "gzip"
)

// Forward says where the output plugin sends the records.
type Forward struct {
	// To is file:PATH, stdout, an http or https URL, or forward://HOST:PORT; empty
	// where Fluent Bit carries the records.
	To string
	// Format is FormatJSONLines or FormatOTLP; of http and https only.
	Format string
	// Compress is CompressNone or CompressGzip.
	Compress string

	TLS        bool
	TLSVerify  bool
	CAFile     string
	CertFile   string
	KeyFile    string
	ServerName string

	TokenFile     string
	HeadersFile   string
	SharedKeyFile string
	// Tag is that of the records sent by forward://.
	Tag string
	// Timeout bounds one request, its answer included.
	Timeout time.Duration
	// FileMaxBytes is the size at which file:PATH is rotated, FileMaxFiles how many
	// rotated ones are kept.
	FileMaxBytes int64
	FileMaxFiles int
	// DeadLetterPath is where records go that the downstream will never take; empty
	// where these are tried for ever.
	DeadLetterPath string
	// FlushTimeout bounds one call of the host.
	FlushTimeout time.Duration
}

func forwardOptions() []Option {
	compress := []string{CompressNone, CompressGzip}
	formats := []string{FormatJSONLines, FormatOTLP}
	return []Option{
		{
			Key: "forward_to", Kind: KindString,
			Doc: "Where the records go: `file:PATH` (JSON Lines, rotated), `stdout`, `http://...` or `https://...` (see `forward_format`), or `forward://HOST:PORT` (the Fluent forward protocol with acknowledgements, as Fluent Bit's and Fluentd's `forward` inputs take it). Must be set.",
			set: func(c *Config, v string) (err error) {
				c.Forward.To, err = parseForwardTo(v)
				return err
			},
		},
		{
			Key: "forward_format", Kind: KindEnum, Values: formats, Default: FormatJSONLines,
			Doc: "What an `http://` or `https://` downstream is sent: `jsonl` (a record a line, `application/x-ndjson`) or `otlp` (OTLP/HTTP logs, protobuf; to `/v1/logs` where the URL has no path).",
			set: setEnum(func(c *Config) *string { return &c.Forward.Format }, formats),
		},
		{
			Key: "forward_compress", Kind: KindEnum, Values: compress, Default: CompressNone,
			Doc: "Compression of what is sent by `http://`, `https://` and `forward://`.",
			set: setEnum(func(c *Config) *string { return &c.Forward.Compress }, compress),
		},
		{
			Key: "forward_tls", Kind: KindBool, Default: "off",
			Doc: "TLS for `forward://`; `https://` has it always. In the place of `tls`, which Fluent Bit keeps for itself.",
			set: setBool(func(c *Config) *bool { return &c.Forward.TLS }),
		},
		{
			Key: "forward_tls_verify", Kind: KindBool, Default: "on",
			Doc: "Check the downstream's certificate.",
			set: setBool(func(c *Config) *bool { return &c.Forward.TLSVerify }),
		},
		{
			Key: "forward_tls_ca_file", Kind: KindFile,
			Doc: "CA certificates, PEM, that the downstream's certificate is checked against; the system's when not set.",
			set: setFile(func(c *Config) *string { return &c.Forward.CAFile }),
		},
		{
			Key: "forward_tls_crt_file", Kind: KindFile,
			Doc: "Client certificate, PEM, read again when it changes. Needs `forward_tls_key_file`.",
			set: setFile(func(c *Config) *string { return &c.Forward.CertFile }),
		},
		{
			Key: "forward_tls_key_file", Kind: KindFile,
			Doc: "Key of the client certificate, PEM.",
			set: setFile(func(c *Config) *string { return &c.Forward.KeyFile }),
		},
		{
			Key: "forward_tls_server_name", Kind: KindString,
			Doc: "Name expected in the downstream's certificate, where it is not the host of `forward_to`.",
			set: setString(func(c *Config) *string { return &c.Forward.ServerName }),
		},
		{
			Key: "forward_token_file", Kind: KindFile,
			Doc: "Bearer token for `http://` and `https://`. Read again when it changes, and at once when the downstream answers 401.",
			set: setFile(func(c *Config) *string { return &c.Forward.TokenFile }),
		},
		{
			Key: "forward_headers_file", Kind: KindFile,
			Doc: "Further headers for `http://` and `https://`, a `Name: value` a line, for tenants and API keys. Read again when it changes.",
			set: setFile(func(c *Config) *string { return &c.Forward.HeadersFile }),
		},
		{
			Key: "forward_shared_key_file", Kind: KindFile,
			Doc: "Shared key for `forward://`, as `shared_key` of Fluent Bit's and Fluentd's `forward` inputs.",
			set: setFile(func(c *Config) *string { return &c.Forward.SharedKeyFile }),
		},
		{
			Key: "forward_tag", Kind: KindString, Default: "live_status",
			Doc: "Tag of what is sent by `forward://`.",
			set: setString(func(c *Config) *string { return &c.Forward.Tag }),
		},
		{
			Key: "forward_timeout", Kind: KindDuration, Default: "10s",
			Doc: "Longest duration of one request, its answer included, from 100ms to 10m.",
			set: setDurationWithin(func(c *Config) *time.Duration { return &c.Forward.Timeout }, MinForwardTimeout, MaxForwardTimeout, "100ms to 10m"),
		},
		{
			Key: "forward_file_max_size", Kind: KindSize, Default: "100MiB",
			Doc: "Size at which the file of `file:PATH` becomes `PATH.1`, from 64KiB to 64GiB.",
			set: func(c *Config, v string) (err error) {
				c.Forward.FileMaxBytes, err = parseSizeWithin(v, MinFileBytes, MaxFileBytes, "64KiB to 64GiB")
				return err
			},
		},
		{
			Key: "forward_file_max_files", Kind: KindInt, Default: "10",
			Doc: "How many rotated files of `file:PATH` are kept; the oldest goes. 0 keeps all.",
			set: func(c *Config, v string) error {
				n, err := parseInt(v, 0, MaxFiles)
				c.Forward.FileMaxFiles = int(n)
				return err
			},
		},
		{
			Key: "dead_letter_path", Kind: KindFile,
			Doc: "File for what can never be delivered, with the reason: a JSON object a line. Without it a record that the downstream refuses is tried for ever, and all others wait behind it.",
			set: setFile(func(c *Config) *string { return &c.Forward.DeadLetterPath }),
		},
		{
			Key: "flush_timeout", Kind: KindDuration, Default: "4s",
			Doc: "How long a call of Fluent Bit's waits for the downstream, from 100ms to 5m. Then Fluent Bit is told to come again with the chunk, and work on it goes on. Keep it below Fluent Bit's `grace`.",
			set: setDurationWithin(func(c *Config) *time.Duration { return &c.Forward.FlushTimeout }, MinFlushTimeout, MaxFlushTimeout, "100ms to 5m"),
		},
	}
}

func setDurationWithin(field func(*Config) *time.Duration, low, high time.Duration, span string) func(*Config, string) error {
	return func(c *Config, v string) error {
		d, err := parseDuration(v)
		if err == nil && (d < low || d > high) {
			err = &valueError{"is out of range", "write a duration from " + span}
		}
		*field(c) = d
		return err
	}
}

// Of forward_to.
const (
	forwardFile   = "file:"
	forwardStdout = "stdout"
	forwardScheme = "forward://"
)

// parseForwardTo checks where records are to go.
func parseForwardTo(s string) (string, error) {
	const hint = "write file:PATH, stdout, https://HOST/PATH, http://HOST/PATH or forward://HOST:PORT"
	switch {
	case strings.EqualFold(s, forwardStdout):
		return forwardStdout, nil
	case strings.HasPrefix(s, forwardFile):
		if path := strings.TrimPrefix(s, forwardFile); path == "" || strings.ContainsRune(path, 0) {
			return "", &valueError{"names no file", "write file:PATH, for example file:/var/log/live-status.jsonl"}
		}
		return s, nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", &valueError{"is no place to send records to", hint}
	case u.User != nil:
		return "", &valueError{"has a user name or password in it", "take it out; use forward_token_file or forward_headers_file"}
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "forward":
		return "", &valueError{"is no place to send records to", hint}
	case u.Hostname() == "":
		return "", &valueError{"names no host", hint}
	case u.Fragment != "":
		return "", &valueError{"has a fragment", "take out what is behind #"}
	}
	if u.Port() != "" {
		if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n == 0 {
			return "", &valueError{"has no port from 1 to 65535", hint}
		}
	}
	if u.Scheme == "forward" {
		if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
			return "", &valueError{"has a path or a query", "write forward://HOST:PORT"}
		}
		port := u.Port()
		if port == "" {
			port = "24224"
		}
		return forwardScheme + net.JoinHostPort(u.Hostname(), port), nil
	}
	return s, nil
}

// IsHTTP reports whether records go to a web server.
func (f Forward) IsHTTP() bool {
	return strings.HasPrefix(f.To, "http://") || strings.HasPrefix(f.To, "https://")
}

// isForward reports whether they go by the forward protocol.
func (f Forward) isForward() bool { return strings.HasPrefix(f.To, forwardScheme) }

// hasTLS reports whether they go by TLS.
func (f Forward) hasTLS() bool {
	return strings.HasPrefix(f.To, "https://") || f.isForward() && f.TLS
}

// conflicts reports keys that do not fit where records go.
func (f Forward) conflicts() []*KeyError {
	if f.To == "" {
		return []*KeyError{{
			Key: "forward_to", Problem: "is not set: it is not known where records are to go",
			Hint: "write file:PATH, stdout, https://HOST/PATH, http://HOST/PATH or forward://HOST:PORT",
		}}
	}
	var out []*KeyError
	unfit := func(fits bool, key, value, what, hint string) {
		if !fits && value != "" {
			out = append(out, &KeyError{Key: key, Value: value, Problem: "is for " + what + ", and forward_to is " + showURL(f.To), Hint: hint})
		}
	}
	format := f.Format
	if format == FormatJSONLines {
		format = ""
	}
	unfit(f.IsHTTP(), "forward_format", format, "http:// and https://", "drop forward_format")
	compress := f.Compress
	if compress == CompressNone {
		compress = ""
	}
	unfit(f.IsHTTP() || f.isForward(), "forward_compress", compress, "http://, https:// and forward://", "drop forward_compress")
	unfit(f.IsHTTP(), "forward_token_file", f.TokenFile, "http:// and https://", "drop forward_token_file")
	unfit(f.IsHTTP(), "forward_headers_file", f.HeadersFile, "http:// and https://", "drop forward_headers_file")
	unfit(f.isForward(), "forward_shared_key_file", f.SharedKeyFile, "forward://", "drop forward_shared_key_file")
	tls := "switch TLS on: forward_tls on for forward://, or https:// instead of http://"
	unfit(f.hasTLS(), "forward_tls_ca_file", f.CAFile, "TLS", tls)
	unfit(f.hasTLS(), "forward_tls_crt_file", f.CertFile, "TLS", tls)
	unfit(f.hasTLS(), "forward_tls_key_file", f.KeyFile, "TLS", tls)
	unfit(f.hasTLS(), "forward_tls_server_name", f.ServerName, "TLS", tls)
	if f.TLS && !f.isForward() && !f.hasTLS() {
		out = append(out, &KeyError{Key: "forward_tls", Value: "on", Problem: "is for forward://, and forward_to is " + showURL(f.To), Hint: "write https:// to have TLS, or drop forward_tls"})
	}
	if f.CertFile != "" && f.KeyFile == "" {
		out = append(out, &KeyError{Key: "forward_tls_crt_file", Value: f.CertFile, Problem: "has no key", Hint: "set forward_tls_key_file too"})
	}
	if f.KeyFile != "" && f.CertFile == "" {
		out = append(out, &KeyError{Key: "forward_tls_key_file", Value: f.KeyFile, Problem: "has no certificate", Hint: "set forward_tls_crt_file too"})
	}
	return append(out, f.files()...)
}

// files reports files that cannot be read or written.
func (f Forward) files() []*KeyError {
	var out []*KeyError
	for _, file := range []struct{ key, path string }{
		{"forward_tls_ca_file", f.CAFile},
		{"forward_tls_crt_file", f.CertFile},
		{"forward_tls_key_file", f.KeyFile},
		{"forward_token_file", f.TokenFile},
		{"forward_headers_file", f.HeadersFile},
		{"forward_shared_key_file", f.SharedKeyFile},
	} {
		if file.path != "" {
			out = append(out, unreadable(file.key, file.path))
		}
	}
	if path, ok := strings.CutPrefix(f.To, forwardFile); ok {
		out = append(out, unwritable("forward_to", path))
	}
	if f.DeadLetterPath != "" {
		out = append(out, unwritable("dead_letter_path", f.DeadLetterPath))
	}
	return out
}
