// Command out_live_status is the Fluent Bit output plugin live_status, built
// with -buildmode=c-shared. It holds the functions that Fluent Bit looks up
// and nothing else.
package main

// #include <stddef.h>
import "C"

import (
	"os"
	"unsafe"

	"github.com/fluent-live/live-status/plugin/bridge"
	"github.com/fluent-live/live-status/plugin/internal/flb"
)

// version is set by the linker.
var version = "dev"

// outputs is what the calls of the host have in common. It must be global: they say
// no more than a handle.
var outputs bridge.Outputs

//export FLBPluginPreRegister
func FLBPluginPreRegister(int32) int32 { return 0 }

//export FLBPluginRegister
func FLBPluginRegister(def unsafe.Pointer) (code int32) {
	defer bridge.Recover(os.Stderr, "register", func() { code = flb.Error })
	return int32(flb.RegisterOutput(def, "live_status", "Live status of the applications in a Kubernetes cluster"))
}

//export FLBPluginInit
func FLBPluginInit(plugin unsafe.Pointer) (code int32) {
	defer bridge.Recover(os.Stderr, "init", func() { code = flb.Error })
	if !outputs.Open(flb.OutputGetter(plugin), func(h bridge.Handle) bool { return flb.SetOutputContext(plugin, uintptr(h)) }, version, os.Stderr) {
		return flb.Error
	}
	return flb.OK
}

//export FLBPluginFlushCtx
func FLBPluginFlushCtx(ctx uintptr, data unsafe.Pointer, size C.size_t, tag *C.char) (code int32) {
	defer bridge.Recover(os.Stderr, "flush", func() { code = int32(bridge.FlushRetry) })
	return int32(outputs.Flush(bridge.Handle(ctx), C.GoString(tag), flb.Borrow(data, int(size))))
}

//export FLBPluginExitCtx
func FLBPluginExitCtx(ctx uintptr) int32 {
	defer bridge.Recover(os.Stderr, "exit", nothing)
	outputs.Close(bridge.Handle(ctx))
	return flb.OK
}

//export FLBPluginExit
func FLBPluginExit() int32 {
	defer bridge.Recover(os.Stderr, "exit", nothing)
	outputs.CloseAll()
	return flb.OK
}

//export FLBPluginUnregister
func FLBPluginUnregister(def unsafe.Pointer) {
	defer bridge.Recover(os.Stderr, "unregister", nothing)
	flb.UnregisterOutput(def)
}

// nothing is what is left to do after the panic of a call that cannot fail.
func nothing() {}

func main() {}
