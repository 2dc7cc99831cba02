package custom

import (
	"context"
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Limits of one run of a script. Instructions are what usually ends a run that
// does not end by itself, after some 20 ms, and on every machine at the same one.
// The clock is for single instructions that take long; it is as generous as Argo
// CD's, since a process that is throttled is not the script's fault.
const (
	maxSteps = 500_000
	maxBytes = 32 << 20
	maxTime  = time.Second
	// stepsPerCheck is how often the clock is read; a power of two.
	stepsPerCheck = 128
)

// Why a run ended.
var (
	errSteps  = fmt.Errorf("takes more than %d instructions", maxSteps)
	errBytes  = fmt.Errorf("makes more than %d MiB of texts and tables", maxBytes>>20)
	errTime   = fmt.Errorf("takes longer than %s", maxTime)
	errCancel = errors.New("was not finished")
)

// budget is what a run may still use. It is the context of the Lua machine, which
// asks for Done once before each instruction: that makes it the place to count
// them. It belongs to the goroutine of the run.
type budget struct {
	steps    int64
	bytes    int64
	deadline time.Time
	canceled <-chan struct{}
	closed   <-chan struct{}
	err      error
}

var _ context.Context = (*budget)(nil)

// Done counts an instruction. It returns a channel that is closed once the budget
// is used up, and nil before.
func (b *budget) Done() <-chan struct{} {
	b.steps--
	if b.steps > 0 && b.steps&(stepsPerCheck-1) != 0 {
		return nil
	}
	if b.check() != nil {
		return b.closed
	}
	return nil
}

// Err returns why the run ended; nil as long as it may go on.
func (b *budget) Err() error { return b.err }

// Deadline returns when the run ends at the latest.
func (b *budget) Deadline() (time.Time, bool) { return b.deadline, true }

// Value returns nil.
func (b *budget) Value(any) any { return nil }

// check returns why the run has to end. Once it has to, that stays so: a script
// that catches the error gets it again with its next instruction.
func (b *budget) check() error {
	switch {
	case b.err != nil:
	case b.steps <= 0:
		b.err = errSteps
	case b.bytes < 0:
		b.err = errBytes
	case !time.Now().Before(b.deadline):
		b.err = errTime
	default:
		select {
		case <-b.canceled:
			b.err = errCancel
		default:
		}
	}
	if b.err != nil {
		b.steps = 0
	}
	return b.err
}

// budgetOf returns the budget of a run.
func budgetOf(l *lua.LState) *budget {
	b, ok := l.Context().(*budget)
	if !ok {
		l.RaiseError("no budget")
	}
	return b
}

// work charges a library function for what takes as long as so many instructions.
func (b *budget) work(l *lua.LState, steps int) {
	before := b.steps
	b.steps -= int64(steps)
	if b.steps <= 0 || before/stepsPerCheck != b.steps/stepsPerCheck {
		if err := b.check(); err != nil {
			l.RaiseError("%s", err.Error())
		}
	}
}

// take charges a library function for memory before it is allocated.
func (b *budget) take(l *lua.LState, bytes int) {
	b.bytes -= int64(bytes)
	if b.bytes < 0 {
		if err := b.check(); err != nil {
			l.RaiseError("%s", err.Error())
		}
	}
	// Filling memory takes time, too.
	if bytes >= 1<<10 {
		b.work(l, bytes>>10)
	}
}
