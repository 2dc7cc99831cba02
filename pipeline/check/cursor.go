package check

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/fluent-live/live-status/pipeline/cursor"
)

// cursorRoom is what a cursor may need: a hundred thousand objects with their
// statuses, and the log of its changes.
const cursorRoom = 256 << 20

// cursorFiles looks at the files that outlast a restart.
func cursorFiles(ctx context.Context, s *session) []Finding {
	cfg := s.Config
	if cfg.Cursor.Path == "" {
		return warned("set db to a file on a volume that outlasts restarts", "db is not set: positions are kept in memory only, and a restart repeats or misses records")
	}
	out := []Finding{s.database(ctx, cursor.CursorFile, cfg.Cursor.Path, "db", cursorRoom)}
	if w := cfg.Audit.Webhook; w.Listen != "" && w.SpoolFile != "" {
		out = append(out, s.database(ctx, cursor.SpoolFile, w.SpoolFile, "audit_spool_file", w.MaxSpool))
	}
	return out
}

// database looks at a file that may grow to so many bytes.
func (s *session) database(ctx context.Context, of cursor.Database, path, option string, room int64) Finding {
	x, err := cursor.Examine(ctx, of, path)
	if err != nil {
		fix := "see docs/CURSOR.md"
		switch cursor.KindOf(err) {
		case cursor.Foreign:
			fix = "name another file in " + option
		case cursor.Corrupt, cursor.Newer:
			fix = "move it away to start afresh, or bring the former one back"
		case cursor.Unwritable:
			fix = fmt.Sprintf("let this process write %s and its folder: the volume's fsGroup, or the owner of the folder", path)
		default:
		}
		return Finding{Failed, err.Error(), fix}
	}
	if err := writable(filepath.Dir(x.Path)); err != nil {
		return Finding{
			Failed, fmt.Sprintf("%s %s: its folder cannot be written to: %s", option, path, cause(err)),
			"let this process write there: the volume's fsGroup, or the owner of the folder; a read-only root file system needs a volume",
		}
	}
	state := fmt.Sprintf("format %d, sound", x.Format)
	switch {
	case x.Absent:
		state = "it is made at the first start"
	case x.Holder != "":
		state = fmt.Sprintf("format %d, in use by %s", x.Format, x.Holder)
	case x.Format < x.Newest:
		state = fmt.Sprintf("format %d, sound; the next start makes it format %d", x.Format, x.Newest)
	}
	detail := fmt.Sprintf("%s %s: %s", option, path, state)
	if x.Total == 0 {
		return Finding{Result: OK, Detail: detail}
	}
	detail += fmt.Sprintf("; %s free", size(x.Free))
	// What it has already, it needs not find.
	if need := room - x.Bytes; x.Free < need {
		return Finding{Warning, fmt.Sprintf("%s, and it may grow by %s", detail, size(need)), roomFix(of)}
	}
	return Finding{Result: OK, Detail: detail}
}

func roomFix(of cursor.Database) string {
	if of == cursor.SpoolFile {
		return "give the volume more room, or lower audit_spool_max_size"
	}
	return "give the volume more room"
}

// size is a number of bytes for people.
func size(n int64) string {
	const unit = 1024
	f, i := float64(n), 0
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for ; f >= unit && i < len(units)-1; i++ {
		f /= unit
	}
	if i == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// errNoRandom keeps a salt from being made by who only looks.
var errNoRandom = errors.New("nothing is made here")
