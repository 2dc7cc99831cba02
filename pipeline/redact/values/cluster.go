package values

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// What is held of the cluster's Secrets at most. A value weighs 1, and 1 more for
// each weightBytes it has, so that the limits bound memory, too. Former values
// count, but give way to present ones.
const (
	weightBytes    = 4096
	namespaceLimit = 2_000
	clusterLimit   = 10_000
	// slack is how much more than clusterLimit is held before it is brought down.
	slack = clusterLimit
	// maxTold bounds the namespaces that are told to have too much.
	maxTold = 10_000
)

// SecretKey names a Secret.
type SecretKey struct{ Namespace, Name string }

// cluster holds the values of the cluster's Secrets within the limits. The lock
// of the Store guards it.
type cluster struct {
	wanted bool
	min    int
	retire time.Duration
	// listed says that all Secrets were told, failed that they cannot be any
	// more, and covered that the matcher knows what was told until listed.
	listed, failed, covered bool
	// listing counts what the matcher has to know before that.
	listing int
	// unread are the Secrets that are there and cannot be read.
	unread map[SecretKey]bool

	spaces map[string]*space
	weight int
	// told are the namespaces of which it was logged that they have too much. They
	// are not forgotten: who makes Secrets and removes them fills no log.
	told map[string]bool
}

// space is what one namespace has.
type space struct {
	secrets map[string]*secret
	retired []retiredValue
	// weight is that of both.
	weight int
}

type secret struct {
	values []known.Value
	// beyond is how many the limits left out.
	beyond int
}

type retiredValue struct {
	known.Value
	until time.Time
}

func newCluster(o Options) cluster {
	return cluster{
		wanted: o.Cluster, min: max(o.MinLength, minClusterLength), retire: o.Retire,
		spaces: make(map[string]*space), told: make(map[string]bool), unread: make(map[SecretKey]bool),
	}
}

func weigh(v known.Value) int { return 1 + len(v.Text)/weightBytes }

// reason returns why payloads must be withheld.
func (c *cluster) reason() string {
	switch {
	case !c.wanted:
		return ""
	case c.failed || len(c.unread) > 0:
		return ReasonUnlisted
	case !c.covered:
		return ReasonNotListed
	}
	return ""
}

// put makes values those of the Secret and reports whether that changed anything.
func (c *cluster) put(key SecretKey, values []known.Value, beyond int, now time.Time) bool {
	sp := c.spaces[key.Namespace]
	var old []known.Value
	if sp != nil {
		if s := sp.secrets[key.Name]; s != nil {
			old = s.values
		}
	}
	if len(values)+beyond+len(old) == 0 {
		return false
	}
	if sp == nil {
		sp = &space{secrets: make(map[string]*secret)}
		c.spaces[key.Namespace] = sp
	}
	present := sp.present()
	for _, v := range old {
		present -= weigh(v)
	}
	next := &secret{beyond: beyond}
	for _, v := range values {
		if present+weigh(v) > namespaceLimit {
			next.beyond++
			continue
		}
		present += weigh(v)
		next.values = append(next.values, v)
	}
	before := sp.weight
	sp.set(key.Name, next)
	changed := !slices.Equal(old, next.values)
	if changed {
		sp.leave(old, next.values, now, c.retire)
	}
	c.weight += sp.weight - before
	c.dropEmpty(key.Namespace)
	if c.weight > clusterLimit+slack {
		c.fit(clusterLimit)
	}
	return changed
}

// forget removes a Secret and reports whether that changed anything.
func (c *cluster) forget(key SecretKey, now time.Time) bool {
	sp := c.spaces[key.Namespace]
	if sp == nil || sp.secrets[key.Name] == nil {
		return false
	}
	if len(sp.secrets[key.Name].values) > 0 {
		return c.put(key, nil, 0, now)
	}
	delete(sp.secrets, key.Name)
	c.dropEmpty(key.Namespace)
	return false
}

func (c *cluster) dropEmpty(namespace string) {
	if sp := c.spaces[namespace]; len(sp.secrets)+len(sp.retired) == 0 {
		delete(c.spaces, namespace)
	}
}

// fit brings all within a limit by taking from the namespaces that have most,
// so that one who fills a few cannot crowd out the others.
func (c *cluster) fit(limit int) {
	if c.weight <= limit {
		return
	}
	spaces := slices.SortedFunc(maps.Values(c.spaces), func(a, b *space) int { return cmp.Compare(a.weight, b.weight) })
	left := limit
	for i, sp := range spaces {
		share := left / (len(spaces) - i)
		before := sp.weight
		// With more namespaces than the limit the last ones get the shares.
		sp.shrink(min(share, left))
		left -= sp.weight
		c.weight += sp.weight - before
	}
}

// beyond returns how many values the limits left out.
func (c *cluster) beyond() int {
	n := 0
	for _, sp := range c.spaces {
		n += sp.beyond()
	}
	return n
}

// present yields the values of Secrets that are there, in a steady order. None
// that is the name of a namespace is among them.
func (c *cluster) present() iter.Seq[known.Value] {
	return func(yield func(known.Value) bool) {
		for _, namespace := range slices.Sorted(maps.Keys(c.spaces)) {
			sp := c.spaces[namespace]
			for _, name := range slices.Sorted(maps.Keys(sp.secrets)) {
				for _, v := range sp.secrets[name].values {
					if c.spaces[v.Text] == nil && !yield(v) {
						return
					}
				}
			}
		}
	}
}

// former yields the values that are still to be found though they are gone.
func (c *cluster) former(now time.Time) iter.Seq[known.Value] {
	return func(yield func(known.Value) bool) {
		for _, namespace := range slices.Sorted(maps.Keys(c.spaces)) {
			for _, v := range c.spaces[namespace].retired {
				if now.Before(v.until) && c.spaces[v.Text] == nil && !yield(v.Value) {
					return
				}
			}
		}
	}
}

// expire forgets former values and reports whether there were any.
func (c *cluster) expire(now time.Time) bool {
	some := false
	for namespace, sp := range c.spaces {
		n := 0
		for n < len(sp.retired) && !now.Before(sp.retired[n].until) {
			n++
		}
		if n > 0 {
			some = true
			c.weight -= sp.dropRetired(n)
			c.dropEmpty(namespace)
		}
	}
	return some
}

// next returns when the next former value is over, zero if there is none.
func (c *cluster) next() time.Time {
	var next time.Time
	for _, sp := range c.spaces {
		if len(sp.retired) > 0 && (next.IsZero() || sp.retired[0].until.Before(next)) {
			next = sp.retired[0].until
		}
	}
	return next
}

// tellBeyond logs once of each namespace that it has more than is looked for.
// The caller holds the lock.
func (s *Store) tellBeyond(ctx context.Context) {
	c := &s.cluster
	var names []string
	count := 0
	for namespace, sp := range c.spaces {
		if n := sp.beyond(); n > 0 && !c.told[namespace] && len(c.told) < maxTold {
			c.told[namespace] = true
			names = append(names, namespace)
			count += n
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	s.opts.Logger.WarnContext(ctx, "namespaces with more Secrets than are looked for as known values",
		"namespaces", names[:min(len(names), maxNamed)], "namespace_count", len(names), "count", count)
}
