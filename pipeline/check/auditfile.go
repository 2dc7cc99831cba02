package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/source/auditfile"
)

const (
	// auditStale is the age of the newest event from which on an audit log is told to
	// stand still: components of the cluster ask the API server all the time.
	auditStale = 10 * time.Minute
	// auditTail is how much of the end of a log is read at first, in bytes.
	auditTail = 64 << 10
	// maxLogs is how many logs are looked at.
	maxLogs = 8
)

// auditFile looks at the end of each audit log.
func auditFile(_ context.Context, s *session) []Finding {
	path := s.Config.Audit.Path
	if path == "" {
		return skipped("audit_path is not set")
	}
	logs, problems := auditfile.Survey(path)
	var out []Finding
	for _, err := range problems {
		out = append(out, Finding{Failed, err.Error(), "let this process read it: the group of the file and of its folder, or the pod's runAsUser and a read-only hostPath"})
	}
	if len(logs) == 0 && len(problems) == 0 {
		return failed("check audit_path, and --audit-log-path of kube-apiserver: its folder has to be mounted here", "%s: there is no file of that name yet", path)
	}
	for i, l := range logs {
		if i == maxLogs {
			out = append(out, Finding{Result: OK, Detail: fmt.Sprintf("%s more, not looked at", plural(len(logs)-i, "log"))})
			break
		}
		out = append(out, s.auditLog(l))
	}
	return out
}

func (s *session) auditLog(l auditfile.Log) Finding {
	backups := plural(len(l.Backups), "backup")
	if l.Path == "" {
		return Finding{Warning, fmt.Sprintf("%s: there are rotated files only, and no log that is written to", l.Backups[0]), "check audit_path, and --audit-log-path of kube-apiserver"}
	}
	line, err := lastLine(l.Path, s.Config.Audit.MaxLine)
	switch {
	case errors.Is(err, errNoLine):
		return Finding{Warning, fmt.Sprintf("%s: it has no whole line yet (%s)", l.Path, backups), "see that kube-apiserver has an audit policy that logs something, --audit-policy-file"}
	case errors.Is(err, errLongLine):
		return Finding{Warning, fmt.Sprintf("%s: its last line is longer than audit_max_line", l.Path), "raise audit_max_line, or log fewer bodies by the audit policy"}
	case err != nil:
		return Finding{Failed, fmt.Sprintf("%s: %s", l.Path, cause(err)), "let this process read it: the group of the file, or the pod's runAsUser; kube-apiserver writes for its own user only"}
	}
	var d decode.AuditDecoder
	audit, err := d.Decode(line)
	if err != nil {
		detail := "it is none"
		if e, ok := errors.AsType[*decode.Error](err); ok {
			detail = e.Detail
		}
		return Finding{Failed, fmt.Sprintf("%s: the last line is no audit event: %s", l.Path, detail), "name the audit log in audit_path, and set --audit-log-format=json"}
	}
	at := audit.StageTime
	if at.IsZero() {
		at = audit.ReceivedTime
	}
	age := s.Now().Sub(at)
	detail := fmt.Sprintf("%s: newest event %s old, %s", l.Path, distance(max(age, 0)), backups)
	if age > auditStale {
		return Finding{Warning, detail, "kube-apiserver writes all the time: see whether it runs, writes to this file, and rotates it by another name"}
	}
	return Finding{Result: OK, Detail: detail}
}

var (
	errNoLine   = errors.New("no line")
	errLongLine = errors.New("the line is too long")
)

// lastLine returns the last line of a file that is whole, at most longest bytes of it.
// One that is being written is passed over.
func lastLine(path string, longest int) (_ []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	for size := int64(auditTail); ; size *= 4 {
		// Two lines, of which the later may be half written.
		whole := size >= st.Size()
		size = min(size, st.Size())
		tail := make([]byte, size)
		n, err := f.ReadAt(tail, st.Size()-size)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		tail = tail[:n]
		end := bytes.LastIndexByte(tail, '\n')
		if end >= 0 {
			tail = bytes.TrimRight(tail[:end], "\r\n")
			begin := bytes.LastIndexByte(tail, '\n')
			if (begin >= 0 || whole) && len(tail) > 0 {
				return tail[begin+1:], nil
			}
		}
		switch {
		case whole:
			return nil, errNoLine
		case size > 2*int64(longest):
			return nil, errLongLine
		}
	}
}
