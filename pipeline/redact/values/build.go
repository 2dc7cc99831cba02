package values

import (
	"context"
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// A Secret that comes soon after a build waits, lest whoever may write Secrets
// keep a core busy. The pause is pauseFactor times as long as the build took,
// within these bounds.
const (
	pauseFactor = 4
	minPause    = 2 * time.Second
	maxPause    = 10 * time.Second
)

// maxNamed bounds the names in one log line.
const maxNamed = 100

// snapshot is what one matcher is made of.
type snapshot struct {
	values []known.Value
	// retired and cluster count those among values.
	retired, cluster int
	// places have nothing that is not among values.
	places []*place
	// listing is the last list of the cluster's Secrets that is among values.
	listing int
}

// collect gathers the values, each text once: the name under which an operator
// gave it comes before the one that somebody in the cluster chose, and the
// present one before a former one. So do they where there are more than a Set
// can hold. The caller holds the lock.
func (s *Store) collect(now time.Time) snapshot {
	var snap snapshot
	seen := make(map[string]bool)
	add := func(v known.Value) (added, full bool) {
		// Those that are empty are skipped later, each by its name.
		text := strings.Trim(v.Text, " \t\r\n")
		switch {
		case text != "" && seen[text]:
			return false, false
		case len(snap.values) == known.MaxValues:
			return false, true
		}
		seen[text] = true
		snap.values = append(snap.values, v)
		return true, false
	}
	for _, p := range s.places {
		for _, v := range p.values {
			add(v)
		}
		if p.err == nil {
			snap.places = append(snap.places, p)
		}
	}
	for v, until := range s.retired.present(now) {
		added, full := add(v)
		if added {
			snap.retired++
		}
		if full && until.After(s.retired.lost) {
			s.retired.lost = until
		}
	}
	s.cluster.fit(min(clusterLimit, known.MaxValues-len(snap.values)))
	for v := range s.cluster.present() {
		if added, _ := add(v); added {
			snap.cluster++
		}
	}
	for v := range s.cluster.former(now) {
		if added, _ := add(v); added {
			snap.retired++
			snap.cluster++
		}
	}
	snap.listing = s.cluster.listing
	return snap
}

// build compiles what is known now and makes it current. Nothing but the
// goroutine of Open or Run builds.
func (s *Store) build(ctx context.Context) {
	s.mu.Lock()
	begin := time.Now()
	s.stale, s.late = false, false
	snap := s.collect(begin)
	s.mu.Unlock()

	var set *known.Set
	var skipped []known.Skipped
	built := true
	if len(snap.values) > 0 {
		set, skipped, built = compile(snap.values, known.Options{MinLength: s.opts.MinLength, Stop: s.opts.Stop})
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.unbuilt = !built; s.unbuilt {
		s.opts.Logger.ErrorContext(ctx, "known values: searching for them cannot be prepared, please report this; payloads are withheld")
		s.built = now
		s.republish(now)
		return
	}
	for _, p := range snap.places {
		p.covered = true
	}
	s.cluster.covered = s.cluster.listed && (s.cluster.covered || snap.listing == s.cluster.listing)
	s.built = now
	s.tellSkipped(ctx, skipped)
	s.skipped = skipped
	s.stats = Stats{
		Values: set.Len(), Retired: snap.retired, Cluster: snap.cluster,
		Builds: s.stats.Builds + 1, Took: now.Sub(begin), Built: now,
	}
	if set != nil {
		s.stats.Bytes = set.Bytes()
	}
	s.publish(set, now)
}

// compile is known.Compile. It reports false where that has a defect, which must
// neither end the process nor have values forgotten.
func compile(in []known.Value, o known.Options) (set *known.Set, skipped []known.Skipped, ok bool) {
	defer func() {
		if recover() != nil {
			set, skipped, ok = nil, nil, false
		}
	}()
	set, skipped = known.Compile(in, o)
	return set, skipped, true
}

// pause is how long after the last build the next one for the cluster may begin.
func (s *Store) pause() time.Duration {
	return min(max(pauseFactor*s.stats.Took, minPause), maxPause)
}

// tellSkipped logs the values that are newly skipped, those of files only: of
// the cluster's anyone could make many. The caller holds the lock.
func (s *Store) tellSkipped(ctx context.Context, skipped []known.Skipped) {
	if len(skipped) == 0 {
		return
	}
	mine := make(map[string]bool)
	for _, p := range s.places {
		for _, v := range p.values {
			mine[v.Name] = true
		}
	}
	told := make(map[known.Skipped]bool, len(s.skipped))
	for _, k := range s.skipped {
		told[k] = true
	}
	var reasons []string
	names := make(map[string][]string)
	for _, k := range skipped {
		if !mine[k.Name] || told[k] {
			continue
		}
		told[k] = true
		if names[k.Reason] == nil {
			reasons = append(reasons, k.Reason)
		}
		names[k.Reason] = append(names[k.Reason], k.Name)
	}
	for _, r := range reasons {
		n := names[r]
		s.opts.Logger.WarnContext(ctx, "known values that are not looked for",
			"reason", r, "count", len(n), "names", n[:min(len(n), maxNamed)])
	}
}
