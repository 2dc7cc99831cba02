package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// longestAuditID is the longest audit ID that a record's id repeats. One is a
// UUID unless a client chose it, and then of any length: stores refuse records
// with long ids, 512 bytes in Elasticsearch's case.
const longestAuditID = 64

// auditID is the same each time that the event is read, from whichever source.
func auditID(a *event.Audit, fp event.Fingerprint) event.RecordID {
	const prefix, hashed = "audit/", 8
	if !isPlainID(string(a.AuditID)) || !isPlainID(string(a.Stage)) {
		return event.RecordID(prefix + hex.EncodeToString(fp[:]))
	}
	b := make([]byte, 0, len(prefix)+len(a.AuditID)+1+len(a.Stage)+1+2*hashed)
	b = append(b, prefix...)
	b = append(b, a.AuditID...)
	b = append(b, '/')
	b = append(b, a.Stage...)
	b = append(b, '/')
	return event.RecordID(hex.AppendEncode(b, fp[:hashed]))
}

// eventID is the same each time that this version of the event is read. UIDs and
// versions are an API server's, but for those of log events, which say anything.
func eventID(occ *event.Occurrence, salt []byte) event.RecordID {
	if isPlainID(string(occ.UID)) && isPlainID(string(occ.ResourceVersion)) {
		return event.RecordID("event/" + string(occ.UID) + "/" + string(occ.ResourceVersion))
	}
	h := hmac.New(sha256.New, salt)
	// A hash never fails to write.
	_, _ = fmt.Fprintf(h, "%d %s%s", len(occ.UID), occ.UID, occ.ResourceVersion)
	return event.RecordID("event/" + hex.EncodeToString(h.Sum(nil)[:16]))
}

// isPlainID reports whether s can stand in an id wherever records go.
func isPlainID(s string) bool {
	if s == "" || len(s) > longestAuditID {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return true
}

// rejectID is the same each time that the item is read. The hash has a key
// since the item may be guessable but for a secret in it.
func (p *pump) rejectID(item *event.Item, reason event.RejectReason) event.RecordID {
	h := hmac.New(sha256.New, p.salt)
	// A hash never fails to write.
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00%d\x00%s\x00", item.Stream, item.Position, item.Place.Name, item.Place.Offset, item.Size, reason)
	if item.Position == "" {
		_, _ = h.Write(item.Raw)
	}
	return event.RecordID("rejected/" + hex.EncodeToString(h.Sum(nil)[:16]))
}
