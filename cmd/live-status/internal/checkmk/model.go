package checkmk

import (
	"errors"
	"time"

	"github.com/fluent-live/live-status/cmd/live-status/internal/scrape"
)

// Prefix is what the names of all metrics of Live Status begin with.
const Prefix = "live_status_"

// application is what the metrics say of one application.
type application struct {
	key       applicationKey
	statuses  []Condition
	since     time.Time
	stale     bool
	version   string
	chart     string
	sync      string
	objects   counts
	deciding  deciding
	hasReason bool
}

// applicationKey are the labels that tell applications apart.
type applicationKey struct {
	cluster, namespace, name, tool, environment, tenant string
}

// deciding is the first object whose status an application has.
type deciding struct {
	kind, namespace, name, reason string
}

// counts are how many objects have each status.
type counts map[Condition]float64

// object is one that has a series of its own.
type object struct {
	cluster, kind, namespace, name string
	status                         Condition
}

// finding is something about Live Status itself: what, where and how much.
type finding struct {
	where string
	value float64
}

// instance is what a Live Status says of itself.
type instance struct {
	cluster, name, version string
}

// Model is what one scrape says. Its zero value is empty.
type Model struct {
	applications map[applicationKey]*application
	objects      []object
	// objectSeries is set where any object has a series of its own.
	objectSeries bool
	// kinds counts the objects of each cluster, those without a series included.
	kinds     map[string]counts
	instances []instance
	started   float64
	uptime    float64
	// gauges are the largest and sums the sums of what is told several times.
	gauges map[string]float64
	sums   map[string]float64
	found  map[Condition][]finding
	totals map[string][]finding
}

// ErrNotLiveStatus is the error of metrics that are somebody else's.
var ErrNotLiveStatus = errors.New("these metrics are not those of Live Status: live_status_info is missing")

// Add takes a series. One that says nothing of use is dropped.
func (m *Model) Add(s scrape.Sample) {
	if m.applications == nil {
		*m = Model{
			applications: map[applicationKey]*application{}, kinds: map[string]counts{},
			gauges: map[string]float64{}, sums: map[string]float64{},
			found: map[Condition][]finding{}, totals: map[string][]finding{},
		}
	}
	if !m.addApplication(&s) && !m.addObject(&s) {
		m.addMonitor(&s)
	}
}

// Check returns an error where the metrics are not those of Live Status.
func (m *Model) Check() error {
	if len(m.instances) == 0 {
		return ErrNotLiveStatus
	}
	return nil
}

func (m *Model) addApplication(s *scrape.Sample) bool {
	var put func(*application)
	switch s.Name {
	case "live_status_application_status":
		put = func(a *application) {
			if s.Value > 0 {
				a.statuses = append(a.statuses, Condition(s.Get("status")))
			}
		}
	case "live_status_application_info":
		put = func(a *application) { a.version, a.chart = s.Get("version"), s.Get("chart") }
	case "live_status_application_objects":
		put = func(a *application) {
			if a.objects == nil {
				a.objects = counts{}
			}
			a.objects[Condition(s.Get("status"))] += s.Value
		}
	case "live_status_application_status_since_seconds":
		put = func(a *application) { a.since = unix(s.Value) }
	case "live_status_application_stale":
		put = func(a *application) { a.stale = a.stale || s.Value > 0 }
	case "live_status_application_sync":
		put = func(a *application) { a.sync = s.Get("sync") }
	case "live_status_application_deciding":
		put = func(a *application) {
			a.hasReason = true
			a.deciding = deciding{s.Get("kind"), s.Get("object_namespace"), s.Get("object"), s.Get("reason")}
		}
	default:
		return false
	}
	key := applicationKey{
		cluster: s.Get("cluster"), namespace: s.Get("namespace"), name: s.Get("application"),
		tool: s.Get("tool"), environment: s.Get("environment"), tenant: s.Get("tenant"),
	}
	a := m.applications[key]
	if a == nil {
		a = &application{key: key}
		m.applications[key] = a
	}
	put(a)
	return true
}

func (m *Model) addObject(s *scrape.Sample) bool {
	switch s.Name {
	case "live_status_objects":
		cluster := s.Get("cluster")
		if m.kinds[cluster] == nil {
			m.kinds[cluster] = counts{}
		}
		m.kinds[cluster][Condition(s.Get("status"))] += s.Value
	case "live_status_object_status":
		m.objectSeries = true
		// What belongs to an application is told by its service.
		if s.Value > 0 && s.Get("application") == "" {
			m.objects = append(m.objects, object{
				cluster: s.Get("cluster"), kind: s.Get("kind"), namespace: s.Get("namespace"), name: s.Get("name"),
				status: Condition(s.Get("status")),
			})
		}
	default:
		return false
	}
	return true
}

// unix returns the time of a number of seconds, zero where there is none.
func unix(seconds float64) time.Time {
	// Far from the bounds of time.Duration, whatever is written there.
	if seconds > 0 && seconds < 1e11 {
		return time.Unix(int64(seconds), 0).UTC()
	}
	return time.Time{}
}

// now is the time of the scrape by the clock of the instance, whose times the
// metrics are; by that of this machine where it does not say.
func (m *Model) now(here time.Time) time.Time {
	if there := unix(m.started + m.uptime); m.started > 0 && !there.IsZero() {
		return there
	}
	return here
}
