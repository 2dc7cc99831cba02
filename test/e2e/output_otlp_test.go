package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// readOTLP reads the records of a request in OTLP/HTTP
// (opentelemetry.proto.collector.logs.v1): the body of each is the record, by its
// fields.
func readOTLP(r *http.Request) ([]sent, error) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-protobuf" || r.URL.Path != "/v1/logs" {
		return nil, fmt.Errorf("%s %s of %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, errHalf
	}
	const resourceLogs, scopeLogs, logRecords = 1, 2, 2
	var records []sent
	err = inside(body, []protowire.Number{resourceLogs, scopeLogs, logRecords}, func(record []byte) error {
		fields, err := flatten(record)
		if err != nil {
			return err
		}
		rec := sent{Type: fields["type"], ID: fields["id"]}
		rec.Audit.AuditID, rec.Audit.Stage = fields["audit.audit_id"], fields["audit.stage"]
		records = append(records, rec)
		return nil
	})
	return records, err
}

var errProtobuf = errors.New("not the protobuf that was expected")

// inside calls each for the messages at the end of a path of field numbers.
func inside(message []byte, path []protowire.Number, each func([]byte) error) error {
	if len(path) == 0 {
		return each(message)
	}
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errProtobuf
		}
		size := protowire.ConsumeFieldValue(field, kind, message[n:])
		if size < 0 {
			return errProtobuf
		}
		if field == path[0] && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message[n:])
			if err := inside(value, path[1:], each); err != nil {
				return err
			}
		}
		message = message[n+size:]
	}
	return nil
}

// flatten returns the texts of a log record's body, a map of maps, by their paths.
func flatten(record []byte) (map[string]string, error) {
	const body = 5
	out := map[string]string{}
	err := inside(record, []protowire.Number{body}, func(value []byte) error { return flattenInto(out, "", value) })
	return out, err
}

// flattenInto adds an AnyValue of opentelemetry.proto.common.v1.
func flattenInto(out map[string]string, path string, value []byte) error {
	const text, list, pairs, pairKey, pairValue = 1, 6, 1, 1, 2
	if err := inside(value, []protowire.Number{text}, func(s []byte) error {
		out[path] = string(s)
		return nil
	}); err != nil {
		return err
	}
	return inside(value, []protowire.Number{list, pairs}, func(pair []byte) error {
		var name string
		if err := inside(pair, []protowire.Number{pairKey}, func(s []byte) error {
			name = string(s)
			return nil
		}); err != nil {
			return err
		}
		if path != "" {
			name = path + "." + name
		}
		return inside(pair, []protowire.Number{pairValue}, func(v []byte) error { return flattenInto(out, name, v) })
	})
}

// replyOTLP answers that all was taken, in each of the ways that there are.
func replyOTLP(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK)
}

// What TestOutputDownstreamFails shows, of OTLP: a server that takes some records only
// does not say which. They are found all the same.
func TestOutputOTLPFails(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		d := newDownstream(t)
		d.read, d.reply = readOTLP, replyOTLP
		c := newCollector(t, h)
		names := c.forwardTo(t, d, "")
		c.forward["forward_format"], c.forward["forward_compress"] = "otlp", "none"
		disturb(t, c, d, names, []mood{tooMany, unavailable, hangs, halfAnswer, partial, refuses}, disturbance{span: soak(t, 12*time.Second) / 2, badEvery: badEvery})
	})
}
