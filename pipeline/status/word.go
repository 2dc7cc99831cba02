package status

import "github.com/fluent-live/live-status/pipeline/event"

// The words in one byte each. The numbers are written to the cursor: they stay
// as they are, and new words come last.
type (
	healthWord uint8
	syncWord   uint8
)

var healths = [...]event.Health{
	event.HealthNone, event.HealthHealthy, event.HealthSuspended, event.HealthProgressing,
	event.HealthMissing, event.HealthDegraded, event.HealthUnknown,
}

const (
	healthNone healthWord = iota
	healthHealthy
	healthSuspended
	healthProgressing
	healthMissing
	healthDegraded
	healthUnknown
)

var syncs = [...]event.Sync{
	event.SyncNone, event.SyncInSync, event.SyncOutOfSync, event.SyncUnknown, event.SyncOrphaned, event.SyncDeleting,
}

const (
	syncNone syncWord = iota
	syncInSync
	syncOutOfSync
	syncUnknown
	syncOrphaned
	syncDeleting
)

// syncRanks say which sync is worse, by word.
var syncRanks = [...]uint8{0, 1, 4, 5, 3, 2}

// statusWord is a status; the higher, the worse.
type statusWord uint8

var statuses = [...]event.Status{
	event.StatusNone, event.StatusInSync, event.StatusHealthy, event.StatusSuspended, event.StatusOutOfSync,
	event.StatusProgressing, event.StatusMissing, event.StatusDegraded, event.StatusUnknown,
}

const (
	statusNone statusWord = iota
	statusInSync
	statusHealthy
	statusSuspended
	statusOutOfSync
	statusProgressing
	statusMissing
	statusDegraded
	statusUnknown
)

// combined has the status for each health and sync.
var combined = func() (table [len(healths)][len(syncs)]statusWord) {
	for h := range healths {
		for s := range syncs {
			table[h][s] = wordOf[statusWord](statuses[:], event.Combine(healths[h], syncs[s]))
		}
	}
	return table
}()

var applicationStatuses = [...]event.ApplicationStatus{
	"", event.ApplicationHealthy, event.ApplicationOutOfSync, event.ApplicationProgressing, event.ApplicationMissing,
	event.ApplicationDegraded, event.ApplicationUnknown, event.ApplicationWaiting, event.ApplicationUnavailable,
}

// applicationWord is a status of applications, as written to the cursor.
type applicationWord uint8

const (
	applicationNone applicationWord = iota
	applicationHealthy
	applicationOutOfSync
	applicationProgressing
	applicationMissing
	applicationDegraded
	applicationUnknown
)

// ofObjects is what the worst status of objects makes of their application.
var ofObjects = [...]applicationWord{
	statusNone: applicationHealthy, statusInSync: applicationHealthy, statusHealthy: applicationHealthy,
	statusSuspended: applicationHealthy, statusOutOfSync: applicationOutOfSync, statusProgressing: applicationProgressing,
	statusMissing: applicationMissing, statusDegraded: applicationDegraded, statusUnknown: applicationUnknown,
}

// wordOf returns the number of a word, 0 for one that is not known.
func wordOf[N ~uint8, W comparable](words []W, w W) N {
	for i := range words {
		if words[i] == w {
			return N(i)
		}
	}
	return 0
}

// state is what a record of an object tells a change of.
type state struct {
	health healthWord
	sync   syncWord
	stale  bool
	// drift is a hash of the paths that drifted, 0 if none did.
	drift uint64
}

func (s state) status() statusWord { return combined[s.health][s.sync] }

// isNone reports whether the object has no status.
func (s state) isNone() bool { return s.status() == statusNone }

// isLike reports whether health and sync are the same.
func (s state) isLike(o state) bool { return s.health == o.health && s.sync == o.sync }
