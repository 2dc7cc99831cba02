package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What says what a notice is about.
type What uint8

// The notices, in the order in which they come.
const (
	// Began says that a list is about to be asked for. It comes again, with Again
	// set, where the list has to be begun anew before it has ended.
	Began What = iota
	// Listed is an object of the list.
	Listed
	// Ended says that the list is whole, as of Version.
	Ended
	// Watching says that the server has begun to tell changes.
	Watching
	// Updated is an object that was added or modified.
	Updated
	// Deleted is an object that is gone, as it last was. Within a list it has no
	// Version: there is nothing to go on from yet.
	Deleted
	// Progress says that there was nothing else up to Version.
	Progress
)

// Notice is one thing that happened to the collection.
type Notice struct {
	What   What
	Object Object
	// Version is that of the collection after the notice; set on Ended, Updated,
	// Deleted and Progress.
	Version event.ResourceVersion
	Again   bool
}

// Handler is told what happens, in order and from one goroutine. An error ends
// the reading, and the follower has not got past the notice then.
type Handler func(ctx context.Context, n Notice) error

// maxRestarts is how often a list begins again at once when the server has
// dropped its version meanwhile. After that it is a failure like any other.
const maxRestarts = 3

// Follower follows a collection over many connections. Use it from one
// goroutine.
type Follower struct {
	handle Handler
	debug  func(message string)
	// position is the version up to which everything was handled; empty before
	// the first list has ended.
	position event.ResourceVersion
	// relist is set once position is too old to watch from.
	relist bool
	// paged is set once the server was found not to stream lists.
	paged bool
}

// NewFollower returns a follower that begins with a list. Debug is told what is
// no fault but may explain one.
func NewFollower(handle Handler, debug func(message string)) *Follower {
	return &Follower{handle: handle, debug: debug}
}

// Position returns the version up to which everything was handled, empty before
// the first list has ended. Within a list it is that of the time before.
func (f *Follower) Position() event.ResourceVersion { return f.position }

// Start has the follower go on from a position; empty begins with a list.
func (f *Follower) Start(position event.ResourceVersion) {
	f.position, f.relist = position, false
}

// Read follows the collection until the connection ends. It returns nil where
// it ended as watches do: by a server that said nothing wrong, that had nothing
// to say for long, or that no longer has the version (the next Read lists).
func (f *Follower) Read(ctx context.Context, c Connection) error {
	if f.position != "" && !f.relist {
		if err := f.watch(ctx, c); err != nil || !f.relist {
			return err
		}
	}
	return f.list(ctx, c)
}

// list reads all there is. Where the server streams lists, the same connection
// goes on as the watch.
func (f *Follower) list(ctx context.Context, c Connection) error {
	again := false
	if !f.paged {
		err := f.streamList(ctx, c)
		if !notStreamed(err) {
			return err
		}
		f.paged, again = true, true
		f.debug("the server does not stream lists; reading pages")
	}
	for restart := 0; ; restart++ {
		err := f.pageList(ctx, c, again)
		if err == nil {
			return f.watch(ctx, c)
		}
		if !IsGone(err) || restart >= maxRestarts {
			return err
		}
		again = true
	}
}

// notStreamed reports whether a server has refused a streamed list for being
// one: those before WatchList know the parameters but do not allow them
// (KEP-3157).
func notStreamed(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsMethodNotSupported(err)
}

// ended notes that a list as of version has been handled whole.
func (f *Follower) ended(ctx context.Context, c Connection, version event.ResourceVersion) error {
	if version == "" {
		return fmt.Errorf("list %s: the list has no resourceVersion", c.name())
	}
	f.relist, f.position = false, version
	return f.handle(ctx, Notice{What: Ended, Version: version})
}

// pageList reads the list page by page. Every page is of the first one's
// version, which is where the watch then begins.
func (f *Follower) pageList(ctx context.Context, c Connection, again bool) error {
	if err := f.handle(ctx, Notice{What: Began, Again: again}); err != nil {
		return err
	}
	p := params{limit: c.Collection.PageSize}
	for {
		var page page
		err := c.get(ctx, p, func(r io.Reader) error {
			var err error
			page, err = c.readPage(r, func(o Object) error { return f.handle(ctx, Notice{What: Listed, Object: o}) })
			return err
		})
		if err != nil {
			return err
		}
		if page.Continue == "" {
			return f.ended(ctx, c, page.ResourceVersion)
		}
		p.token = page.Continue
	}
}

// watch tells what comes after the position reached.
func (f *Follower) watch(ctx context.Context, c Connection) error {
	return f.follow(ctx, c, params{watch: true, from: f.position})
}

// streamList has the server send the list as the beginning of a watch.
func (f *Follower) streamList(ctx context.Context, c Connection) error {
	if err := f.handle(ctx, Notice{What: Began}); err != nil {
		return err
	}
	return f.follow(ctx, c, params{watch: true, initialEvents: true})
}

// follow reads the frames of a watch. With initial events, what is added belongs
// to the list until the bookmark that ends it.
func (f *Follower) follow(ctx context.Context, c Connection, p params) error {
	// A watch lasts between half and all of its time, so that many do not end
	// together.
	p.quiet = QuietWatch
	if half := c.Collection.WatchTimeout / 2; half > 0 {
		p.timeout = half + rand.N(half+1)
		p.quiet = min(p.quiet, p.timeout+AnswerWithin)
	}
	listing := p.initialEvents
	err := c.get(ctx, p, func(r io.Reader) error {
		if !listing {
			if err := f.handle(ctx, Notice{What: Watching}); err != nil {
				return err
			}
		}
		frames := c.newFrameReader(r)
		for {
			frame, err := frames.next()
			if errors.Is(err, io.EOF) && !listing {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read watch: %w", err)
			}
			switch {
			case frame.Type == frameError:
				return frame.status()
			case !listing:
				err = f.changed(ctx, frame)
			case frame.Type == frameDeleted:
				// A change that was made since the list began.
				err = f.handle(ctx, Notice{What: Deleted, Object: frame.Object})
			case frame.Type != frameBookmark:
				err = f.handle(ctx, Notice{What: Listed, Object: frame.Object})
			case frame.endsList():
				listing = false
				if err = f.ended(ctx, c, frame.version()); err == nil {
					err = f.handle(ctx, Notice{What: Watching})
				}
			}
			if err != nil {
				return err
			}
		}
	})
	switch {
	case IsGone(err):
		f.relist = true
		return nil
	case IsStalled(err) && !listing:
		f.debug("renewing a quiet watch")
		return nil
	case !listing && errors.Is(err, io.ErrUnexpectedEOF):
		// The server or a proxy has cut the connection between two reads. The
		// watch is resumed where it was.
		return nil
	default:
		return err
	}
}

// changed tells a change that came after the list.
func (f *Follower) changed(ctx context.Context, frame frame) error {
	n := Notice{Object: frame.Object, Version: frame.version()}
	if n.Version == "" && !n.Object.Whole {
		// It was in the part that was cut off. The frames after it have theirs, and
		// if there are none it comes again.
		n.Version = f.position
	}
	if n.Version == "" {
		return fmt.Errorf("read watch: a frame of type %q has no resourceVersion", frame.Type)
	}
	switch frame.Type {
	case frameAdded, frameModified:
		n.What = Updated
	case frameDeleted:
		n.What = Deleted
	case frameBookmark:
		n.What, n.Object = Progress, Object{}
	default:
		return fmt.Errorf("read watch: unknown frame type %q", frame.Type)
	}
	if err := f.handle(ctx, n); err != nil {
		return err
	}
	f.position = n.Version
	return nil
}

// The times of a series of attempts.
const (
	// HealthyAfter is how long a connection has to last for its end not to be the
	// next failure of a series.
	HealthyAfter = 30 * time.Second
	// LongestWish bounds what a server may ask for with Retry-After: hours would
	// outlast what is to be read.
	LongestWish = time.Minute
)

// AtLeast lengthens a delay to what the server asked for with its error, within
// LongestWish.
func AtLeast(delay time.Duration, err error) time.Duration {
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		return max(delay, min(time.Duration(seconds)*time.Second, LongestWish))
	}
	return delay
}
