package events

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The times after which a silent server is given up. A half-open connection
// never reports an error by itself.
const (
	// answerWithin bounds the wait for a response and for the rest of a list
	// that has begun. API servers end a list after 60 s themselves.
	answerWithin = 65 * time.Second
	// quietWatch is how long a watch may say nothing. A quiet cluster is no
	// fault, but cannot be told from a dead connection: the watch is renewed,
	// early enough for the version to be still in etcd's history.
	quietWatch = 90 * time.Second
)

// connection asks one API server about one query.
type connection struct {
	client       rest.Interface
	query        *query
	watchTimeout time.Duration
	// received is called whenever the server said something.
	received func()
}

// probe asks for the version the server is at. It finds out which API group
// answers: RBAC rules written for Fluent Bit's own input often allow core
// events only.
func (c connection) probe(ctx context.Context) (event.ResourceVersion, error) {
	var refused error
	for range c.query.apis {
		var page page
		err := c.get(ctx, params{limit: 1}, func(r io.Reader) error {
			var err error
			page, err = readPage(r, func(object) error { return nil })
			return err
		})
		if err == nil {
			if page.ResourceVersion == "" {
				return "", fmt.Errorf("list events: the answer of %s has no resourceVersion", c.query.path())
			}
			return page.ResourceVersion, nil
		}
		if !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
			return "", err
		}
		// A refusal by RBAC says more than a group that does not exist.
		if refused == nil || apierrors.IsForbidden(err) {
			refused = err
		}
		if !c.query.next() {
			break
		}
	}
	return "", refused
}

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
func (c connection) get(ctx context.Context, p params, read func(io.Reader) error) error {
	if p.quiet == 0 {
		p.quiet = answerWithin
	}
	ctx, dog := newWatchdog(ctx, answerWithin)
	defer dog.stop()
	body, err := c.request(p).Stream(ctx)
	if err != nil {
		return dog.explain(err)
	}
	c.received()
	dog.limit = p.quiet
	err = read(&progressReader{r: body, dog: dog, received: c.received})
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	return dog.explain(err)
}

func (c connection) request(p params) *rest.Request {
	// Retries are the source's: it knows from which position.
	r := c.client.Get().AbsPath(c.query.path()).MaxRetries(0)
	set := func(key, value string) {
		if value != "" {
			r.Param(key, value)
		}
	}
	set("labelSelector", c.query.label)
	set("fieldSelector", c.query.field)
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
