package cursor

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

func genSpooled() *rapid.Generator[event.Spooled] {
	return rapid.Custom(func(t *rapid.T) event.Spooled {
		size := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(0, 30_000)).Draw(t, "size")
		return event.Spooled{
			Sender:   rapid.String().Draw(t, "sender"),
			Received: time.Unix(0, rapid.Int64().Draw(t, "received")).UTC(),
			Body:     bytes.Repeat([]byte{byte(size)}, size),
		}
	})
}

// TestSpoolModel does the same to a spool and to a slice.
func TestSpoolModel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		o := SpoolOptions{Path: filepath.Join(dir, time.Unix(int64(n), 0).UTC().Format("150405")), MaxBytes: 100_000, Key: testKey()}
		s, err := openSpool(t.Context(), o, "OFF")
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				rt.Error(err)
			}
		}()
		var all []event.Spooled
		var size, last int64
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				b := genSpooled().Draw(rt, "body")
				err := s.Append(t.Context(), b)
				if full := len(all) > 0 && size+int64(len(b.Body))+RowBytes > o.MaxBytes; full || err != nil {
					if !full || !errors.Is(err, event.ErrSpoolFull) {
						rt.Fatalf("full %v, got %v", full, err)
					}
					return
				}
				got, ok, err := s.Next(t.Context(), last)
				if err != nil || !ok || got.Seq <= last {
					rt.Fatal(got.Seq, ok, err)
				}
				last = got.Seq
				b.Seq = last
				size += int64(len(b.Body)) + RowBytes
				all = append(all, b)
			},
			"delete": func(rt *rapid.T) {
				through := last - rapid.Int64Range(-1, 5).Draw(rt, "back")
				if err := s.Delete(t.Context(), through); err != nil {
					rt.Fatal(err)
				}
				all = slices.DeleteFunc(all, func(b event.Spooled) bool {
					if b.Seq <= through {
						size -= int64(len(b.Body)) + RowBytes
					}
					return b.Seq <= through
				})
			},
			"reopen": func(rt *rapid.T) {
				id := s.ID()
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				if s, err = openSpool(t.Context(), o, "OFF"); err != nil || s.ID() != id {
					rt.Fatal(err, id)
				}
			},
			"": func(rt *rapid.T) {
				gotBytes, gotBodies := s.Size()
				if gotBytes != size || gotBodies != int64(len(all)) {
					rt.Fatalf("%d bytes in %d bodies, want %d in %d", gotBytes, gotBodies, size, len(all))
				}
				var after int64
				for _, want := range all {
					got, ok, err := s.Next(t.Context(), after)
					if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" || !ok || err != nil {
						rt.Fatal(diff, ok, err)
					}
					after = got.Seq
				}
				if _, ok, err := s.Next(t.Context(), after); ok || err != nil {
					rt.Fatal(ok, err)
				}
			},
		})
	})
}
