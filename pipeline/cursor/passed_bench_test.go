package cursor

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// BenchmarkCommitAudit commits what 500 audit records bring to a cursor that
// remembers 100,000 already: as fingerprints, and for comparison as keys.
func BenchmarkCommitAudit(b *testing.B) {
	const known, batch = 100_000, 500
	at := time.Unix(1_790_000_000, 0)
	commit := func(b *testing.B, c *Cursor, changes func(i int) Changes) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			b.StopTimer()
			ch := changes(i)
			ch.Positions = map[event.Stream]event.Position{"audit": event.Position(strconv.Itoa(i))}
			b.StartTimer()
			if err := c.Commit(b.Context(), ch); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/record")
	}
	b.Run("fingerprints", func(b *testing.B) {
		commit(b, passedBefore(b, known), func(i int) Changes { return Changes{Passed: prints(i, batch)} })
	})
	b.Run("keys", func(b *testing.B) {
		c, _ := filled(b, known)
		commit(b, c, func(i int) Changes { return Changes{Seen: changesOf(uids(uint64(i), batch), i, at)} })
	})
}

// passedBefore returns a cursor with n fingerprints, 500 in a commit and two
// commits a second.
func passedBefore(b *testing.B, n int) *Cursor {
	b.Helper()
	now := time.Unix(1_790_000_000, 0)
	c, err := Open(b.Context(), Options{
		Path: filepath.Join(b.TempDir(), "cursor.db"), Now: func() time.Time { return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	for i := range n / 500 {
		now = now.Add(500 * time.Millisecond)
		if err := c.Commit(b.Context(), Changes{Passed: prints(i, 500)}); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// BenchmarkPassed loads a million fingerprints, as a start does.
func BenchmarkPassed(b *testing.B) {
	c := passedBefore(b, 1_000_000)
	b.SetBytes(16_000_000)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		err := c.Passed(b.Context(), time.Time{}, func(_ time.Time, fps []event.Fingerprint) error {
			n += len(fps)
			return nil
		})
		if err != nil || n != 1_000_000 {
			b.Fatal(n, err)
		}
	}
	s, err := c.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(s.FileBytes)/1_000_000, "fileB/fingerprint")
}

// BenchmarkForgetPassed forgets one commit of 500 for each that is new.
func BenchmarkForgetPassed(b *testing.B) {
	c := passedBefore(b, 100_000)
	c.now = func() time.Time { return time.Unix(1_790_000_000, 0) }
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		b.StopTimer()
		i++
		if err := c.Commit(b.Context(), Changes{Passed: prints(i, 500)}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if n, err := c.ForgetPassed(b.Context(), time.Unix(1_800_000_000, 0), 1); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}
