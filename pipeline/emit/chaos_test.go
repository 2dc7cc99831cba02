package emit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// flaky is a server that takes every other request, and goes wrong in another way
// with each of the others. The fields are of its handlers, which run one after the
// other.
type flaky struct {
	t        *testing.T
	read     func([]byte) []event.RecordID
	bad      event.RecordID
	requests int
	// arrived are the records in the order in which they first came, and unknown
	// those of which the client cannot know that they did.
	arrived []event.RecordID
	seen    map[event.RecordID]bool
	unknown map[event.RecordID]bool
	// repeats counts records that came again although the client knew.
	repeats int
}

// ServeHTTP implements http.Handler.
func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests++
	mode := 0
	if f.requests%2 == 0 {
		mode = f.requests / 2
	}
	hangUp := func(after string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			f.t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, after) // The client may be gone.
		_ = conn.Close()
	}
	switch mode % 9 {
	case 1:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case 2:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case 3:
		_, _ = io.CopyN(io.Discard, r.Body, 1000)
		hangUp("")
		return
	case 4:
		hangUp("HTTP/1.1 20")
		return
	case 5:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
		return
	}
	ids := f.read(body)
	if slices.Contains(ids, f.bad) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.take(ids, mode%9 >= 6)
	switch mode % 9 {
	case 6:
		hangUp("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
	case 7:
		hangUp("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf an answer")
	case 8:
		hangUp("")
	}
}

// take counts records. unknown is set where the answer will not arrive.
func (f *flaky) take(ids []event.RecordID, unknown bool) {
	for _, id := range ids {
		switch {
		case !f.seen[id]:
			f.seen[id] = true
			f.arrived = append(f.arrived, id)
		case !f.unknown[id]:
			f.repeats++
		}
		if f.unknown[id] = unknown; !unknown {
			delete(f.unknown, id)
		}
	}
}

// TestEverythingArrives delivers to a server that goes wrong in every way: each
// record arrives, in order, and comes again only where nobody could know.
func TestEverythingArrives(t *testing.T) {
	for _, format := range []Format{FormatJSON, FormatOTLP} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			const batches, each = 12, 50
			all := encoded(t, format, batches*each)
			bad := 3*each + 7
			f := &flaky{t: t, bad: all.IDs[bad], seen: map[event.RecordID]bool{}, unknown: map[event.RecordID]bool{}}
			f.read = func(body []byte) []event.RecordID {
				if format == FormatOTLP {
					_, ids := exported(t, body)
					return ids
				}
				return idsOf(t, body)
			}
			server := httptest.NewServer(f)
			defer server.Close()
			path := filepath.Join(t.TempDir(), "dead.jsonl")
			dead := openLetters(t, path)
			d := NewDeliverer(DelivererOptions{
				Client: opened(t, Options{To: server.URL, Format: format, Timeout: time.Minute}), To: Destination(server.URL),
				DeadLetters: dead, Random: func() float64 { return 0.99 },
			})
			for i := range batches {
				buried, err := d.Deliver(t.Context(), all.Slice(i*each, (i+1)*each))
				if err != nil {
					t.Fatal(err)
				}
				var want []int
				if i == bad/each {
					want = []int{bad % each}
				}
				if !slices.Equal(buried, want) {
					t.Errorf("batch %d: dead %v, want %v", i, buried, want)
				}
			}
			want := slices.Delete(slices.Clone(all.IDs), bad, bad+1)
			if !slices.Equal(f.arrived, want) {
				t.Errorf("%d of %d records arrived, or not in order", len(f.arrived), len(want))
			}
			if f.repeats > 0 {
				t.Errorf("%d repeats of what was acknowledged", f.repeats)
			}
			if letters := lettersIn(t, path); len(letters) != 1 || letters[0]["id"] != string(f.bad) {
				t.Errorf("letters %v", letters)
			}
			s := d.Status()
			if s.Acknowledged != int64(len(want)) || s.DeadLetters != 1 || s.Attempts != int64(f.requests) || s.Failures == 0 {
				t.Errorf("status %+v, %d requests", s, f.requests)
			}
		})
	}
}
