package watch

import (
	"context"
	"fmt"
	"io"
	"path"
	"strconv"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The times after which a silent server is given up. A half-open connection
// never reports an error by itself.
const (
	// AnswerWithin bounds the wait for a response and for the rest of a list
	// that has begun. API servers end a list after 60 s themselves.
	AnswerWithin = 65 * time.Second
	// QuietWatch is how long a watch may say nothing. A quiet cluster is no
	// fault, but cannot be told from a dead connection: the watch is renewed,
	// early enough for the version to be still in etcd's history.
	QuietWatch = 90 * time.Second
)

// Connection asks one API server about one collection.
type Connection struct {
	Client     rest.Interface
	Collection Collection
	// Received is called whenever the server said something.
	Received func()
}

// Version asks for the version that the collection is at. It asks for one object
// and so finds out, too, whether the collection may be read.
func (c Connection) Version(ctx context.Context) (event.ResourceVersion, error) {
	var page page
	err := c.get(ctx, params{limit: 1}, func(r io.Reader) error {
		var err error
		page, err = c.readPage(r, func(Object) error { return nil })
		return err
	})
	if err == nil && page.ResourceVersion == "" {
		err = fmt.Errorf("list %s: the answer of %s has no resourceVersion", c.name(), c.Collection.Path)
	}
	return page.ResourceVersion, err
}

// name is the collection's name in errors.
func (c Connection) name() string { return path.Base(c.Collection.Path) }

// params are the parameters of one request.
type params struct {
	limit int
	token string
	// watch and what belongs to it.
	watch         bool
	from          event.ResourceVersion
	initialEvents bool
	timeout       time.Duration
	// quiet is how long the body may be silent.
	quiet time.Duration
}

// get sends a request and hands the body to read, which must read it whole.
func (c Connection) get(ctx context.Context, p params, read func(io.Reader) error) error {
	return get(ctx, c.request(p), p.quiet, c.Received, read)
}

// Get asks for one path, with an Accept header unless accept is empty, and hands
// the body to read. Like the other requests it is not retried, and given up when
// the server says nothing for AnswerWithin.
func Get(ctx context.Context, client rest.Interface, path, accept string, read func(io.Reader) error) error {
	r := client.Get().AbsPath(path).MaxRetries(0)
	if accept != "" {
		r.SetHeader("Accept", accept)
	}
	return get(ctx, r, 0, func() {}, read)
}

func get(ctx context.Context, r *rest.Request, quiet time.Duration, received func(), read func(io.Reader) error) error {
	if quiet == 0 {
		quiet = AnswerWithin
	}
	ctx, dog := newWatchdog(ctx, AnswerWithin)
	defer dog.stop()
	body, err := r.Stream(ctx)
	if err != nil {
		return dog.explain(err)
	}
	received()
	dog.limit = quiet
	err = read(&progressReader{r: body, dog: dog, received: received})
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	return dog.explain(err)
}

// Within calls ask with a context that ends when AnswerWithin has passed, and
// says so in place of the error that this led to.
func Within(ctx context.Context, ask func(context.Context) error) error {
	ctx, dog := newWatchdog(ctx, AnswerWithin)
	defer dog.stop()
	return dog.explain(ask(ctx))
}

func (c Connection) request(p params) *rest.Request {
	// Retries are the source's: it knows from which position.
	r := c.Client.Get().AbsPath(c.Collection.Path).MaxRetries(0)
	if accept := c.Collection.accept(p.watch); accept != "" {
		r.SetHeader("Accept", accept)
	}
	set := func(key, value string) {
		if value != "" {
			r.Param(key, value)
		}
	}
	set("labelSelector", c.Collection.LabelSelector)
	set("fieldSelector", c.Collection.FieldSelector)
	if p.limit > 0 {
		set("limit", strconv.Itoa(p.limit))
	}
	set("continue", p.token)
	if p.watch {
		set("watch", "true")
		set("allowWatchBookmarks", "true")
		set("resourceVersion", string(p.from))
		if p.timeout > 0 {
			set("timeoutSeconds", strconv.Itoa(max(int(p.timeout/time.Second), 1)))
		}
		if p.initialEvents {
			set("sendInitialEvents", "true")
			set("resourceVersionMatch", "NotOlderThan")
		}
	}
	return r
}
