package decode

import (
	"strconv"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// event reads the event's object into a.
func (d *AuditDecoder) event(a *event.Audit) error {
	if d.next() != '{' {
		return d.expected()
	}
	return d.object(func(key string) error { return d.field(a, key) })
}

// field reads the value of one of the event's fields.
func (d *AuditDecoder) field(a *event.Audit, key string) error {
	switch key {
	case "kind":
		return d.identity(&d.kind)
	case "apiVersion":
		return d.identity(&d.apiVersion)
	case "level":
		return d.common((*string)(&a.Level))
	case "auditID":
		return d.word((*string)(&a.AuditID))
	case "stage":
		return d.common((*string)(&a.Stage))
	case "requestURI":
		return d.word(&a.RequestURI)
	case "verb":
		return d.common(&a.Verb)
	case "user":
		a.User = event.User{}
		_, err := d.readUser(&a.User, &d.user)
		return err
	case "impersonatedUser":
		return d.impersonated(a)
	case "authenticationMetadata":
		return d.authentication()
	case "sourceIPs":
		return d.list(&d.sources)
	case "userAgent":
		return d.word(&a.UserAgent)
	case "objectRef":
		return d.objectRef(&a.Object)
	case "responseStatus":
		return d.status(a)
	case "requestObject":
		return d.readBody(&d.request)
	case "responseObject":
		return d.readBody(&d.response)
	case "requestReceivedTimestamp":
		return d.time(&a.ReceivedTime)
	case "stageTimestamp":
		return d.time(&a.StageTime)
	case "annotations":
		return d.readAnnotations()
	}
	return d.ignore()
}

func (d *AuditDecoder) ignore() error {
	_, err := d.skip()
	return err
}

// objectOrSkip is object for a value that may be something else, which counts
// as absent.
func (d *AuditDecoder) objectOrSkip(member func(key string) error) (there bool, err error) {
	if d.next() != '{' {
		return false, d.ignore()
	}
	return true, d.object(member)
}

// word reads a string; anything else counts as the empty one.
func (d *AuditDecoder) word(to *string) error {
	if d.next() != '"' {
		*to = ""
		return d.ignore()
	}
	var err error
	*to, err = d.str()
	return err
}

// common is word for fields that have few values, which others may keep: the
// usual ones are no part of the line.
func (d *AuditDecoder) common(to *string) error {
	err := d.word(to)
	for _, word := range [...]string{
		string(event.StageResponseComplete), string(event.LevelMetadata), string(event.LevelRequest),
		string(event.LevelRequestResponse), "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
		string(event.StageResponseStarted), string(event.StageRequestReceived), string(event.StagePanic),
	} {
		if *to == word {
			*to = word
			break
		}
	}
	return err
}

// identity reads a string of which it matters whether it is one.
func (d *AuditDecoder) identity(to *optional) error {
	next := d.next()
	to.odd = next != '"' && next != 'n'
	return d.word(&to.text)
}

func (d *AuditDecoder) time(to *time.Time) error {
	var s string
	err := d.word(&s)
	*to = instant(s)
	return err
}

// list reads an array of strings into words. Elements of other types are left
// out.
func (d *AuditDecoder) list(to *span) error {
	*to = span{}
	if d.next() != '[' {
		return d.ignore()
	}
	from := len(d.words)
	err := d.array(func() error {
		if d.next() != '"' {
			return d.ignore()
		}
		word, err := d.str()
		d.words = append(d.words, word)
		return err
	})
	*to = span{from: from, to: len(d.words)}
	return err
}

func (d *AuditDecoder) readUser(u *event.User, s *userSpans) (there bool, err error) {
	s.groups, s.extra = span{}, emptied(s.extra)
	return d.objectOrSkip(func(key string) error {
		switch key {
		case "username":
			return d.word(&u.Name)
		case "uid":
			return d.word(&u.UID)
		case "groups":
			return d.list(&s.groups)
		case "extra":
			return d.extra(s)
		}
		return d.ignore()
	})
}

func (d *AuditDecoder) extra(s *userSpans) error {
	s.extra = emptied(s.extra)
	_, err := d.objectOrSkip(func(key string) error {
		e := extraSpan{key: key}
		if d.next() != '[' {
			return d.ignore()
		}
		err := d.list(&e.values)
		s.extra = append(s.extra, e)
		return err
	})
	return err
}

func (d *AuditDecoder) impersonated(a *event.Audit) error {
	var u event.User
	there, err := d.readUser(&u, &d.imperson)
	if a.Impersonated = nil; there {
		a.Impersonated = &u
	}
	return err
}

func (d *AuditDecoder) authentication() error {
	d.constraint = ""
	_, err := d.objectOrSkip(func(key string) error {
		if key == "impersonationConstraint" {
			return d.word(&d.constraint)
		}
		return d.ignore()
	})
	return err
}

func (d *AuditDecoder) objectRef(o *event.ObjectRef) error {
	*o, d.group, d.version = event.ObjectRef{}, "", ""
	_, err := d.objectOrSkip(func(key string) error {
		switch key {
		case "resource":
			return d.word(&o.Resource)
		case "namespace":
			return d.word((*string)(&o.Namespace))
		case "name":
			return d.word(&o.Name)
		case "uid":
			return d.word((*string)(&o.UID))
		case "apiGroup":
			return d.word(&d.group)
		case "apiVersion":
			return d.word(&d.version)
		case "resourceVersion":
			return d.word((*string)(&o.ResourceVersion))
		case "subresource":
			return d.word(&o.Subresource)
		}
		return d.ignore()
	})
	return err
}

func (d *AuditDecoder) status(a *event.Audit) error {
	a.Code, a.Reason, a.Message = 0, "", ""
	_, err := d.objectOrSkip(func(key string) error {
		switch key {
		case "code":
			return d.integer(&a.Code)
		case "reason":
			return d.word(&a.Reason)
		case "message":
			return d.word(&a.Message)
		}
		return d.ignore()
	})
	return err
}

// integer reads a whole number; anything else counts as 0.
func (d *AuditDecoder) integer(to *int64) error {
	*to = 0
	s, err := d.skip()
	if n, bad := strconv.ParseInt(s, 10, 64); err == nil && bad == nil {
		*to = n
	}
	return err
}

func (d *AuditDecoder) readAnnotations() error {
	d.notes = emptied(d.notes)
	_, err := d.objectOrSkip(func(key string) error {
		n := event.Annotation{Key: key}
		if d.next() != '"' {
			return d.ignore()
		}
		err := d.word(&n.Value)
		d.notes = append(d.notes, n)
		return err
	})
	return err
}
