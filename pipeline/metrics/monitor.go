package metrics

import (
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxWatches bounds the watches that are told of.
const maxWatches = 5_000

// seconds is a moment as Prometheus writes it.
func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

func bit(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// monitor tells of the instance.
func (s *scrape) monitor(m *Monitor, now time.Time) {
	name, _ := s.label(m.Instance)
	version, _ := s.label(m.Version)
	s.set(familyInfo, 1, s.cluster, name, version)
	s.set(familyStart, seconds(m.Started))
	s.set(familyUptime, now.Sub(m.Started).Seconds())
	s.counters(&m.Count)
	s.transitions(familyObjectTransitions, m.ObjectTransitions)
	s.transitions(familyApplicationTransitions, m.ApplicationTransitions)
	s.redaction(&m.Redaction)
	for i := range m.Sources {
		s.source(&m.Sources[i])
	}
	s.watches(m, now)
	if f := m.Forward; f != nil {
		s.add(familyAcknowledged, float64(f.Acknowledged))
		s.add(familyAttempts, float64(f.Attempts))
		s.add(familyFailures, float64(f.Failures))
		s.add(familyDeadLetters, float64(f.DeadLetters))
	}
	s.set(familyQueueBytes, float64(m.Queue.Bytes))
	s.set(familyQueueMax, float64(m.Queue.MaxBytes))
	s.set(familyQueueRecords, float64(m.Queue.Records))
	s.set(familyQueueUncommitted, float64(m.Queue.Uncommitted))
	for file, size := range m.Files {
		s.set(familyCursorSize, float64(size), label(file))
	}
	if p := m.Permissions; p != nil {
		s.set(familyPermissions, float64(p.Missing), "missing")
		s.set(familyPermissions, float64(p.Excess), "excess")
	}
}

func (s *scrape) counters(c *event.Counters) {
	for f, n := range map[*family]int64{
		familyReceived: c.Received, familyEmitted: c.Emitted, familyDeduplicated: c.Deduplicated, familyFiltered: c.Filtered,
		familyExpired: c.Expired, familyDeleted: c.Deleted, familyCommits: c.Commits, familyCommitErrors: c.CommitErrors,
	} {
		s.add(f, float64(n))
	}
	for typ, n := range map[event.Type]int64{
		event.TypeEvent: c.Events, event.TypeAudit: c.Audits, event.TypeDeployment: c.Deployments,
		event.TypeObjectStatus: c.ObjectStatuses, event.TypeApplicationStatus: c.ApplicationStatuses,
	} {
		s.add(familyRecords, float64(n), label(typ))
	}
	s.counted(familyRejected, c.Rejected)
	s.counted(familyCorrelated, c.Correlated)
}

// counted tells counters by a reason or a rule. Rules may be the user's own.
func (s *scrape) counted(f *family, counts map[string]int64) {
	for what, n := range counts {
		if clean, ok := s.label(what); ok {
			s.add(f, float64(n), clean)
		}
	}
}

func (s *scrape) transitions(f *family, all []event.Transition) {
	word := func(status string) label {
		if status == "" {
			return "None"
		}
		return label(status)
	}
	for _, t := range all {
		s.add(f, float64(t.Count), word(t.From), word(t.To))
	}
}

func (s *scrape) redaction(r *event.RedactionStatus) {
	s.counted(familyRedactionFound, r.Found)
	s.counted(familyRedactionWithheld, r.Withheld)
	s.set(familyBlocked, bit(r.Blocked != ""))
	s.set(familyValues, float64(r.Values))
}

func (s *scrape) source(src *event.SourceStatus) {
	var of [2]label
	if !s.labels(of[:], src.Name, src.Scope) {
		return
	}
	name, scope := of[0], of[1]
	s.set(familySourceState, 1, name, scope, label(src.State))
	s.set(familySourceLag, src.Lag.Seconds(), name, scope)
	s.set(familySourceBehind, float64(src.Behind), name, scope)
	if !src.LastReceived.IsZero() {
		s.set(familySourceReceived, seconds(src.LastReceived), name, scope)
	}
	s.add(familyReconnects, float64(src.Reconnects), name, scope)
	s.add(familyRelists, float64(src.Relists), name, scope)
	s.add(familyRefused, float64(src.Refused), name, scope)
}

// watches tells how the watches are doing. Who may define kinds chooses how many
// there are.
func (s *scrape) watches(m *Monitor, now time.Time) {
	omitted := 0
	for i := range m.Watches {
		w := &m.Watches[i]
		var of [2]label
		if i >= maxWatches || !s.labels(of[:], w.Resource.String(), string(w.Namespace)) {
			omitted++
			continue
		}
		heard := w.Heard
		if heard.IsZero() {
			heard = m.Started
		}
		s.set(familyWatchAge, max(now.Sub(heard).Seconds(), 0), of[:]...)
		if !w.Broken.IsZero() {
			s.set(familyWatchBroken, 1, of[:]...)
		}
	}
	if m.Objects != nil {
		for i := range m.Objects.Troubled {
			k := &m.Objects.Troubled[i]
			var of [2]label
			if i < maxWatches && s.labels(of[:], k.Resource.String(), string(k.Namespace)) {
				s.set(familyWatchTroubled, 1, of[0], of[1], label(k.State))
			}
		}
	}
	s.set(familyOmitted, float64(omitted), "watches")
}
