package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluent-live/live-status/pipeline/event"
)

// filter chooses records by what they say. A record is wanted if it is by every
// part that is not empty; within a part one entry is enough.
type filter struct {
	types        types
	applications []applicationPattern
	objects      []objectPattern
	users        []string
	// since and until are both included; zero is no limit.
	since, until time.Time
}

// wants reports whether a record is wanted.
func (f *filter) wants(rec *event.Record) bool {
	return (f.since.IsZero() || !rec.Time.Before(f.since)) &&
		(f.until.IsZero() || !rec.Time.After(f.until)) &&
		(len(f.types) == 0 || slices.Contains(f.types, rec.Type)) &&
		(len(f.users) == 0 || slices.ContainsFunc(f.users, func(user string) bool { return byUser(rec, user) })) &&
		(len(f.applications) == 0 || slices.ContainsFunc(f.applications, func(p applicationPattern) bool { return p.matches(rec) })) &&
		(len(f.objects) == 0 || slices.ContainsFunc(f.objects, func(p objectPattern) bool { return p.matches(rec) }))
}

// byUser reports whether a record tells of a user: who asked, whom they acted as,
// and who asked for a deployment.
func byUser(rec *event.Record, user string) bool {
	if a := rec.Audit; a != nil {
		return like(user, a.User.Name) || a.Impersonated != nil && like(user, a.Impersonated.Name)
	}
	return rec.Deployment != nil && rec.Deployment.InitiatedBy != "" && like(user, rec.Deployment.InitiatedBy)
}

// applicationPattern is NAME or NAMESPACE/NAME.
type applicationPattern struct {
	namespace, name string
	anywhere        bool
}

func parseApplication(text string) (applicationPattern, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok {
		namespace, name = "", text
	}
	if name == "" || strings.Contains(name, "/") {
		return applicationPattern{}, fmt.Errorf("%q is neither NAME nor NAMESPACE/NAME of an application", text)
	}
	return applicationPattern{namespace: namespace, name: name, anywhere: !ok}, nil
}

// matches reports whether a record belongs to the application. Its namespace is
// that where the tool keeps it, or that of the object: tools that keep applications
// nowhere have only the latter.
func (p applicationPattern) matches(rec *event.Record) bool {
	app := rec.Application
	if app == nil || !like(p.name, app.Name) {
		return false
	}
	return p.anywhere || like(p.namespace, string(app.Namespace)) ||
		rec.Object != nil && like(p.namespace, string(rec.Object.Namespace))
}

// objectPattern is KIND/NAMESPACE/NAME, NAMESPACE/NAME, or KIND/NAME of what has no
// namespace.
type objectPattern struct {
	// kind is empty for any.
	kind, namespace, name string
	// resources are the plurals that kind may have: audit events may tell no kind.
	resources []string
	// either is set where kind may be meant by what stands in namespace.
	either bool
}

func parseObject(text string) (objectPattern, error) {
	parts := strings.Split(text, "/")
	p := objectPattern{}
	switch len(parts) {
	case 2:
		p.namespace, p.name, p.either = parts[0], parts[1], true
	case 3:
		p.kind, p.namespace, p.name = parts[0], parts[1], parts[2]
	}
	if p.name == "" || len(parts) == 2 && p.namespace == "" {
		return p, fmt.Errorf("%q names no object: write KIND/NAMESPACE/NAME, NAMESPACE/NAME, or KIND/NAME of what has no namespace", text)
	}
	kind := p.kind
	if p.either {
		kind = p.namespace
	}
	p.resources = resourcesOf(kind)
	return p, nil
}

// resourcesOf are what a kind may be called in the paths of the API.
func resourcesOf(kind string) []string {
	if kind == "" || kind == "*" {
		return nil
	}
	plural, singular := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: kind})
	return []string{strings.ToLower(kind), plural.Resource, singular.Resource}
}

// matches reports whether a record is about the object: it, what owns it, what an
// event is related to, or what a deployment consists of.
func (p objectPattern) matches(rec *event.Record) bool {
	if p.means(rec.Object) || p.means(rec.Owner) {
		return true
	}
	if rec.Event != nil && p.means(&rec.Event.Related) {
		return true
	}
	if rec.Deployment != nil {
		for i := range rec.Deployment.Objects {
			if p.means(&rec.Deployment.Objects[i]) {
				return true
			}
		}
	}
	return false
}

func (p objectPattern) means(o *event.ObjectRef) bool {
	if o == nil || o.Name == "" || !like(p.name, o.Name) {
		return false
	}
	if p.either {
		return like(p.namespace, string(o.Namespace)) || o.Namespace == "" && p.ofKind(p.namespace, o)
	}
	return like(p.namespace, string(o.Namespace)) && (p.kind == "" || p.ofKind(p.kind, o))
}

// ofKind compares kinds as users write them: Pod, pod, pods.
func (p objectPattern) ofKind(kind string, o *event.ObjectRef) bool {
	if kind == "*" || strings.EqualFold(kind, o.Kind) {
		return true
	}
	return o.Resource != "" && slices.Contains(p.resources, strings.ToLower(o.Resource)) ||
		o.Kind != "" && slices.Contains(resourcesOf(o.Kind), strings.ToLower(kind))
}

// like reports whether a text matches a pattern, in which * stands for any
// characters.
func like(pattern, text string) bool {
	head, rest, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, part)
		}
		// The first match leaves most to the others.
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], after
	}
}

// parseTime reads a time: RFC 3339, a date with or without a time of the day, in
// UTC, or how long ago.
func parseTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04", "2006-01-02 15:04",
	} {
		if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return t, nil
		}
	}
	if d, err := ago(text); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-01-31T12:00:00Z, 2026-01-31, or how long ago: 90m, 1h30m, 7d", text)
}

// ago reads a duration that has units, days included.
func ago(text string) (time.Duration, error) {
	const most = 100 * 365
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		days, rest = "0", text
	} else if rest == "" {
		rest = "0s"
	}
	n, err := strconv.ParseUint(days, 10, 64)
	if err != nil || n > most {
		return 0, errors.New("is no number of days")
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, errors.New("is no duration")
	}
	return time.Duration(n)*24*time.Hour + d, nil
}
