package checkmk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// verdict is what an application's service has to say of it.
type verdict struct {
	*application
	state   State
	status  Condition
	summary string
	age     float64
}

// judge says how an application is.
func (o Options) judge(a *application, now time.Time) verdict {
	v := verdict{application: a, status: NotKnown, state: o.States.of(NotKnown)}
	for i, c := range a.statuses {
		// One status is the rule; of several, which is somebody's mistake, the worst
		// counts.
		if c == "" {
			c = NotKnown
		}
		if s := o.States.of(c); i == 0 || s.worse(v.state) {
			v.status, v.state = c, s
		}
	}
	known := !a.since.IsZero()
	lasts := max(now.Sub(a.since), 0)
	if known {
		v.age = lasts.Seconds()
	}
	v.summary = word(string(v.status))
	if d := a.deciding; a.hasReason {
		v.summary += ": " + word(d.kind) + " " + word(join2(d.namespace, d.name))
		if d.reason != "" {
			v.summary += " " + word(d.reason)
		}
	}
	if known {
		v.summary += ", for " + span(lasts)
	}
	if known && (v.status == Progressing || v.status == Waiting) {
		for _, bound := range []struct {
			after time.Duration
			state State
		}{{o.ProgressingWarn, Warn}, {o.ProgressingCrit, Crit}} {
			if bound.after > 0 && lasts >= bound.after {
				v.state = worst(v.state, bound.state)
				v.summary += " (" + bound.state.String() + " after " + span(bound.after) + ")"
			}
		}
	}
	if a.stale {
		v.state = worst(v.state, o.States.of(Stale))
		v.summary += ", stale: nothing was heard lately"
	}
	return v
}

func join2(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// applicationsOf makes the services of applications. Those that differ by their
// tool alone have one service: the tool is how an application is known, not what it
// is, and an application that gets a second one keeps its name.
func (o Options) applicationsOf(m *Model, now time.Time) []Service {
	type place struct{ host, name string }
	found := map[place][]verdict{}
	for _, a := range m.applications {
		if len(a.statuses) == 0 {
			continue
		}
		at := place{o.hostOf(a.key.cluster, a.key.namespace, a), serviceOf(a.key)}
		found[at] = append(found[at], o.judge(a, now))
	}
	out := make([]Service, 0, len(found))
	for at, all := range found {
		slices.SortFunc(all, func(a, b verdict) int {
			switch {
			case a.state.worse(b.state):
				return -1
			case b.state.worse(a.state):
				return 1
			default:
				return cmp.Compare(a.key.tool, b.key.tool)
			}
		})
		out = append(out, serviceOfAll(at.host, at.name, all))
	}
	return out
}

// serviceOf names the service of an application. It depends on nothing but what
// identifies the application, so that no other one renames it.
func serviceOf(k applicationKey) string {
	name := "Application "
	if k.namespace != "" {
		name += part(k.namespace, maxPart) + "/"
	}
	name += part(k.name, maxPart)
	if k.environment != "" {
		name += " [" + part(k.environment, maxLabel) + "]"
	}
	if k.tenant != "" {
		name += " {" + part(k.tenant, maxLabel) + "}"
	}
	return name
}

// serviceOfAll makes one service of the applications that share its name, the worst
// first.
func serviceOfAll(host, name string, all []verdict) Service {
	objects := counts{}
	for _, v := range all {
		for status, n := range v.objects {
			objects[status] += n
		}
	}
	s := Service{
		Host: host, Name: name, State: all[0].state, Summary: all[0].summary,
		Metrics: append(objects.metrics(metricPrefix+"objects_", objectStatuses),
			Metric{Name: metricAge, Value: all[0].age}),
	}
	for i, v := range all {
		if len(all) > 1 {
			s.Details = append(s.Details, word(cmp.Or(v.key.tool, "no tool"))+": "+v.state.String()+", "+v.summary)
		}
		if i > 0 {
			s.Summary += fmt.Sprintf("; by %s %s", word(v.key.tool), word(string(v.status)))
		}
		s.Details = append(s.Details, v.details()...)
	}
	return s
}

func (v *verdict) details() []string {
	var out []string
	for _, d := range []struct{ title, value string }{
		{"Tool", v.key.tool},
		{"Version", v.version},
		{"Chart", v.chart},
		{"Environment", v.key.environment},
		{"Tenant", v.key.tenant},
		{"Cluster", v.key.cluster},
		{"Sync", v.sync},
	} {
		if d.value != "" {
			out = append(out, d.title+": "+word(d.value))
		}
	}
	if text := v.objects.String(); text != "" {
		out = append(out, "Objects: "+text)
	}
	if !v.since.IsZero() {
		out = append(out, "Since: "+v.since.Format(time.RFC3339))
	}
	return out
}

// objectStatuses are the statuses that an application's objects are counted by. All
// of them are metrics always: a metric that comes and goes leaves holes in graphs.
var objectStatuses = []Condition{Healthy, InSync, Suspended, Progressing, OutOfSync, Degraded, Missing, NotKnown}

// metrics makes metrics of counts; what is none of these statuses is unknown.
func (c counts) metrics(prefix string, statuses []Condition) []Metric {
	out := make([]Metric, 0, len(statuses)+1)
	var told float64
	for _, status := range statuses {
		told += c[status]
		out = append(out, Metric{Name: prefix + slug(status), Value: c[status]})
	}
	var all float64
	for _, n := range c {
		all += n
	}
	out[len(out)-1].Value += all - told
	return out
}

// slug is the name of a status in that of a metric.
func slug(c Condition) string { return strings.ReplaceAll(strings.ToLower(string(c)), " ", "_") }

// String tells the counts in the order of the conditions.
func (c counts) String() string {
	var out []string
	for _, u := range conditions {
		if n := c[u.Condition]; n > 0 {
			out = append(out, plain(n)+" "+string(u.Condition))
		}
	}
	return strings.Join(out, ", ")
}
