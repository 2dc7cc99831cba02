package decode

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Annotations of audit events that have a field of their own.
const (
	annotationDecision = "authorization.k8s.io/decision"
	annotationReason   = "authorization.k8s.io/reason"
)

// annotationConstraint is the annotation in which the event's
// authenticationMetadata.impersonationConstraint is told (audit.k8s.io/v1 since
// Kubernetes 1.36): which verb allowed the impersonation.
const annotationConstraint = "authenticationMetadata/impersonationConstraint"

// Up to these sizes scratch memory is kept for the next event: in elements, and
// in bytes of text.
const (
	keptScratch = 1024
	keptPlain   = 64 << 10
)

// AuditDecoder decodes audit events. It keeps scratch memory from one event to
// the next; the events do not refer to it. The zero value is ready to use, by
// one goroutine at a time.
type AuditDecoder struct {
	cursor

	// words holds the strings of all lists of the event; they become one slice
	// once their number is known.
	words    []string
	sources  span
	user     userSpans
	imperson userSpans
	notes    []event.Annotation

	kind, apiVersion optional
	group, version   string
	constraint       string

	request, response body
}

// span is a part of AuditDecoder.words.
type span struct{ from, to int }

// userSpans are the lists of a user.
type userSpans struct {
	groups span
	extra  []extraSpan
}

type extraSpan struct {
	key    string
	values span
}

// optional is a string that tells whether it was there.
type optional struct {
	text string
	// odd is set if there was something else in its place.
	odd bool
}

// Decode decodes one Event of audit.k8s.io/v1, as it stands in a line of a log
// or as an item of an EventList, where it has neither kind nor apiVersion.
//
// The bodies are set whenever the event tells them, which costs nothing: they
// and all other strings are parts of one copy of raw. Whoever keeps one of them
// for long clones it. Changes is left nil.
//
// Of repeated keys the last one wins. A field of another type than
// audit.k8s.io/v1 gives it counts as absent. What is not UTF-8 becomes U+FFFD.
// Kind, and the name and UID that objectRef does not tell, are taken from the
// bodies where these are certainly the object itself. The namespace is the one
// in the path of the request, and the UID one that the server knew: objectRef
// has both from what the client sent where the server did not set them.
//
// A failure is always an *Error.
func (d *AuditDecoder) Decode(raw []byte) (event.Audit, error) {
	d.reset(raw)
	defer d.release()
	var a event.Audit
	err := d.event(&a)
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return event.Audit{}, notJSON(err)
	}
	if err := d.check(&a); err != nil {
		return event.Audit{}, err
	}
	d.finish(&a)
	return a, nil
}

// release forgets the event. Scratch must not keep a line alive, nor the memory
// that a huge one took.
func (d *AuditDecoder) release() {
	d.cursor.release()
	d.words = emptied(d.words)
	d.notes = emptied(d.notes)
	d.user.extra = emptied(d.user.extra)
	d.imperson.extra = emptied(d.imperson.extra)
	d.user.groups, d.imperson.groups, d.sources = span{}, span{}, span{}
	d.kind, d.apiVersion = optional{}, optional{}
	d.group, d.version, d.constraint = "", "", ""
	d.request, d.response = body{}, body{}
}

func emptied[T any](s []T) []T {
	if cap(s) > keptScratch {
		return nil
	}
	clear(s)
	return s[:0]
}

func notJSON(err error) error {
	detail := "it is no JSON object"
	switch {
	case errors.Is(err, errTrailing):
		detail = "something follows the JSON object"
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		detail = "the JSON object ends too early"
	}
	return &Error{Reason: event.RejectNotJSON, Detail: detail}
}

// check returns why the event cannot be used.
func (d *AuditDecoder) check(a *event.Audit) error {
	reject := func(reason event.RejectReason, detail string) error {
		return &Error{Reason: reason, Detail: detail}
	}
	switch {
	case d.kind.odd || (d.kind.text != "" && d.kind.text != "Event"):
		return reject(event.RejectNotAnEvent, "its kind is not Event")
	case d.apiVersion.odd || (d.apiVersion.text != "" && d.apiVersion.text != "audit.k8s.io/v1"):
		return reject(event.RejectNotAnEvent, "its apiVersion is not audit.k8s.io/v1")
	case a.AuditID == "":
		return reject(event.RejectUnidentified, "auditID is missing")
	case a.Stage == "":
		return reject(event.RejectUnidentified, "stage is missing")
	case a.StageTime.IsZero() && a.ReceivedTime.IsZero():
		return reject(event.RejectUntimed, "neither stageTimestamp nor requestReceivedTimestamp can be read")
	}
	return nil
}

// finish sets what can be told only after all of the event was read.
func (d *AuditDecoder) finish(a *event.Audit) {
	words := slices.Clone(d.words)
	a.SourceIPs = d.sources.of(words)
	d.user.finish(&a.User, words)
	if a.Impersonated != nil {
		d.imperson.finish(a.Impersonated, words)
	}
	d.annotations(a)
	a.Object.APIVersion = groupVersion(d.group, d.version, a.RequestURI)
	a.Request, a.Response = d.request.text, d.response.text
	if a.Object.IsZero() {
		return
	}
	path, known := parsePath(a.RequestURI)
	if known {
		a.Object.Namespace = event.Namespace(path.namespace)
	}
	if !uidFromServer(a) {
		a.Object.UID = ""
	}
	d.fromBodies(a, !known)
}

func (s span) of(words []string) []string {
	if s.from == s.to {
		return nil
	}
	return words[s.from:s.to:s.to]
}

func (s *userSpans) finish(u *event.User, words []string) {
	u.Groups = s.groups.of(words)
	extra := sortedByKey(s.extra, func(e extraSpan) string { return e.key })
	if len(extra) == 0 {
		return
	}
	u.Extra = make([]event.Extra, len(extra))
	for i, e := range extra {
		u.Extra[i] = event.Extra{Key: e.key, Values: e.values.of(words)}
	}
}

func (d *AuditDecoder) annotations(a *event.Audit) {
	if d.constraint != "" {
		d.notes = append(d.notes, event.Annotation{Key: annotationConstraint, Value: d.constraint})
	}
	notes := sortedByKey(d.notes, func(n event.Annotation) string { return n.Key })
	others := len(notes)
	for _, n := range notes {
		switch n.Key {
		case annotationDecision:
			a.Decision = n.Value
			others--
		case annotationReason:
			a.DecisionReason = n.Value
			others--
		}
	}
	if others == 0 {
		return
	}
	a.Annotations = make([]event.Annotation, 0, others)
	for _, n := range notes {
		if n.Key != annotationDecision && n.Key != annotationReason {
			a.Annotations = append(a.Annotations, n)
		}
	}
}

// sortedByKey sorts s by key in place and returns it with the last one of each
// key. The API server writes maps sorted already.
func sortedByKey[T any](s []T, key func(T) string) []T {
	rising := true
	for i := 1; i < len(s) && rising; i++ {
		rising = key(s[i-1]) < key(s[i])
	}
	if rising {
		return s
	}
	slices.SortStableFunc(s, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	kept := s[:0]
	for i, v := range s {
		if i+1 < len(s) && key(s[i+1]) == key(v) {
			continue
		}
		kept = append(kept, v)
	}
	return kept
}

// groupVersion joins the two as apiVersion does. Nearly always the request's
// path holds just that, which spares an allocation.
func groupVersion(group, version, uri string) string {
	if group == "" || version == "" {
		return version
	}
	n := len(group) + 1 + len(version)
	if rest, ok := strings.CutPrefix(uri, "/apis/"); ok && len(rest) >= n &&
		rest[:len(group)] == group && rest[len(group)] == '/' && rest[len(group)+1:n] == version {
		return rest[:n]
	}
	return group + "/" + version
}
