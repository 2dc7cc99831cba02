package encode

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// Numbers of fields in logs.proto of opentelemetry-proto 1, message LogRecord.
const (
	otlpTime         protowire.Number = 1
	otlpSeverity     protowire.Number = 2
	otlpSeverityText protowire.Number = 3
	otlpBody         protowire.Number = 5
	otlpAttribute    protowire.Number = 6
	otlpObserved     protowire.Number = 11
	otlpEventName    protowire.Number = 12
)

// severity is how grave a record is.
type severity struct {
	number uint64
	text   string
}

// The severities, with the numbers and short names of
// https://opentelemetry.io/docs/specs/otel/logs/data-model/#severity-fields.
var (
	severityInfo  = severity{9, "INFO"}
	severityWarn  = severity{13, "WARN"}
	severityError = severity{17, "ERROR"}
)

// AppendOTLP appends r to dst as a serialized opentelemetry.proto.logs.v1.LogRecord.
// Its body is the whole record, with the keys of AppendJSON (what lies deeper than
// many receivers can read is JSON text there); its event name is
// live_status and the record's type; the attributes are those for which
// OpenTelemetry has names, log.record.uid, the record's ID, first. Both of its times
// are the record's, so that a record that is sent again is the same to the byte. On
// error it returns dst as it was. It does not allocate where dst has room.
func AppendOTLP(dst []byte, r redact.Redacted) ([]byte, error) {
	rec := r.Fields()
	if err := check(&rec); err != nil {
		return dst, err
	}
	e := borrow()
	defer giveBack(e)
	at := unixNano(rec.Time)
	level := severityOf(&rec)
	b := dst
	if at != 0 {
		b = appendFixed64(b, otlpTime, at)
	}
	b = protowire.AppendVarint(protowire.AppendTag(b, otlpSeverity, protowire.VarintType), level.number)
	b = appendText(b, otlpSeverityText, level.text)
	b = protowire.AppendTag(b, otlpBody, protowire.BytesType)
	e.otlp.reset(b)
	if err := e.record(&e.otlp, &rec); err != nil {
		return dst, fmt.Errorf("encode record %q of type %q: %w", rec.ID, rec.Type, err)
	}
	b = appendAttributes(e.otlp.buf, &rec)
	if at != 0 {
		b = appendFixed64(b, otlpObserved, at)
	}
	b = protowire.AppendTag(b, otlpEventName, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(len(eventNamePrefix)+len(rec.Type)))
	b = append(b, eventNamePrefix...)
	return append(b, rec.Type...), nil
}

// eventNamePrefix stands before the record's type in the name of an event.
const eventNamePrefix = "live_status."

// unixNano brings t into the range of 64 bits. 0 means unknown, and is not written.
func unixNano(t time.Time) uint64 {
	const second = uint64(time.Second)
	switch s := t.Unix(); {
	case s < 0:
		return 0
	case uint64(s) >= math.MaxUint64/second:
		return math.MaxUint64
	default:
		return uint64(s)*second + uint64(t.Nanosecond())
	}
}

// severityOf says how grave a record is: an error is what somebody has to mend, a
// warning what somebody should look at.
func severityOf(rec *event.Record) severity {
	switch rec.Type {
	case event.TypeEvent:
		if rec.Event.Type == "Warning" {
			return severityWarn
		}
	case event.TypeAudit:
		return severityOfAudit(rec.Audit)
	case event.TypeObjectStatus:
		switch rec.ObjectState.Status {
		case event.StatusDegraded, event.StatusMissing:
			return severityError
		case event.StatusUnknown, event.StatusOutOfSync:
			return severityWarn
		case event.StatusNone, event.StatusProgressing, event.StatusHealthy, event.StatusInSync, event.StatusSuspended:
		}
	case event.TypeApplicationStatus:
		switch rec.ApplicationState.Status {
		case event.ApplicationDegraded, event.ApplicationMissing, event.ApplicationUnavailable:
			return severityError
		case event.ApplicationUnknown, event.ApplicationOutOfSync:
			return severityWarn
		case event.ApplicationProgressing, event.ApplicationHealthy, event.ApplicationWaiting:
		}
	case event.TypeDeployment:
		if rec.Deployment.Phase == event.DeploymentFailed {
			return severityError
		}
	case event.TypeRejected:
		return severityWarn
	case event.TypeMonitorStatus:
		if rec.Monitor.Redaction.Blocked != "" {
			return severityWarn
		}
	}
	return severityInfo
}

// severityOfAudit says how grave a request is. Most answers of 4xx are everyday
// business: controllers ask for what is not there (404) and meet each other (409).
// What was denied and what the server failed at is not.
func severityOfAudit(a *event.Audit) severity {
	switch {
	case a.Stage == event.StagePanic:
		return severityError
	case a.Code == 401, a.Code == 403, a.Code >= 500, a.Decision == "forbid":
		return severityWarn
	}
	return severityInfo
}

// appendAttributes appends what OpenTelemetry has a name for
// (https://opentelemetry.io/docs/specs/semconv/registry/attributes/).
func appendAttributes(b []byte, rec *event.Record) []byte {
	b = appendAttribute(b, "log.record.uid", string(rec.ID))
	b = appendAttribute(b, "k8s.cluster.name", string(rec.Cluster))
	if o := rec.Object; o != nil {
		names := kindNames(o)
		if names != namespaceNames {
			b = appendAttribute(b, namespaceNames.name, string(o.Namespace))
		}
		b = appendObject(b, names, o)
		if w := rec.Owner; w != nil {
			if owner := kindNames(w); owner != names && owner != namespaceNames {
				b = appendObject(b, owner, w)
			}
		}
	}
	if a := rec.Audit; rec.Type == event.TypeAudit {
		b = appendAttribute(b, "user.name", a.User.Name)
		b = appendAttribute(b, "user_agent.original", a.UserAgent)
		if a.Code > 0 {
			b = appendNumber(b, "http.response.status_code", a.Code)
		}
	}
	return b
}

// attributeNames are the attributes that name an object of a kind.
type attributeNames struct{ name, uid string }

var namespaceNames = attributeNames{name: "k8s.namespace.name"}

// kindNames returns the attributes of the kinds that OpenTelemetry knows. Kinds of
// the same name in other groups have none.
func kindNames(o *event.ObjectRef) attributeNames {
	switch o.APIVersion {
	case "v1":
		switch o.Kind {
		case "Pod":
			return attributeNames{"k8s.pod.name", "k8s.pod.uid"}
		case "Node":
			return attributeNames{"k8s.node.name", "k8s.node.uid"}
		case "Namespace":
			return namespaceNames
		case "ReplicationController":
			return attributeNames{"k8s.replicationcontroller.name", "k8s.replicationcontroller.uid"}
		case "ResourceQuota":
			return attributeNames{"k8s.resourcequota.name", "k8s.resourcequota.uid"}
		}
	case "apps/v1":
		switch o.Kind {
		case "Deployment":
			return attributeNames{"k8s.deployment.name", "k8s.deployment.uid"}
		case "ReplicaSet":
			return attributeNames{"k8s.replicaset.name", "k8s.replicaset.uid"}
		case "StatefulSet":
			return attributeNames{"k8s.statefulset.name", "k8s.statefulset.uid"}
		case "DaemonSet":
			return attributeNames{"k8s.daemonset.name", "k8s.daemonset.uid"}
		}
	case "batch/v1":
		switch o.Kind {
		case "Job":
			return attributeNames{"k8s.job.name", "k8s.job.uid"}
		case "CronJob":
			return attributeNames{"k8s.cronjob.name", "k8s.cronjob.uid"}
		}
	case "autoscaling/v1", "autoscaling/v2":
		if o.Kind == "HorizontalPodAutoscaler" {
			return attributeNames{"k8s.hpa.name", "k8s.hpa.uid"}
		}
	}
	return attributeNames{}
}

func appendObject(b []byte, names attributeNames, o *event.ObjectRef) []byte {
	if names.name != "" {
		b = appendAttribute(b, names.name, o.Name)
	}
	if names.uid != "" {
		b = appendAttribute(b, names.uid, string(o.UID))
	}
	return b
}

// appendAttribute appends an attribute, or nothing if it is empty.
func appendAttribute(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	value = valid(value)
	b = openAttribute(b, key, sizeOfField(len(value)))
	return appendText(b, anyString, value)
}

func appendNumber(b []byte, key string, n int64) []byte {
	b = openAttribute(b, key, 1+protowire.SizeVarint(uint64(n)))
	return protowire.AppendVarint(protowire.AppendTag(b, anyInt, protowire.VarintType), uint64(n))
}

// openAttribute appends an attribute up to its value, an AnyValue of size bytes.
func openAttribute(b []byte, key string, size int) []byte {
	b = protowire.AppendTag(b, otlpAttribute, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(sizeOfField(len(key))+sizeOfField(size)))
	b = appendText(b, entryKey, key)
	b = protowire.AppendTag(b, entryValue, protowire.BytesType)
	return protowire.AppendVarint(b, uint64(size))
}

// sizeOfField returns the size of a field of n bytes whose number is below 16.
func sizeOfField(n int) int { return 1 + protowire.SizeBytes(n) }

func appendText(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func appendFixed64(b []byte, field protowire.Number, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(protowire.AppendTag(b, field, protowire.Fixed64Type), n)
}
