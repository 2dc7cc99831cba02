package objects

import (
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/go-faster/jx"
	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// sayAgain is how long the log is silent about a kind after it was named there:
// whoever may create objects must not be able to fill the log.
const sayAgain = 10 * time.Minute

// unread counts the objects that could not be used.
type unread struct {
	log *slog.Logger

	mu    sync.Mutex
	count map[event.GroupResource]int64
	said  map[event.GroupResource]time.Time
}

func newUnread(log *slog.Logger) *unread {
	return &unread{log: log, count: map[event.GroupResource]int64{}, said: map[event.GroupResource]time.Time{}}
}

// add counts an object that the server sent.
func (u *unread) add(r event.APIResource, o watch.Object, why string) {
	u.fail(r, identify(o.Raw), why)
}

// fail counts an object that has a name.
func (u *unread) fail(r event.APIResource, ref event.ObjectRef, why string) {
	name, now := r.GroupResource(), time.Now()
	u.mu.Lock()
	u.count[name]++
	n, silent := u.count[name], now.Sub(u.said[name]) < sayAgain
	if !silent {
		u.said[name] = now
	}
	u.mu.Unlock()
	if !silent {
		u.log.Warn("objects: an object cannot be read and is left out", "kind", name.String(),
			"namespace", string(ref.Namespace), "name", ref.Name, "error", why, "so_far", n)
	}
}

func (u *unread) counts() map[event.GroupResource]int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.count)
}

// identify finds the name of an object that is cut or broken, as far as it can
// be read.
func identify(raw []byte) event.ObjectRef {
	var ref event.ObjectRef
	text := func(d *jx.Decoder) string {
		s, err := d.Str()
		// What is no name is not repeated.
		if err != nil || len(s) > 253 || len(content.IsPathSegmentName(s)) > 0 {
			return ""
		}
		return s
	}
	// An error is where the object ends, or what is wrong with it.
	_ = jx.DecodeBytes(raw).Obj(func(d *jx.Decoder, key string) error {
		if key != "metadata" {
			return d.Skip()
		}
		return d.Obj(func(d *jx.Decoder, key string) error {
			switch key {
			case "name":
				ref.Name = text(d)
			case "namespace":
				ref.Namespace = event.Namespace(text(d))
			default:
				return d.Skip()
			}
			return nil
		})
	})
	return ref
}
