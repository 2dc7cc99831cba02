package correlate

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// life is an object as the model knows it.
type life struct {
	live event.Live
	app  string
	gone bool
	list uint64
}

type lifeKey struct {
	kind      string
	namespace event.Namespace
	name      string
}

// model is an index that is written without regard to anything but what it must
// answer.
type model struct {
	all  []*life
	last map[lifeKey]*life
	next int
}

func keyOf(l *event.Live) lifeKey { return lifeKey{l.Ref.Kind, l.Ref.Namespace, l.Ref.Name} }

func (m *model) put(l event.Live, app string, list uint64) {
	k := keyOf(&l)
	if last := m.last[k]; last != nil && last.live.Ref.UID != l.Ref.UID {
		last.gone = true
	}
	for _, o := range m.all {
		if o.live.Ref.UID == l.Ref.UID {
			*o = life{live: l, app: app, list: list}
			m.last[k] = o
			return
		}
	}
	o := &life{live: l, app: app, list: list}
	m.all, m.last[k] = append(m.all, o), o
}

// After any sequence of news the index answers what the model does: by UID each
// object that ever was, by name the live one or else the last.
func TestIndexIsLikeTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ix := newTest(Options{})
		m := &model{last: map[lifeKey]*life{}}
		list := uint64(1)
		draw := func(t *rapid.T) event.Live {
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
			var l event.Live
			if rapid.Bool().Draw(t, "pod") {
				l = pod(name, 0)
			} else {
				l = replicaSet(name, 0)
			}
			l.Ref.Namespace = rapid.SampledFrom([]event.Namespace{"shop", "bank"}).Draw(t, "namespace")
			var uids []event.UID
			for _, o := range m.all {
				if keyOf(&o.live) == keyOf(&l) {
					uids = append(uids, o.live.Ref.UID)
				}
			}
			if len(uids) == 0 || rapid.IntRange(0, 2).Draw(t, "new") == 0 {
				m.next++
				uids = []event.UID{testUID(m.next)}
			}
			l.Ref.UID = rapid.SampledFrom(uids).Draw(t, "uid")
			return l
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				l := draw(t)
				app := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "app")
				l.Labels = []event.Label{{Key: "application", Value: app}}
				ix.Put(l, list)
				m.put(l, app, list)
			},
			"remove": func(t *rapid.T) {
				l := draw(t)
				l.Labels = nil
				ix.Remove(l)
				for _, o := range m.all {
					if o.live.Ref.UID == l.Ref.UID {
						o.gone = true
						return
					}
				}
				o := &life{live: l, gone: true}
				m.all = append(m.all, o)
				if k := keyOf(&l); m.last[k] == nil {
					m.last[k] = o
				}
			},
			"list": func(t *rapid.T) { list++ },
			"listed": func(t *rapid.T) {
				in := rapid.SampledFrom([]event.Namespace{"", "shop"}).Draw(t, "in")
				ix.Listed(podResource, in, list)
				for _, o := range m.all {
					if o.live.Ref.Kind == "Pod" && (in == "" || in == o.live.Ref.Namespace) && o.list < list {
						o.gone = true
					}
				}
			},
			"": func(t *rapid.T) {
				var live, gone int64
				check := func(ref event.ObjectRef, o *life) {
					app := ""
					if f := ix.Find(ref); f.Application != nil {
						app = f.Application.Name
					}
					if app != o.app {
						t.Fatalf("application of %s %q is %q, want %q", short(&ref), ref.UID, app, o.app)
					}
				}
				for _, o := range m.all {
					check(o.live.Ref, o)
					if live++; o.gone {
						live--
						gone++
					}
				}
				for _, o := range m.last {
					ref := o.live.Ref
					ref.UID = ""
					check(ref, o)
				}
				if l, g := ix.Status(); l != live || g != gone {
					t.Fatalf("%d objects, %d gone, want %d and %d", l, g, live, gone)
				}
				refs := 0
				for _, s := range ix.sets.byText {
					refs += s.refs
				}
				if refs > len(ix.byUID) || len(ix.byUID) != len(m.all) {
					t.Fatalf("%d uses of sets, %d UIDs, of %d objects", refs, len(ix.byUID), len(m.all))
				}
			},
		})
	})
}

// matchFunc is a Matcher.
type matchFunc func([]rule.Object, rule.Registry) (event.Application, bool)

func (f matchFunc) Match(chain []rule.Object, reg rule.Registry) (event.Application, bool) {
	return f(chain, reg)
}

// What many goroutines do at once leaves the index in order.
func TestConcurrency(t *testing.T) {
	ix := newTest(Options{MaxGone: 50, Rules: matchFunc(func(chain []rule.Object, reg rule.Registry) (event.Application, bool) {
		return new(byLabel).Match(chain, reg)
	})})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				rs := replicaSet(fmt.Sprint("web", i%7), i%14)
				p := pod(fmt.Sprint("web", i%7, "-", g), 1000*g+i%20+100, ownedBy(rs))
				p.Labels = nil
				ix.Put(rs, 1)
				ix.Put(p, 1)
				ix.Find(p.Ref)
				ix.Claim(release("shop", fmt.Sprint(g)), helmApp("shop", "shop", ""), []event.ObjectRef{p.Ref, rs.Ref})
				ix.Learn(pod(fmt.Sprint("l", i), 5000+i))
				ix.Missed(pod("nobody", 9999).Ref, time.Time{})
				switch i % 10 {
				case 3:
					ix.Remove(rs)
				case 5:
					ix.Listed(podResource, "", 2)
				case 7:
					ix.Serve(served())
					ix.Unclaim(release("shop", fmt.Sprint(g)))
				case 9:
					ix.Status()
				}
			}
		})
	}
	wg.Wait()
	if _, gone := ix.Status(); gone > 50 {
		t.Errorf("%d gone", gone)
	}
	ix.Put(replicaSet("web", 13), 1)
	wantApp(t, ix, replicaSet("web", 13).Ref, "web-13")
}
