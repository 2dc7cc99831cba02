package cursor

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// BenchmarkSpoolAppend appends bodies of 400 audit events and of a few, one
// after the other and by many at a time, and deletes them in between, as they
// would be handed on. The disk's flushes are in it.
func BenchmarkSpoolAppend(b *testing.B) {
	for _, size := range []int{5_000, 600_000} {
		for _, parallel := range []int{1, 32} {
			b.Run(fmt.Sprintf("bytes=%d/parallel=%d", size, parallel), func(b *testing.B) {
				s := mustOpenSpool(b, SpoolOptions{Path: spoolPath(b)})
				body := numbered(1, size)
				work, deleted := make(chan struct{}), make(chan struct{})
				var wg sync.WaitGroup
				for range parallel {
					wg.Go(func() {
						for range work {
							if err := s.Append(b.Context(), body); err != nil {
								b.Error(err)
							}
						}
					})
				}
				done := make(chan struct{})
				go func() {
					defer close(deleted)
					keepShort(b, s, done)
				}()
				b.SetBytes(int64(size))
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					work <- struct{}{}
					n++
				}
				close(work)
				wg.Wait()
				b.StopTimer()
				close(done)
				<-deleted
				stats, err := s.Stats(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n)/float64(max(stats.Commits, 1)), "bodies/commit")
				b.ReportMetric(float64(stats.LogBytes)/(1<<20), "walMiB")
				b.ReportMetric(float64(stats.FileBytes)/(1<<20), "fileMiB")
			})
		}
	}
}

// keepShort deletes what was appended, ten times a second.
func keepShort(b *testing.B, s *Spool, done <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			_, bodies := s.Size()
			first, ok, err := s.Next(b.Context(), 0)
			if err == nil && ok {
				err = s.Delete(b.Context(), first.Seq+bodies-1)
			}
			if err != nil {
				b.Error(err)
			}
		}
	}
}

// BenchmarkSpoolNext reads bodies one after the other.
func BenchmarkSpoolNext(b *testing.B) {
	for _, size := range []int{5_000, 600_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			s := backlog(b, 200, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var after int64
			for b.Loop() {
				body, ok, err := s.Next(b.Context(), after)
				if err != nil {
					b.Fatal(err)
				}
				if after = body.Seq; !ok {
					after = 0
				}
			}
		})
	}
}

// backlog returns a spool in which bodies wait.
func backlog(b *testing.B, bodies, size int) *Spool {
	b.Helper()
	s := mustOpenSpool(b, SpoolOptions{Path: spoolPath(b), MaxBytes: 1 << 40})
	var wg sync.WaitGroup
	for worker := range 32 {
		wg.Go(func() {
			for n := worker; n < bodies; n += 32 {
				if err := s.Append(b.Context(), numbered(n, size)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return s
}

// BenchmarkSpoolDrain works off a backlog of 500 MB by one call, while another
// appends a small body every now and then: the longest that it waited is told.
func BenchmarkSpoolDrain(b *testing.B) {
	for _, size := range []int{5_000, 600_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			const all = 500_000_000
			for b.Loop() {
				b.StopTimer()
				s := backlog(b, all/size, size)
				before, err := s.Stats(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				done := make(chan struct{})
				waited := make(chan time.Duration)
				go func() { waited <- appendUntil(b, s, done) }()
				b.StartTimer()
				if err := s.Delete(b.Context(), before.Bodies); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				close(done)
				b.ReportMetric(float64((<-waited).Milliseconds()), "appendMaxMs")
				after, err := s.Stats(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(before.FileBytes)/(1<<20), "beforeMiB")
				b.ReportMetric(float64(after.FileBytes)/(1<<20), "afterMiB")
				mustCloseSpool(b, s)
				b.StartTimer()
			}
		})
	}
}

// appendUntil appends one body after the other until done and returns the
// longest time that one took.
func appendUntil(b *testing.B, s *Spool, done <-chan struct{}) (longest time.Duration) {
	for n := 0; ; n++ {
		select {
		case <-done:
			return longest
		default:
		}
		start := time.Now()
		if err := s.Append(b.Context(), event.Spooled{Body: []byte("{}")}); err != nil {
			b.Error(err)
			return longest
		}
		longest = max(longest, time.Since(start))
	}
}
