package emit

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// protobuf is the content type of OTLP/HTTP
// (https://opentelemetry.io/docs/specs/otlp/#binary-protobuf-encoding).
const protobuf = "application/x-protobuf"

// Numbers of fields in opentelemetry-proto 1: logs_service.proto, logs.proto,
// resource.proto and common.proto.
const (
	exportResourceLogs   = 1
	resourceLogsResource = 1
	resourceLogsScope    = 2
	resourceAttributes   = 1
	scopeLogsScope       = 1
	scopeLogsRecords     = 2
	scopeName            = 1
	scopeVersion         = 2
	keyValueKey          = 1
	keyValueValue        = 2
	anyValueString       = 1

	responsePartialSuccess = 1
	partialRejected        = 1
	partialMessage         = 2
	// googleStatusMessage is google.rpc.Status.message.
	googleStatusMessage = 2
)

// serviceName is the name of what sends, as resource and as scope.
const serviceName = "live-status"

// appendResource appends the resource field of ResourceLogs. The names are those of
// the OpenTelemetry semantic conventions.
func appendResource(dst []byte, o Options) []byte {
	var attributes []byte
	for _, a := range [][2]string{
		{"service.name", serviceName},
		{"service.version", o.Version},
		{"service.instance.id", o.Instance},
		{"k8s.cluster.name", string(o.Cluster)},
	} {
		if a[1] == "" {
			continue
		}
		var value, entry []byte
		value = appendString(value, anyValueString, a[1])
		entry = appendString(entry, keyValueKey, a[0])
		entry = appendMessage(entry, keyValueValue, value)
		attributes = appendMessage(attributes, resourceAttributes, entry)
	}
	return appendMessage(dst, resourceLogsResource, attributes)
}

// appendScope appends the scope field of ScopeLogs.
func appendScope(dst []byte, version string) []byte {
	scope := appendString(nil, scopeName, serviceName)
	if version != "" {
		scope = appendString(scope, scopeVersion, version)
	}
	return appendMessage(dst, scopeLogsScope, scope)
}

// appendExport appends the ExportLogsServiceRequest of a batch. The records are
// serialized already and stay as they are.
func appendExport(dst []byte, e envelope, b Batch) []byte {
	records := 0
	for i := range b.Len() {
		records += protowire.SizeTag(scopeLogsRecords) + protowire.SizeBytes(len(b.Record(i)))
	}
	scopeLogs := len(e.scope) + records
	resourceLogs := len(e.resource) + protowire.SizeTag(resourceLogsScope) + protowire.SizeBytes(scopeLogs)
	dst = protowire.AppendTag(dst, exportResourceLogs, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(resourceLogs))
	dst = append(dst, e.resource...)
	dst = protowire.AppendTag(dst, resourceLogsScope, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(scopeLogs))
	dst = append(dst, e.scope...)
	for i := range b.Len() {
		dst = appendMessage(dst, scopeLogsRecords, b.Record(i))
	}
	return dst
}

// envelope is what encloses the records of all requests: the resource field of
// ResourceLogs and the scope field of ScopeLogs, serialized.
type envelope struct{ resource, scope []byte }

func newEnvelope(o Options) envelope {
	return envelope{resource: appendResource(nil, o), scope: appendScope(nil, o.Version)}
}

func appendString(dst []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(dst, field, protowire.BytesType), s)
}

func appendMessage(dst []byte, field protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), m)
}

// judgeOTLP reads the answer to an export that has a status of 2xx. It may say that
// some records were not taken, but never which. The specification forbids to send
// the request again, because those that were taken would come twice. That would
// lose the others or put all of them among the dead letters, and here nothing may
// be lost: the records are refused together, so that the Deliverer sends them again
// in ever smaller parts until it knows which they are. What comes twice has the
// same log.record.uid, and comes only where the downstream did not say enough.
//
// What is no ExportLogsServiceResponse counts by its status: many gateways answer
// something of their own.
func (c *httpClient) judgeOTLP(resp *http.Response, a answer, records int) error {
	var rejected int64
	var message string
	var err error
	switch {
	case len(a.body) == 0:
	case a.cut && (isProtobuf(resp) || isJSON(resp)):
		return fmt.Errorf("POST %s: %s, but the answer is longer than %d bytes", c.name, statusName(resp.StatusCode), maxAnswer)
	case isProtobuf(resp):
		rejected, message, err = partialSuccess(a.body)
	case isJSON(resp):
		rejected, message, err = partialSuccessJSON(a.body)
	}
	if err != nil {
		// It came whole, and to send the records again would bring the same.
		if !c.warned {
			c.warned = true
			c.logger.Warn("the downstream took the records, but its answer is none of OTLP", "to", c.name, "error", err)
		}
		return nil
	}
	if !isQuotable(message) || c.secretIn(message) {
		message = ""
	}
	if rejected <= 0 {
		if message != "" && !c.warned {
			c.warned = true
			c.logger.Warn("the downstream took the records with a warning", "to", c.name, "warning", message)
		}
		return nil
	}
	reason := fmt.Sprintf("POST %s: %s, but %d of %d records were rejected", c.name, statusName(resp.StatusCode), rejected, records)
	if message != "" {
		reason += ": " + message
	}
	return &RefusedError{Reason: reason}
}

func isProtobuf(resp *http.Response) bool { return mediaType(resp) == protobuf }

func isJSON(resp *http.Response) bool { return mediaType(resp) == "application/json" }

func mediaType(resp *http.Response) string {
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// errAnswer is returned for an answer that is not what its type says.
var errAnswer = errors.New("the answer is no ExportLogsServiceResponse")

// partialSuccess reads an ExportLogsServiceResponse.
func partialSuccess(body []byte) (rejected int64, message string, err error) {
	err = fields(body, func(field protowire.Number, _ uint64, value []byte) error {
		if field != responsePartialSuccess || value == nil {
			return nil
		}
		return fields(value, func(field protowire.Number, n uint64, value []byte) error {
			switch {
			case field == partialRejected && value == nil:
				rejected = int64(min(n, math.MaxInt64))
			case field == partialMessage && value != nil:
				message = string(value)
			}
			return nil
		})
	})
	return rejected, message, err
}

// partialSuccessJSON reads one in JSON, where 64 bits are a string or a number.
func partialSuccessJSON(body []byte) (rejected int64, message string, err error) {
	var response struct {
		PartialSuccess struct {
			RejectedLogRecords json.RawMessage `json:"rejectedLogRecords"`
			ErrorMessage       string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if err := json.Unmarshal(body, &response); err != nil {
		return 0, "", errAnswer
	}
	if n := response.PartialSuccess.RejectedLogRecords; len(n) > 0 && string(n) != "null" {
		text := string(n)
		if s, err := strconv.Unquote(text); err == nil {
			text = s
		}
		if rejected, err = strconv.ParseInt(text, 10, 64); err != nil {
			return 0, "", errAnswer
		}
	}
	return rejected, response.PartialSuccess.ErrorMessage, nil
}

// statusMessage returns the message of a google.rpc.Status, which servers of OTLP
// answer where the status is not 2xx; empty if it is none.
func statusMessage(body []byte) string {
	message := ""
	if err := fields(body, func(field protowire.Number, _ uint64, value []byte) error {
		if field == googleStatusMessage && value != nil {
			message = string(value)
		}
		return nil
	}); err != nil {
		return ""
	}
	return message
}

// fields calls each for the fields of a message: value is nil for numbers, and not
// for what has a length.
func fields(message []byte, each func(field protowire.Number, n uint64, value []byte) error) error {
	for len(message) > 0 {
		field, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return errAnswer
		}
		message = message[size:]
		var n uint64
		var value []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(message)
			if size >= 0 && value == nil {
				value = []byte{}
			}
		default:
			if size = protowire.ConsumeFieldValue(field, kind, message); size >= 0 {
				message = message[size:]
				continue
			}
		}
		if size < 0 {
			return errAnswer
		}
		if err := each(field, n, value); err != nil {
			return err
		}
		message = message[size:]
	}
	return nil
}
