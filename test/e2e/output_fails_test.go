package e2e

import (
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"
)

// soak is how long downstreams are disturbed: short enough for every run of the
// tests, or as LIVE_STATUS_SOAK says.
func soak(t testing.TB, usual time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv("LIVE_STATUS_SOAK")
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("LIVE_STATUS_SOAK: %v", err)
	}
	return d
}

// mostMemory bounds Fluent Bit's resident memory, in MB, with the plugin in it and
// whatever has gathered.
const mostMemory = 300

// A downstream that fails in every way while logs are written: all records arrive,
// but for those that it refuses for good, which are the dead letters; none comes again
// whose acknowledgement was read.
func TestOutputDownstreamFails(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		t.Run("https", func(t *testing.T) {
			d := newDownstream(t)
			c := newCollector(t, h)
			c.forward["forward_compress"] = "none"
			names := c.forwardTo(t, d, "/live-status")
			moods := []mood{
				refuses, silent, hangs, tooMany, internalError, unavailable, redirects, halfAnswer, drips, cuts, otherAuthority, otherName, slow,
			}
			if names != nil {
				moods = append(moods, nameGone)
			}
			disturb(t, c, d, names, moods, disturbance{span: soak(t, 40*time.Second), badEvery: badEvery})
		})
	})
}

// forwardTo has the collector forward to a server, by a name that can be made to go
// where that is possible.
func (c *collector) forwardTo(t testing.TB, d *downstream, path string) *nameserver {
	t.Helper()
	names, err := newNameserver(t)
	host, port, splitErr := net.SplitHostPort(d.address)
	if splitErr != nil {
		t.Fatal(splitErr)
	}
	if err != nil {
		t.Logf("NOT RUN with a name that cannot be resolved: %v", err)
	} else {
		host, c.resolver = downstreamName, names.resolver
	}
	c.forward["forward_to"] = "https://" + net.JoinHostPort(host, port) + path
	c.forward["forward_tls_ca_file"] = d.caFile
	c.forward["forward_timeout"] = "2s"
	c.forward["dead_letter_path"] = c.deadLetters()
	return names
}

// perSecond is how many lines are written to the logs, and badEvery how often the
// downstream refuses one for good.
const perSecond, badEvery = 400, 150

// disturbance is how long a downstream is disturbed, and how often it is written what
// it refuses for good.
type disturbance struct {
	span     time.Duration
	badEvery int
}

// disturb writes logs while the downstream goes through its moods.
func disturb(t *testing.T, c *collector, d *downstream, names *nameserver, moods []mood, how disturbance) {
	t.Helper()
	span := how.span
	w := newLoad(perSecond, how.badEvery, c.logs()...)
	c.write(t)
	p := c.start(t)
	m := watchMemory(t, p)
	w.start(t)
	goesOn(t, p, d)
	began := time.Now()
	each := min(max(span/20, 1500*time.Millisecond), 20*time.Second)
	passed := 0
	for time.Since(began) < span || passed < len(moods) {
		if passed%len(moods) == 0 {
			rand.Shuffle(len(moods), func(i, j int) { moods[i], moods[j] = moods[j], moods[i] })
		}
		suffer(t, p, d, names, moods[passed%len(moods)], each/2+rand.N(each/2))
		passed++
		goesOn(t, p, d)
		time.Sleep(rand.N(each / 4))
	}
	lasted := time.Since(began)
	w.stop(t)
	settle(t, c, d, w)
	m.stop()
	peak := p.megabytes(t, "VmHWM")
	p.terminate(t)

	letters := readLetters(t, c.deadLetters())
	if n := d.check(t, w, letters); n > 0 {
		t.Errorf("%d dead letters are there twice", n)
	}
	first, second := m.peaks()
	if peak > mostMemory {
		t.Errorf("the host had up to %.0f MB of memory", peak)
	}
	good, bad := w.lines()
	taken, proven := d.known()
	t.Logf("%d moods in %s: %d lines written, %d of them refused for good and %d dead letters", passed, lasted.Round(time.Second),
		len(good)+len(bad), len(bad), len(letters))
	t.Logf("%d records acknowledged, %d of them known to have been read; %s", taken, proven, d)
	t.Logf("the host's memory: %.0f MB at most (%.0f MB in the first half, %.0f MB in the second)", peak, first, second)
}

// suffer has the downstream in a mood for so long at least, and until that was felt.
func suffer(t *testing.T, p *process, d *downstream, names *nameserver, now mood, span time.Duration) {
	t.Helper()
	connections, requests := d.seen(now)
	asked := 0
	if now == nameGone {
		asked = names.inVain()
		names.set(true)
		defer names.set(false)
	}
	began := time.Now()
	d.set(t, now)
	eventually(t, time.Minute+span, "the mood "+string(now)+" is felt", func() bool {
		alive(t, p)
		if time.Since(began) < span {
			return false
		}
		c, r := d.seen(now)
		switch {
		case now == nameGone:
			return names.inVain() > asked
		case now == refuses:
			return true // Nobody sees it.
		case now.onConnect():
			return c > connections
		}
		return r > requests
	})
	// One may have had its address already.
	if c, _ := d.seen(now); now == nameGone && c > connections+1 {
		t.Errorf("%d connections were made while the name could not be resolved", c-connections)
	}
}

// goesOn has the downstream healthy until it has taken something more.
func goesOn(t *testing.T, p *process, d *downstream) {
	t.Helper()
	before := len(d.taken())
	d.set(t, healthy)
	eventually(t, 2*time.Minute, "the downstream is sent something", func() bool {
		alive(t, p)
		return len(d.taken()) > before
	})
}

func alive(t *testing.T, p *process) {
	t.Helper()
	select {
	case <-p.done:
		t.Fatalf("the host ended by itself: %v", p.err)
	default:
	}
}

// settle waits until all that was written has arrived or is a dead letter, and the
// host knows that.
func settle(t *testing.T, c *collector, d *downstream, w *load) {
	t.Helper()
	good, bad := w.lines()
	var left int
	deadline := time.Now().Add(5 * time.Minute)
	for {
		left = len(good.without(d.taken()))
		if left == 0 && len(readLetters(t, c.deadLetters())) >= len(bad) && c.chunks(t) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%d of %d records are missing, %d of %d dead letters; the host has %d chunks", left, len(good),
				len(bad)-len(readLetters(t, c.deadLetters())), len(bad), c.chunks(t))
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}
