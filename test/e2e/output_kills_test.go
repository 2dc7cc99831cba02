package e2e

import (
	"database/sql" //nolint:depguard // It reads what pipeline/cursor has written.
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "modernc.org/sqlite" //nolint:depguard // Likewise.
)

// outputKills is how often Fluent Bit is killed.
const outputKills = 12

// inHandMost bounds how many records of these tests are in a batch.
const inHandMost = batchBytes / 500

const batchBytes = 128 << 10

// Fluent Bit is killed again and again while logs are written, with the downstream
// slow at times: all records arrive, and only those come again whose batch was under
// way when it was killed. Afterwards it still knows all that it has told.
func TestOutputOverKills(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		// A batch without a record that is refused is one request: what came with one
		// before the last never comes again.
		t.Run("all taken", func(t *testing.T) { overKills(t, h, 0) })
		// Another one is sent in parts.
		t.Run("some refused", func(t *testing.T) { overKills(t, h, badEvery) })
	})
}

func overKills(t *testing.T, h host, badEvery int) {
	t.Helper()
	d := newDownstream(t)
	c := newCollector(t, h)
	c.forwardTo(t, d, "/live-status")
	c.forward["forward_timeout"] = "30s"
	c.forward["batch_max_bytes"] = strconv.Itoa(batchBytes)
	w := newLoad(perSecond, badEvery, c.logs()...)
	c.write(t)
	p := c.start(t)
	w.start(t)
	goesOn(t, p, d)
	for kill := range outputKills {
		if kill%3 == 2 {
			d.set(t, slow)
		} else {
			d.set(t, healthy)
		}
		time.Sleep(200*time.Millisecond + rand.N(2500*time.Millisecond))
		alive(t, p)
		p.kill()
		d.died()
		p = c.start(t)
	}
	goesOn(t, p, d)
	w.stop(t)
	settle(t, c, d, w)
	p.terminate(t)

	twice := d.check(t, w, readLetters(t, c.deadLetters()))
	if badEvery == 0 && len(d.inHand) > 0 {
		t.Errorf("records came again after kills though their acknowledgement had been read: %v", d.inHand)
	}
	for life, n := range d.inHand {
		if n > inHandMost {
			t.Errorf("after kill %d, %d records came again, more than a batch has", life+1, n)
		}
	}
	good, bad := w.lines()
	t.Logf("%d kills: %d lines written, %d of them refused for good, %d dead letters twice; acknowledged and yet sent again after a kill: %v",
		outputKills, len(good)+len(bad), len(bad), twice, d.inHand)
	t.Logf("%s", d)
	integrity(t, c.forward["db"])
	knowsAll(t, c, d, w)
}

// knowsAll has all read again from the beginning: nothing of it is told again.
func knowsAll(t *testing.T, c *collector, d *downstream, w *load) {
	t.Helper()
	for _, part := range c.parts {
		files, err := filepath.Glob(part.options["db"] + "*")
		// The plugin host has none: it reads all again at each start.
		if err != nil || c.host.real && len(files) == 0 {
			t.Fatalf("%s: no file: %v", part.options["db"], err)
		}
		for _, file := range files {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	before, letters := d.audits(), len(readLetters(t, c.deadLetters()))
	p := c.start(t)
	if err := w.write(1_000_000, 1_000_002); err != nil {
		t.Fatal(err)
	}
	settle(t, c, d, w)
	p.terminate(t)
	if got := d.audits(); got != before+2 {
		t.Errorf("when all was read again, %d records came instead of the 2 that are new", got-before)
	}
	if got := len(readLetters(t, c.deadLetters())); got != letters {
		t.Errorf("when all was read again, there were %d dead letters more", got-letters)
	}
}

// integrity checks the file of a cursor.
func integrity(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("the cursor %s: %q, %v", filepath.Base(path), verdict, err)
	}
}

// Fluent Bit is told to end while the downstream hangs: it does, in order and soon,
// and what it had in hand arrives after the next start.
func TestOutputShutdown(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		d := newDownstream(t)
		c := newCollector(t, h)
		c.forwardTo(t, d, "/live-status")
		c.forward["forward_timeout"] = "1m"
		c.forward["flush_timeout"] = "4s"
		w := newLoad(perSecond, 0, c.logs()...)
		c.write(t)
		p := c.start(t)
		w.start(t)
		goesOn(t, p, d)
		d.set(t, hangs)
		_, before := d.seen(hangs)
		eventually(t, time.Minute, "a request that is not answered", func() bool {
			_, n := d.seen(hangs)
			return n > before
		})
		// More gathers behind it.
		eventually(t, time.Minute, "chunks on disk", func() bool { return c.chunks(t) >= 12 })

		began := time.Now()
		p.terminate(t)
		took := time.Since(began)
		const later = 10 * time.Second
		if took > grace+later {
			t.Errorf("it took %s to end, of which %s are for what is under way", took, grace)
		}
		left := c.chunks(t)
		w.stop(t)
		if left == 0 {
			t.Error("nothing was left to be sent: the test shows nothing")
		}

		d.set(t, healthy)
		p = c.start(t)
		settle(t, c, d, w)
		p.terminate(t)
		letters := readLetters(t, c.deadLetters())
		if n := d.check(t, w, letters); n > 0 {
			t.Errorf("%d dead letters are there twice", n)
		}
		t.Logf("it ended after %s with %d chunks left, which arrived after the next start; %s", took.Round(10*time.Millisecond), left, d)
	})
}
