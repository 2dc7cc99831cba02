package cursor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

var sizes = []int{1_000, 10_000, 100_000}

// uids returns n UUIDs, the same ones for the same seed.
func uids(seed uint64, n int) []event.SeenKey {
	r := rand.New(rand.NewPCG(seed, 1))
	keys := make([]event.SeenKey, n)
	for i := range keys {
		a, b := r.Uint64(), r.Uint64()
		keys[i] = event.SeenKey(fmt.Sprintf("%08x-%04x-%04x-%04x-%012x",
			uint32(a>>32), uint16(a>>16), uint16(a), uint16(b>>48), b&0xffffffffffff))
	}
	return keys
}

func changesOf(keys []event.SeenKey, version int, at time.Time) []SeenChange {
	changes := make([]SeenChange, len(keys))
	for i, k := range keys {
		changes[i] = SeenChange{
			Key: k,
			Seen: event.Seen{
				Version: event.ResourceVersion(strconv.Itoa(1_000_000 + version*len(keys) + i)),
				Count:   int64(1 + i%20),
				Last:    at,
				Digest:  uint64(i) * 0x9e3779b97f4a7c15,
			},
			Expires: at.Add(time.Hour),
		}
	}
	return changes
}

// filled returns a cursor with n keys.
func filled(b *testing.B, n int) (*Cursor, []event.SeenKey) {
	b.Helper()
	c, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "cursor.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	keys := uids(uint64(n), n)
	at := time.Unix(1_790_000_000, 0)
	for i := 0; i < n; i += 500 {
		batch := keys[i:min(i+500, n)]
		if err := c.Commit(b.Context(), Changes{Seen: changesOf(batch, i, at.Add(time.Duration(i)*time.Millisecond))}); err != nil {
			b.Fatal(err)
		}
	}
	return c, keys
}

// BenchmarkSeen looks up keys, half of which are there.
func BenchmarkSeen(b *testing.B) {
	for _, n := range sizes {
		b.Run("keys="+strconv.Itoa(n), func(b *testing.B) {
			c, keys := filled(b, n)
			unknown := uids(7, n)
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				key := keys[i*7919%n]
				if i%2 == 1 {
					key = unknown[i*7919%n]
				}
				if _, ok, err := c.Seen(ctx, key); err != nil || ok != (i%2 == 0) {
					b.Fatal(ok, err)
				}
				i++
			}
		})
	}
}

// BenchmarkCommit commits 500 keys at a time, half of them new.
func BenchmarkCommit(b *testing.B) { benchmarkSteady(b, true, false) }

// BenchmarkExpire forgets 250 keys at a time.
func BenchmarkExpire(b *testing.B) { benchmarkSteady(b, false, true) }

// benchmarkSteady commits 500 keys at a time, half of them new, and then
// expires as many as were new. It times what it is told to.
func benchmarkSteady(b *testing.B, commit, expire bool) {
	for _, n := range sizes {
		b.Run("keys="+strconv.Itoa(n), func(b *testing.B) {
			c, keys := filled(b, n)
			fresh := uids(9, 250_000)
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			at := time.Unix(1_790_000_000, 0).Add(time.Hour)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				b.StopTimer()
				i++
				batch := make([]event.SeenKey, 0, 500)
				for j := range 250 {
					batch = append(batch, keys[(i*250+j)*7919%n], fresh[(i*250+j)%len(fresh)])
				}
				changes := Changes{
					Positions: map[event.Stream]event.Position{"events": event.Position(strconv.Itoa(i))},
					Seen:      changesOf(batch, i, at.Add(time.Duration(i)*time.Second)),
				}
				if commit {
					b.StartTimer()
				}
				if err := c.Commit(ctx, changes); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if expire {
					b.StartTimer()
				}
				if _, err := c.Expire(ctx, at.Add(1000*time.Hour), 250); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.StopTimer()
			stats, err := c.Stats(ctx)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(stats.FileBytes)/float64(stats.Seen), "fileB/key")
			b.ReportMetric(float64(stats.LogBytes)/1024, "walKiB")
		})
	}
}
