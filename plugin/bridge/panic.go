package bridge

import (
	"io"

	"github.com/fluent-live/live-status/pipeline/crash"
)

// Recover logs the panic that ended a call, if one did, and then calls failed.
// It must be deferred itself. A panic that left the Go side would end Fluent
// Bit with everything that it buffers.
//
// What a panic says may be of what was being handled, which is not redacted. So
// the log tells where it was, and what it says only where that cannot be.
func Recover(w io.Writer, call string, failed func()) {
	if r := recover(); r != nil {
		newLogger(w, "live_status").Error("panic in "+call+": please report this", "panic", crash.Describe(r), "stack", crash.Callers())
		failed()
	}
}
