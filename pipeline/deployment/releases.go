package deployment

import (
	"cmp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Helm 3 and 4 name what they store a revision in sh.helm.release.v1.NAME.vN,
// and set these labels on it besides the user's own.
const (
	storedPrefix = "sh.helm.release.v1."

	labelOwner  = "owner"
	labelStatus = "status"
	// labelModified has seconds since 1970.
	labelModified = "modifiedAt"

	ownerHelm = "helm"
)

// stored is a revision of a Helm release, as the name of the object that it is
// stored in tells.
type stored struct {
	namespace event.Namespace
	name      string
	revision  int64
}

func (s stored) series() event.SeenKey {
	return event.SeenKey("deployment/helm/" + string(s.namespace) + "/" + s.name)
}

// order orders the revisions of a release. Two may be made within the second that
// the API server tells.
func (s stored) order(live event.Live) time.Time {
	return live.Created.Add(time.Duration(s.revision))
}

// storedRelease reports which revision is stored in an object; false if none.
func storedRelease(live event.Live) (stored, bool) {
	if live.Ref.APIVersion != "v1" || live.Ref.Kind != "Secret" && live.Ref.Kind != "ConfigMap" {
		return stored{}, false
	}
	rest, ok := strings.CutPrefix(live.Ref.Name, storedPrefix)
	if !ok || label(live, labelOwner) != ownerHelm {
		return stored{}, false
	}
	at := strings.LastIndex(rest, ".v")
	if at <= 0 {
		return stored{}, false
	}
	revision, err := strconv.ParseInt(rest[at+2:], 10, 32)
	if err != nil || revision < 1 {
		return stored{}, false
	}
	return stored{namespace: live.Ref.Namespace, name: rest[:at], revision: revision}, true
}

func label(live event.Live, key string) string {
	for i := range live.Labels {
		if live.Labels[i].Key == key {
			return live.Labels[i].Value
		}
	}
	return ""
}

// maxReleases bounds how many releases are remembered; one takes about 150 bytes.
const maxReleases = 100_000

// Reported tells the Order from which on the revisions of a Series are wanted: that
// of the last one that an earlier run has reported; false where only the newest
// is. It is called by any number of goroutines.
type Reported func(series event.SeenKey) (order time.Time, ok bool)

// Releases decides which of the Secrets and ConfigMaps that Helm stores releases
// in are worth fetching whole: the newest revision of each release, and those that
// came while nobody looked. It is safe for concurrent use.
//
// Of releases beyond the 100,000 that are remembered every revision is wanted.
type Releases struct {
	reported Reported

	mu     sync.Mutex
	newest map[releaseKey]release
}

// NewReleases returns a Releases that knows none. With nil nothing was reported
// before.
func NewReleases(reported Reported) *Releases {
	if reported == nil {
		reported = func(event.SeenKey) (time.Time, bool) { return time.Time{}, false }
	}
	return &Releases{reported: reported, newest: make(map[releaseKey]release)}
}

// release is what is known of the revisions of a release.
type release struct {
	age
	// since is the Order of the last revision of an earlier run; zero if there was
	// none.
	since time.Time
}

type releaseKey struct {
	namespace event.Namespace
	name      string
}

// age orders the revisions of a release, also of one that was removed and
// installed again: its revisions then count from one.
type age struct{ created, revision int64 }

func (s stored) age(live event.Live) age { return age{live.Created.Unix(), s.revision} }

func (a age) compare(b age) int {
	return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.revision, b.revision))
}

// Wants reports whether the object, of which only the metadata need be known, is
// the newest revision seen of a release, or the one that is deployed, or later than
// what an earlier run has reported. Call it for each object that is listed or
// changed.
func (r *Releases) Wants(live event.Live) bool {
	s, ok := storedRelease(live)
	if !ok {
		return false
	}
	key := releaseKey{s.namespace, s.name}
	r.mu.Lock()
	defer r.mu.Unlock()
	newest, known := r.newest[key]
	if !known {
		newest.since, _ = r.reported(s.series())
	}
	missed := !newest.since.IsZero() && s.order(live).After(newest.since)
	now := s.age(live).compare(newest.age)
	switch {
	case known && now < 0:
		// While the newest has not succeeded, objects may still be as this one says.
		return missed || label(live, labelStatus) == string(helmDeployed)
	case known && now == 0:
		return true
	case label(live, labelStatus) == string(helmSuperseded) && !missed:
		// There is a newer one, which a list brings later. Were it not so, the
		// object would still tell nothing of how the application fares.
		return false
	case known || len(r.newest) < maxReleases:
		if !known {
			key = releaseKey{event.Namespace(strings.Clone(string(key.namespace))), strings.Clone(key.name)}
		}
		newest.age = s.age(live)
		r.newest[key] = newest
	}
	return true
}

// Gone says that an object was deleted. It reports whether that was the newest
// revision seen of a release, after which an older one or a first one may be the
// newest again: it is false where Helm only cuts the history.
func (r *Releases) Gone(live event.Live) bool {
	s, ok := storedRelease(live)
	if !ok {
		return false
	}
	key := releaseKey{s.namespace, s.name}
	r.mu.Lock()
	defer r.mu.Unlock()
	if newest, known := r.newest[key]; !known || newest.compare(s.age(live)) != 0 {
		return false
	}
	delete(r.newest, key)
	return true
}

// Outdated reports whether the object is a revision of a release of which a newer
// one was seen.
func (r *Releases) Outdated(live event.Live) bool {
	s, ok := storedRelease(live)
	if !ok {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	newest, known := r.newest[releaseKey{s.namespace, s.name}]
	return known && s.age(live).compare(newest.age) < 0
}

// ReleaseOf returns the release that a revision is stored for; zero if the object
// holds none.
func ReleaseOf(live event.Live) Release {
	at, ok := storedRelease(live)
	if !ok {
		return Release{}
	}
	return Release{Namespace: at.namespace, Storage: at.namespace, Name: at.name}
}
