package redact

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact/known"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// What stands in a record in place of what was taken out.
const (
	// MarkRedacted replaces a credential.
	MarkRedacted = "[redacted]"
	// MarkWithheld replaces a part that could not be examined.
	MarkWithheld = "[withheld]"
	// MarkHash begins the replacement of a Secret's value; the first 16 bytes
	// of its keyed hash follow in hex. Equal values under equal keys have equal
	// hashes as long as the salt stays the same, so that a change shows.
	MarkHash = "hmac-sha256:"
)

// The reasons for which a part of a record is withheld.
const (
	ReasonNotJSON    = "not JSON"
	ReasonTrailing   = "data after the JSON value"
	ReasonTooDeep    = "nested too deep"
	ReasonTooLarge   = "too large"
	ReasonNotObject  = "neither an object nor a list"
	ReasonUnreadable = "looks like a Secret but cannot be parsed"
	ReasonDuplicate  = "more than one under the same key"
	ReasonFailed     = "redaction failed"
	ReasonTooSlow    = "took too long to examine"
)

// The rules of this package, by which it counts what it took out. Others are
// those of patterns.
const (
	// RuleSecret is a value of a Secret, of which the hash is told.
	RuleSecret = "secret-data"
	// RuleField is what stands under the key of a credential.
	RuleField = "credential-field"
	// RuleCredential is a credential in a text.
	RuleCredential = "credential-text"
	// RuleMessage is what a message about a Secret quotes.
	RuleMessage = "secret-message"
	// RuleURI is a credential in the path or the query of a request.
	RuleURI = "credential-uri"
	// RuleEnv is the value of a variable whose name says secret.
	RuleEnv = "env-name"
	// RuleCommand is a credential among the words of a command.
	RuleCommand = "command-line"
	// RuleKubeconfig is a client's private key in a kubeconfig.
	RuleKubeconfig = "kubeconfig"
	// RuleDocker is a credential for a registry of images.
	RuleDocker = "docker-config"
	// RuleHelm is a release of Helm that is not in a Secret.
	RuleHelm = "helm-release"
)

// Redacted is a record that has passed the redactor. Only this package makes
// one; encoding the zero value is an error.
type Redacted struct {
	rec event.Record
}

// Fields returns the record for reading. What its pointers, slices and maps
// refer to is shared and must not be changed.
func (r Redacted) Fields() event.Record { return r.rec }

// Options configure a Redactor.
type Options struct {
	// Salt keys the hashes of Secret values, see LoadSalt. With less than
	// MinSalt bytes values are replaced by MarkRedacted, since a hash without a
	// secret key could be guessed.
	Salt []byte
	// Values are the sensitive values that are known; nil is none.
	Values Values
	// Patterns are rules for credentials in free text; nil is none.
	Patterns *pattern.Set
	// EnvNames are globs, with * and ?, of the names of environment variables
	// whose values are secrets, whatever their case; those that begin with an
	// exclamation mark except names from the others. None turns these rules off.
	EnvNames []string
	// MaxBytes and MaxDepth bound the JSON that is examined, in bytes and in
	// objects and arrays within each other. What exceeds them is withheld. Zero
	// is 4 MiB and MaxBodyDepth, which is also the most; texts have at most 1 MiB.
	MaxBytes, MaxDepth int
	// Budget is how long one record may take; 0 is any time. What is left of it
	// then is withheld.
	Budget time.Duration
	// Now is the clock for Budget.
	Now func() time.Time
}

// Values are sensitive values that are known.
type Values interface {
	// Current returns the values to look for, nil for none. With a reason no
	// payload may leave, since not all of them are known; the set, if there is
	// one, is then that for what identifies a record. It is called for every
	// record, concurrently.
	Current() (set *known.Set, reason string)
}

// Redactor redacts records. It is safe for concurrent use.
type Redactor struct {
	options Options
	hasher  hasher
	// jobs keeps the memory that a record takes.
	jobs  *sync.Pool
	tally tally
}

// New returns a Redactor with all layers.
func New(o Options) *Redactor {
	h, trees := newHasher(o.Salt), &sync.Pool{New: func() any { return new(tree) }}
	r, env := &Redactor{options: o, hasher: h}, newEnviron(o.EnvNames)
	r.jobs = &sync.Pool{New: func() any {
		x := newSearch()
		return &job{x: x, layers: []layer{newStructural(&r.options, h, trees, x, env)}}
	}}
	return r
}

// Hash returns what stands for the value of a Secret under the key in a record:
// MarkHash and a keyed hash of both, or MarkRedacted without a salt. Values that
// were replaced by it before they come to the redactor hash as those that it
// finds itself, in audit bodies for example, and leave as they are.
func (r *Redactor) Hash(key string, value []byte) string { return r.hasher.hash(key, value, false) }

// layer examines one string of a record. It returns what may leave in its
// place, which is s itself where there is nothing to hide, and a reason if a
// part was withheld, in which case the result contains MarkWithheld instead of
// that part. A body or a value that it returns is JSON, or MarkWithheld. It is called
// concurrently and must not fail in another way.
type layer interface {
	redact(at place, s string) (out, reason string)
}

// placeKind is a kind of string.
type placeKind uint8

const (
	// placeText is anything that people or programs wrote.
	placeText placeKind = iota
	// placeAnnotation is the value of an annotation.
	placeAnnotation
	// placeURI is the path and query of a request.
	placeURI
	// placeBody is the JSON of a request or a response.
	placeBody
	// placeValue is the JSON that stands at a field of an object.
	placeValue
)

// place says what kind of string a layer is given.
type place struct {
	kind placeKind
	// key is that of an annotation, or the path of a field.
	key string
	// about is the object of the request that the string is part of, or of which
	// it tells, if any.
	about *event.ObjectRef
}

// Redact returns rec without what must not leave. The record given, and what
// it refers to, are not changed; the result shares what needed no change.
// What is withheld is appended to the record's list of withheld parts. Parts
// are named by a JSON pointer (RFC 6901) into the record as it is encoded.
func (r *Redactor) Redact(rec event.Record) (out Redacted) {
	defer func() {
		// A defect of a layer must neither stop the pipeline for ever, which
		// would meet the same record again, nor let the record pass.
		if recover() != nil {
			out = Redacted{rec: r.withholdAll(rec, ReasonFailed)}
			r.tally.add(nil, out.rec.Withheld)
		}
	}()
	j, reason := r.begin(nil)
	if reason != "" {
		out = Redacted{rec: r.withholdPayload(j, rec, reason)}
	} else {
		out = Redacted{rec: j.edit().record(r.hasher, rec)}
	}
	r.end(j)
	return out
}

// record redacts a record.
func (e *edit) record(h hasher, rec event.Record) event.Record {
	if c := e.apply("/cluster", "", place{}, string(rec.Cluster)); c != string(rec.Cluster) {
		rec.Cluster = event.ClusterName(c)
	}
	object := rec.Object
	if object != nil {
		rec.Object = applyFields(e, "/object", objectFields[:], object)
	}
	if rec.Owner != nil {
		rec.Owner = e.reference("/owner", rec.Owner, rec.Object)
	}
	if rec.Application != nil {
		rec.Application = e.application(rec.Application, rec.Object, rec.Owner)
	}
	if rec.Event != nil {
		// Whoever may have log events routed here chooses UID and version.
		rec.ID = e.identity(h, rec.Type, rec.ID)
		rec.Event = e.occurrence(rec.Event, e.subject(&rec.Event.Regarding, object, rec.Object))
	}
	if rec.Audit != nil {
		rec.ID = e.identity(h, rec.Type, rec.ID)
		rec.Audit = e.audit(rec.Audit, object, e.subject(&rec.Audit.Object, object, rec.Object))
	}
	if rec.Deployment != nil {
		rec.ID = e.identity(h, rec.Type, rec.ID)
		rec.Deployment = e.deployment(rec.Deployment)
	}
	if rec.ObjectState != nil {
		rec.ID = e.identity(h, rec.Type, rec.ID)
		rec.ObjectState = e.objectState(rec.ObjectState, object, rec.Object)
	}
	if rec.ApplicationState != nil {
		rec.ID = e.identity(h, rec.Type, rec.ID)
		rec.ApplicationState = e.applicationState(rec.ApplicationState)
	}
	if rec.Rejected != nil {
		rec.Rejected = applyFields(e, "/rejected", rejectedFields[:], rec.Rejected)
	}
	if rec.Monitor != nil {
		rec.Monitor = e.monitor(rec.Monitor)
	}
	return e.settle(rec)
}

// settle adds to a record what was withheld of it.
func (e *edit) settle(rec event.Record) event.Record {
	if len(e.withheld) > 0 {
		slices.SortStableFunc(e.withheld, func(a, b event.Withheld) int { return cmp.Compare(a.Path, b.Path) })
		rec.Withheld = slices.Concat(rec.Withheld, e.withheld)
	}
	return rec
}
