package e2e

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A host is killed again and again while it flushes to two outputs: all records
// arrive at both, and what comes again has the same ID.
func TestOutputHostKills(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		p := newPair(t, h, 1, 100*time.Millisecond)
		f := startFlood(t, 400, p.logs(12))
		const kills = 6
		host := p.start(t)
		for range kills {
			p.flushed(t, host, 20+rand.IntN(80))
			// Anywhere between the flushes and what is done in them.
			time.Sleep(rand.N(100 * time.Millisecond))
			host.kill()
			host = p.start(t)
		}
		p.flushed(t, host, 100)
		want := f.stop(t)
		p.settled(t, host, want)
		host.terminate(t)
		p.readFile(t)
		file, web := p.file.check(t, "file", want), p.web.check(t, "web", want)
		integrity(t, p.outputs[0]["db"])
		integrity(t, p.outputs[1]["db"])
		t.Logf("%d kills: %d records, of which %d came again in the file and %d at the server", kills, len(want), file, web)
	})
}
