package checkmk

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/cmd/live-status/internal/scrape"
)

// The names of the metrics of services.
const (
	metricPrefix       = "live_status_"
	metricApplications = metricPrefix + "applications"
	metricLag          = metricPrefix + "lag_seconds"
	metricQueue        = metricPrefix + "queue_percent"
	metricWatchAge     = metricPrefix + "watch_age_seconds"
	metricAge          = metricPrefix + "status_age_seconds"
)

// The names of the services of Live Status itself.
const (
	serviceStatus  = "Live Status"
	serviceMonitor = "Live Status Monitor"
)

// gaugesOf are the metrics of which the largest value counts.
var gaugesOf = map[string]bool{
	"live_status_source_lag_seconds": true, "live_status_watch_age_seconds": true,
	"live_status_queue_max_bytes": true,
}

// sumsOf are the metrics whose values are added up.
var sumsOf = map[string]bool{
	"live_status_queue_bytes": true, "live_status_queue_records": true, "live_status_queue_uncommitted": true,
	"live_status_cursor_size_bytes": true, "live_status_source_behind_bytes": true,
}

// totalsOf are the counters that details tell, by the label that tells why.
var totalsOf = map[string]string{
	"live_status_rejected_total": "reason", "live_status_redaction_withheld_total": "reason",
	"live_status_cursor_commit_errors_total": "", "live_status_forward_dead_letters_total": "",
	"live_status_source_refused_total": "source",
}

func (m *Model) addMonitor(s *scrape.Sample) {
	switch {
	case s.Name == "live_status_info":
		m.instances = append(m.instances, instance{s.Get("cluster"), s.Get("instance_name"), s.Get("version")})
	case s.Name == "live_status_start_time_seconds":
		m.started = s.Value
	case s.Name == "live_status_uptime_seconds":
		m.uptime = s.Value
	case gaugesOf[s.Name]:
		if was, ok := m.gauges[s.Name]; !ok || s.Value > was {
			m.gauges[s.Name] = s.Value
		}
	case sumsOf[s.Name]:
		m.sums[s.Name] += s.Value
	default:
		if label, ok := totalsOf[s.Name]; ok && s.Value > 0 {
			m.totals[s.Name] = append(m.totals[s.Name], finding{s.Get(label), s.Value})
		} else if c, where := problem(s); c != "" && s.Value > 0 {
			m.found[c] = append(m.found[c], finding{where, s.Value})
		}
	}
}

// problem returns what a series tells, if it tells of something wrong, and where.
func problem(s *scrape.Sample) (c Condition, where string) {
	switch s.Name {
	case "live_status_redaction_blocked":
		return RedactionBlocked, ""
	case "live_status_watch_broken":
		return WatchBroken, s.Get("resource") + in(s.Get("namespace"))
	case "live_status_watch_troubled":
		return WatchTroubled, s.Get("resource") + in(s.Get("namespace")) + " " + s.Get("state")
	case "live_status_permissions":
		if s.Get("state") == "excess" {
			return PermissionsExcess, ""
		}
		return PermissionsMissing, ""
	case "live_status_source_state":
		if state := s.Get("state"); state == "backing_off" || state == "stopped" {
			return SourceDown, s.Get("source") + in(s.Get("scope")) + " " + state
		}
	case "live_status_metrics_omitted":
		return MetricsOmitted, s.Get("what")
	}
	return "", ""
}

func in(scope string) string {
	if scope == "" || scope == "*" {
		return ""
	}
	return " in " + scope
}

// foundOf is what was found of a condition. A kind that is forbidden is told once, as
// troubled, although its watch is broken, too.
func (m *Model) foundOf(c Condition) []finding {
	found := m.found[c]
	if c != WatchBroken {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(f finding) bool {
		return slices.ContainsFunc(m.found[WatchTroubled], func(t finding) bool { return t.where == f.where+" forbidden" })
	})
}

// status is the service of Live Status itself: that it answers, and what is wrong
// with it.
func (m *Model) status(states States) Service {
	s := Service{Name: serviceStatus, Metrics: []Metric{
		{Name: metricPrefix + "problems"},
		{Name: metricPrefix + "uptime_seconds", Value: m.uptime},
	}}
	var problems []string
	for _, usual := range conditions {
		c, found := usual.Condition, m.foundOf(usual.Condition)
		if len(found) == 0 {
			continue
		}
		s.State = worst(s.State, states.of(c))
		s.Metrics[0].Value++
		problems = append(problems, summaryOf(c, found))
		for _, f := range found {
			if f.where != "" {
				s.Details = append(s.Details, string(c)+": "+word(f.where))
			}
		}
	}
	slices.Sort(s.Details)
	s.Summary = m.titled()
	if len(problems) > 0 {
		s.Summary = strings.Join(problems, ", ") + "; " + s.Summary
	}
	for _, name := range slices.Sorted(maps.Keys(m.totals)) {
		slices.SortFunc(m.totals[name], func(a, b finding) int { return cmp.Compare(a.where, b.where) })
		for _, f := range m.totals[name] {
			s.Details = append(s.Details, fmt.Sprintf("%s since the start: %s", titleOf(name, f.where), plain(f.value)))
		}
	}
	return s
}

// summaryOf tells a problem in a few words.
func summaryOf(c Condition, found []finding) string {
	n := 0.0
	for _, f := range found {
		n += f.value
	}
	switch {
	case c == RedactionBlocked:
		return "redaction holds all records back"
	case c == PermissionsMissing || c == PermissionsExcess || c == MetricsOmitted:
		return strings.ToLower(string(c)) + ": " + plain(n)
	case len(found) == 1:
		return strings.ToLower(string(c)) + ": " + word(found[0].where)
	default:
		return fmt.Sprintf("%s: %d", strings.ToLower(string(c)), len(found))
	}
}

// titleOf makes words of the name of a counter.
func titleOf(name, where string) string {
	title := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, Prefix), "_total"), "_", " ")
	if where != "" {
		title += " (" + word(where) + ")"
	}
	return strings.ToUpper(title[:1]) + title[1:]
}

// titled is which Live Status it is.
func (m *Model) titled() string {
	var out []string
	for _, i := range m.instances {
		text := "Live Status " + word(i.version)
		if i.cluster != "" {
			text += " of cluster " + word(i.cluster)
		}
		if i.name != "" {
			text += ", instance " + word(i.name)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "; ")
}

// monitor is the service whose state Checkmk computes by the levels.
func (m *Model) monitor(levels AllLevels, applications int) Service {
	s := Service{Name: serviceMonitor, Computed: true}
	if v, ok := m.gauges["live_status_source_lag_seconds"]; ok {
		s.Metrics = append(s.Metrics, Metric{Name: metricLag, Value: max(v, 0), Levels: levels[metricLag]})
	}
	if most := m.gauges["live_status_queue_max_bytes"]; most > 0 {
		used := 100 * m.sums["live_status_queue_bytes"] / most
		s.Metrics = append(s.Metrics, Metric{Name: metricQueue, Value: used, Levels: levels[metricQueue], Min: "0", Max: "100"})
	}
	if v, ok := m.gauges["live_status_watch_age_seconds"]; ok {
		s.Metrics = append(s.Metrics, Metric{Name: metricWatchAge, Value: v, Levels: levels[metricWatchAge]})
	}
	s.Metrics = append(s.Metrics, Metric{
		Name: metricApplications, Value: float64(applications), Levels: levels[metricApplications],
	})
	for _, name := range []string{"queue_records", "queue_uncommitted", "cursor_size_bytes", "source_behind_bytes"} {
		if v, ok := m.sums[Prefix+name]; ok {
			s.Metrics = append(s.Metrics, Metric{Name: metricPrefix + name, Value: v})
		}
	}
	s.Summary = fmt.Sprintf("%d applications", applications)
	if applications == 1 {
		s.Summary = "1 application"
	}
	return s
}
