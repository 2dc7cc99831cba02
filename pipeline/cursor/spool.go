package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluent-live/live-status/pipeline/crash"
)

// SpoolOptions say where a Spool keeps its data and how much.
type SpoolOptions struct {
	// Path is the file. It is created with mode 0600 where it does not exist;
	// its directory must exist.
	Path string
	// MaxBytes bounds the sum of the bodies that wait, each of which counts
	// RowBytes on top of its own. The file is somewhat larger. A body of up to
	// MaxBytes is taken where no other waits.
	MaxBytes int64
	// Key is what bodies are encrypted with, KeyBytes long: they hold Secrets. It
	// must be the one that the bodies which are there were encrypted with. Two
	// files may have the same.
	Key []byte
	// Holder says who we are, for those who find the file in use.
	Holder string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger is told of what is odd but no error; nil means nowhere.
	Logger *slog.Logger
}

func (o SpoolOptions) complete() (SpoolOptions, error) {
	if o.Path == "" {
		return o, errors.New("open spool: no path")
	}
	if o.MaxBytes <= 0 {
		return o, fmt.Errorf("open spool: a limit of %d bytes lets nothing in", o.MaxBytes)
	}
	if err := checkKey(o.Key); err != nil {
		return o, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Spool keeps bodies from before their sender is answered until they have been
// handed on. Its methods may be called concurrently.
//
// Whoever appends waits for the disk, together with all who append at the same
// time: one transaction takes what has come during the one before. Reads have
// a connection of their own and wait for nothing. Where MaxBytes are reached
// bodies are refused; none is ever dropped. What is stored is encrypted, but for
// the address of the sender and the time.
type Spool struct {
	store
	now      func() time.Time
	logger   *slog.Logger
	id       string
	maxBytes int64

	vault   vault
	insert  *sql.Stmt
	last    *sql.Stmt
	next    *sql.Stmt
	measure *sql.Stmt
	remove  *sql.Stmt

	added chan struct{}
	queue queue
	// wake is filled when the queue gets its first body, stop closed when no
	// more will come, ended when the writer is gone.
	wake, stop, ended chan struct{}
	commits           atomic.Int64
	// sealed is the writer's memory for what is stored of a body.
	sealed []byte
	// deleted is filled when bodies were deleted. unclean is set while pages
	// that are free may have something of them in it.
	deleted chan struct{}
	unclean atomic.Bool
}

// OpenSpool opens the file, creating it where there is none and bringing an
// older format up to date. Its errors are *Error where the file is at fault,
// and plain errors where the options are.
func OpenSpool(ctx context.Context, o SpoolOptions) (*Spool, error) {
	// What is acknowledged must survive a power cut, too.
	return openSpool(ctx, o, "FULL")
}

func openSpool(ctx context.Context, o SpoolOptions, sync string) (*Spool, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	s := &Spool{
		now:      o.Now,
		logger:   o.Logger,
		maxBytes: o.MaxBytes,
		added:    make(chan struct{}, 1),
		wake:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
		ended:    make(chan struct{}),
		deleted:  make(chan struct{}, 1),
	}
	if err := s.load(ctx, o, sync); err != nil {
		if release := s.release(); release != nil {
			err = errors.Join(err, release)
		}
		return nil, err
	}
	go crash.Run(s.write)
	return s, nil
}

const countBodies = `SELECT coalesce(sum(max(length(body) - ?, 0) + ?), 0), count(*) FROM body`

// load opens the file and learns what is in it.
func (s *Spool) load(ctx context.Context, o SpoolOptions, sync string) error {
	set := settings{of: SpoolFile, sync: sync, journal: "WAL"}
	if err := s.start(ctx, o.Path, set, owner{o.Holder, o.Now(), o.Logger}, spoolMigrations()); err != nil {
		return err
	}
	if err := s.unlock(ctx, o.Key); err != nil {
		return err
	}
	err := s.prepare(ctx, s.db, []statement{
		{&s.insert, insertBody},
		{&s.last, lastSeq},
		{&s.measure, measureBodies},
		{&s.remove, deleteBodies},
	})
	if err != nil {
		return err
	}
	if err := s.sealPlain(ctx); err != nil {
		return err
	}
	set.journal, set.readOnly = "", true
	if s.reads, err = connect(dsn(s.path, set)); err != nil {
		return s.fail("open", err)
	}
	// The length of a body is known without reading it.
	if err := s.reads.QueryRowContext(ctx, countBodies, sealBytes, RowBytes).Scan(&s.queue.bytes, &s.queue.bodies); err != nil {
		return s.fail("count bodies", err)
	}
	free, err := s.freelist(ctx)
	if err != nil {
		return err
	}
	s.unclean.Store(free > 0)
	return s.prepare(ctx, s.reads, []statement{{&s.next, selectNext}})
}

// ID returns the identity of the file: random, made with it and kept in it. A
// Seq means something only together with it.
func (s *Spool) ID() string { return s.id }

// Size returns the number of the bodies that wait and what they count against
// MaxBytes: their bytes, and RowBytes for each.
func (s *Spool) Size() (bytes, bodies int64) { return s.queue.stored() }

// Added returns a channel that holds something once a body has been added
// since the channel was last read. It is never closed.
func (s *Spool) Added() <-chan struct{} { return s.added }

// SpoolStats describe a spool.
type SpoolStats struct {
	// Bytes and Bodies are what Size returns.
	Bytes  int64
	Bodies int64
	// Commits counts the transactions that brought bodies since the spool was
	// opened.
	Commits int64
	// FileBytes and LogBytes are the sizes of the file and of its write-ahead
	// log.
	FileBytes int64
	LogBytes  int64
	// Format is the version of the file's format.
	Format int
}

// Stats measures. It takes no longer with many bodies than with few.
func (s *Spool) Stats(ctx context.Context) (SpoolStats, error) {
	done, err := s.begin(ctx)
	if err != nil {
		return SpoolStats{}, fmt.Errorf("measure spool: %w", err)
	}
	defer done()
	stats := SpoolStats{Commits: s.commits.Load()}
	stats.Bytes, stats.Bodies = s.queue.stored()
	if stats.Format, err = formatOf(context.WithoutCancel(ctx), s.reads); err != nil {
		return SpoolStats{}, s.fail("read the format", err)
	}
	if stats.FileBytes, stats.LogBytes, err = s.sizes(); err != nil {
		return SpoolStats{}, err
	}
	return stats, nil
}

// Close waits for the calls under way, writes the log back into the file,
// removes the log and gives the file free. Closing again does nothing.
func (s *Spool) Close() error {
	s.open.Lock()
	defer s.open.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.stop)
	<-s.ended
	return s.release()
}

// queue is what waits to be written, and the size of what is written. Its zero
// value is empty.
type queue struct {
	mu      sync.Mutex
	waiting []*waiting
	// bytes, which are what bodies count, and bodies are in the file, reserved
	// bytes are on the way there.
	bytes, bodies, reserved int64
}

func (q *queue) stored() (bytes, bodies int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes, q.bodies
}
