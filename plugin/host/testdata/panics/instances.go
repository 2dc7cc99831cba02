// Package bridge stands in for plugin/bridge in a plugin that the tests build from
// the sources of the real one: all calls panic with a payload. What recovers is the
// real one's.
package bridge

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fluent-live/live-status/pipeline/crash"
)

type (
	// Getter, Thread and Handle are those of the real package.
	Getter func(key string) string
	Thread uintptr
	Handle uintptr
)

// Instances panics in all of its methods that PANIC_IN names.
type Instances struct{}

// Open starts nothing.
func (*Instances) Open(_ Getter, _ Thread, bind func(Handle) bool, _ string, w io.Writer) bool {
	return opened(w) && bind(1)
}

// opened panics, or disables core dumps as the real Open does, unless PANIC_CORES is
// set.
func opened(w io.Writer) bool {
	if os.Getenv("PANIC_CORES") == "" {
		if err := crash.DisableCoreDumps(); err != nil {
			newLogger(w, "test").Error("core dumps", "error", err)
			return false
		}
	}
	Planted("init")
	return true
}

func (*Instances) Collect(Handle) []byte { Planted("collect"); return nil }
func (*Instances) Refused(Handle)        {}
func (*Instances) Pause(Thread)          { Planted("pause") }
func (*Instances) Resume(Thread)         { Planted("resume") }
func (*Instances) CloseAll()             { Planted("exit") }

// kept keeps the payload in memory, as it would be of what is being handled.
var kept []string

// Planted panics with what the file PANIC_PAYLOAD holds, where PANIC_IN names the
// call. Each call has another kind of value.
func Planted(call string) {
	payload := payload()
	kept = append(kept, strings.Repeat(payload, 100))
	if !strings.Contains(","+os.Getenv("PANIC_IN")+",", ","+call+",") {
		return
	}
	switch call {
	case "init":
		panic(fmt.Errorf("parse %q: not JSON", payload))
	case "collect", "flush":
		panic(payload)
	case "pause":
		panic([]byte(payload))
	case "resume":
		panic(struct{ body string }{payload})
	default:
		// A mistake that the runtime finds, and says what it was.
		var none map[string]bool
		none[payload] = true
	}
}

func payload() string {
	data, err := os.ReadFile(os.Getenv("PANIC_PAYLOAD"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "no payload:", err)
		os.Exit(9)
	}
	return strings.TrimSpace(string(data))
}
