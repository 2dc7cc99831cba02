package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/fluent-live/live-status/pipeline/source/recorded"
)

// progress tells on a terminal how far a replay is. It is one line, which is written
// anew and erased in the end. Its methods may be called concurrently.
type progress struct {
	// to is nil where there is no terminal.
	to    io.Writer
	width int
	now   func() time.Time

	mu          sync.Mutex
	begun, last time.Time
	shown       bool
}

// newProgress returns a progress for standard error, which shows nothing unless
// that is a terminal.
func newProgress(stderr io.Writer, now func() time.Time) *progress {
	p := &progress{now: now, begun: now()}
	f, ok := stderr.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	p.to, p.width = f, 80
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		p.width = width
	}
	return p
}

// report shows how far it is, a few times a second.
func (p *progress) report(at recorded.Progress) {
	if p.to == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Sub(p.last) < 200*time.Millisecond {
		return
	}
	p.last, p.shown = now, true
	line := []rune(progressText(at, now.Sub(p.begun)))
	// The last column is left empty: some terminals begin a new line after it.
	if len(line) >= p.width {
		line = line[:max(p.width-1, 0)]
	}
	// Who does not see it misses nothing else.
	_, _ = io.WriteString(p.to, "\r"+string(line)+"\x1b[K")
}

// progressText is rate, percent, time to go and what is read.
func progressText(at recorded.Progress, elapsed time.Duration) string {
	rate := 0.0
	if elapsed > 0 {
		rate = float64(at.Read) / elapsed.Seconds()
	}
	parts := []string{size(at.Read)}
	if at.Total > 0 {
		share := min(float64(at.Read)/float64(at.Total), 1)
		parts = []string{fmt.Sprintf("%3.0f%%", 100*share), size(at.Read) + " of " + size(at.Total)}
	}
	parts = append(parts, size(int64(rate))+"/s")
	if left := at.Total - at.Read; left > 0 && rate > 0 && elapsed >= time.Second {
		togo := time.Duration(float64(left) / rate * float64(time.Second))
		parts = append(parts, togo.Round(time.Second).String()+" to go")
	}
	if at.File != "" {
		parts = append(parts, printable(at.File))
	}
	return strings.Join(parts, "  ")
}

// size is a number of bytes for people, in powers of 1000.
func size(n int64) string {
	units := []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), 0
	for f /= 1000; f >= 999.95 && unit < len(units)-1; f /= 1000 {
		unit++
	}
	return fmt.Sprintf("%.1f %s", f, units[unit])
}

// erase removes the line.
func (p *progress) erase() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		p.shown = false
		_, _ = io.WriteString(p.to, "\r\x1b[K")
	}
}

// above returns a writer whose text takes the place of the line, which then comes
// again after it.
func (p *progress) above(to io.Writer) io.Writer {
	if p.to == nil {
		return to
	}
	return aboveProgress{p, to}
}

type aboveProgress struct {
	p  *progress
	to io.Writer
}

func (a aboveProgress) Write(text []byte) (int, error) {
	a.p.erase()
	return a.to.Write(text)
}
