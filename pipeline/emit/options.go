package emit

import (
	"io"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Options say which downstream there is and how to reach it.
type Options struct {
	// To is the downstream: file:PATH, stdout, http://..., https://... or
	// forward://HOST:PORT.
	To string
	// Format is FormatJSON or FormatOTLP for HTTP, FormatJSON if empty; others have
	// one of their own.
	Format Format
	// Compress is set to send gzip.
	Compress bool
	TLS      TLS

	// TokenFile holds a bearer token, HeadersFile further headers, one "Name: value"
	// a line; for HTTP. Both are read again when they change. SharedKeyFile holds
	// the shared key of the forward protocol.
	TokenFile, HeadersFile, SharedKeyFile string
	// Tag is that of records in the forward protocol.
	Tag string

	// Timeout is how long one attempt may take, from the connection to the end of
	// the acknowledgement; 30 s if zero.
	Timeout time.Duration

	// FileMaxBytes is the size at which a file is rotated, never if zero, and
	// FileMaxFiles how many rotated ones are kept, all if zero.
	FileMaxBytes int64
	FileMaxFiles int

	// Cluster, Version and Instance name the cluster that records are about and the
	// one that sends them.
	Cluster           event.ClusterName
	Version, Instance string

	// Stdout is where "stdout" writes to.
	Stdout io.Writer
	// Logger is for what Send does not return.
	Logger *slog.Logger
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// TLS says how connections are encrypted.
type TLS struct {
	// Enabled turns it on for forward://; https:// implies it.
	Enabled bool
	// SkipVerify takes any certificate of the server.
	SkipVerify bool
	// CAFile holds the certificates that the server's must be signed by, PEM; those
	// of the system if empty.
	CAFile string
	// CertFile and KeyFile are the client's certificate and key, PEM. All three files
	// are read again when they change.
	CertFile, KeyFile string
	// ServerName is the name in the server's certificate; the host of To if empty.
	ServerName string
}

// DefaultTimeout is that of Options.
const DefaultTimeout = 30 * time.Second
