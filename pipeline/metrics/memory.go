package metrics

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

// For how long an answer holds, and how many are kept.
const (
	allowedFor = time.Minute
	refusedFor = 10 * time.Second
	maxKnown   = 1_000
)

// What is asked about tokens that did not scrape before: so many at once, and so
// many a second.
const (
	askBurst  = 20
	askEvery  = 200 * time.Millisecond
	maxAsking = 8
)

// For how long clients are suspected who sent a token that nobody has, and how many of
// them are remembered. Half of what may be asked is not for them: a scraper with a new
// token must not wait behind those that somebody makes up.
const (
	suspectedFor = time.Minute
	maxSuspects  = 1_000
)

var errBusy = errors.New("too many unknown tokens are tried at once")

// errUnsaid is of a question that was not answered at all.
var errUnsaid = errors.New("the question whether a token is good was not answered")

// memory remembers what was said of tokens, by their digest.
type memory struct {
	now func() time.Time
	// ask finds out whether a token may scrape.
	ask func(ctx context.Context, token string) error

	mu    sync.Mutex
	known map[digest]*decision
	// asking is how many tokens are asked about.
	asking int
	// credit is how many may be asked about that did not scrape before, as of
	// refilled.
	credit   float64
	refilled time.Time
	// suspects are suspected until then.
	suspects map[origin]time.Time
}

type digest [sha256.Size]byte

// decision is what was said of a token.
type decision struct {
	// done is closed once it was said. Err and void are not to be read before, and
	// void is set where whoever asked is gone, so that nobody knows.
	done chan struct{}
	err  error
	void bool
	// until is when it has to be asked again; zero while it is asked.
	until time.Time
	// scraped is set where the token was good at least once.
	scraped bool
}

func newMemory(now func() time.Time, ask func(context.Context, string) error) *memory {
	return &memory{now: now, ask: ask, known: map[digest]*decision{}, suspects: map[origin]time.Time{}, credit: askBurst, refilled: now()}
}

// decide returns what is said of a token, which one of those asks who want to know.
func (m *memory) decide(ctx context.Context, token string) error {
	key, from := digest(sha256.Sum256([]byte(token))), sender(ctx)
	for {
		d, mine, err := m.find(key, from)
		if err != nil {
			return err
		}
		if mine {
			return m.learn(ctx, token, key, d, from)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.done:
		}
		if !d.void {
			return d.err
		}
	}
}

// learn asks about a token and notes what is said.
func (m *memory) learn(ctx context.Context, token string, key digest, d *decision, from origin) (err error) {
	// Others wait for a word even where there is none.
	err = errUnsaid
	defer func() { m.say(key, d, err, ctx.Err() != nil) }()
	if err = m.ask(ctx, token); errors.Is(err, ErrToken) {
		m.suspect(from)
	}
	return err
}

// find returns what was said of a token, or is about to be. Mine is set where the
// caller has to find it out.
func (m *memory) find(key digest, from origin) (d *decision, mine bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	former := m.known[key]
	if former != nil && (former.until.IsZero() || now.Before(former.until)) {
		return former, false, nil
	}
	scraped := former != nil && former.scraped
	if !m.mayAsk(now, scraped, from) || former == nil && !m.makeRoom() {
		return nil, false, errBusy
	}
	d = &decision{done: make(chan struct{}), scraped: scraped}
	m.known[key] = d
	m.asking++
	return d, true, nil
}

// mayAsk reports whether one more token may be asked about. Those that have scraped
// before do not wait behind those that anybody may make up.
func (m *memory) mayAsk(now time.Time, scraped bool, from origin) bool {
	if scraped {
		return m.asking < 2*maxAsking
	}
	m.credit = min(askBurst, m.credit+float64(now.Sub(m.refilled))/float64(askEvery))
	m.refilled = now
	asking, credit := maxAsking, 1.0
	if now.Before(m.suspects[from]) {
		asking, credit = maxAsking/2, askBurst/2+1
	}
	if m.asking >= asking || m.credit < credit {
		return false
	}
	m.credit--
	return true
}

// suspect notes a client who sent a token that nobody has.
func (m *memory) suspect(from origin) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.suspects) >= maxSuspects {
		// Who goes on is noted again.
		clear(m.suspects)
	}
	m.suspects[from] = m.now().Add(suspectedFor)
}

// makeRoom reports whether one more may be remembered, and forgets one for it: of
// those that did not scrape before the others, and of these the one that ends first.
func (m *memory) makeRoom() bool {
	if len(m.known) < maxKnown {
		return true
	}
	var victim digest
	var of *decision
	for key, d := range m.known {
		switch {
		case d.until.IsZero():
		case of == nil, of.scraped && !d.scraped, of.scraped == d.scraped && d.until.Before(of.until):
			victim, of = key, d
		}
	}
	delete(m.known, victim)
	return of != nil
}

// say notes what was found out; gone is set where whoever asked is.
func (m *memory) say(key digest, d *decision, err error, gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(d.done)
	m.asking--
	now := m.now()
	d.err = err
	forbidden, _ := errors.AsType[*ForbiddenError](err)
	switch {
	case err == nil:
		d.scraped, d.until = true, now.Add(allowedFor)
	case errors.Is(err, ErrToken), forbidden != nil:
		d.scraped, d.until = false, now.Add(refusedFor)
	default:
		// Nobody knows. The next one asks again.
		if d.void, d.until = gone, now; !d.scraped {
			delete(m.known, key)
		}
	}
}
