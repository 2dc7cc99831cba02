// Command in_live_status is the Fluent Bit input plugin live_status, built
// with -buildmode=c-shared. It holds the functions that Fluent Bit looks up
// and nothing else.
package main

import "C"

import (
	"os"
	"unsafe"

	"github.com/fluent-live/live-status/plugin/bridge"
	"github.com/fluent-live/live-status/plugin/internal/flb"
)

// version is set by the linker.
var version = "dev"

// instances is what the calls of the host have in common. It must be global:
// several of them say nothing but that they are called.
var instances bridge.Instances

//export FLBPluginPreRegister
func FLBPluginPreRegister(int32) int32 { return 0 }

//export FLBPluginRegister
func FLBPluginRegister(def unsafe.Pointer) int32 {
	return int32(flb.Register(def, "live_status", "Live status of the applications in a Kubernetes cluster"))
}

//export FLBPluginInit
func FLBPluginInit(plugin unsafe.Pointer) (code int32) {
	defer bridge.Recover(os.Stderr, "init", func() { code = flb.Error })
	if !instances.Open(flb.Getter(plugin), bridge.Thread(flb.Thread()), func(h bridge.Handle) bool { return flb.SetContext(plugin, uintptr(h)) }, version, os.Stderr) {
		return flb.Error
	}
	return flb.OK
}

//export FLBPluginInputPreRun
func FLBPluginInputPreRun(int32) int32 { return 0 }

//export FLBPluginInputCallbackCtx
func FLBPluginInputCallbackCtx(ctx uintptr, data *unsafe.Pointer, size *uintptr) (code int32) {
	refused := func() { instances.Refused(bridge.Handle(ctx)) }
	defer bridge.Recover(os.Stderr, "collect", func() { refused(); code = flb.Error })
	return flb.HandOver(instances.Collect(bridge.Handle(ctx)), data, size, refused)
}

//export FLBPluginInputCleanupCallbackCtx
func FLBPluginInputCleanupCallbackCtx(_ uintptr, data unsafe.Pointer) int32 {
	flb.Free(data)
	return flb.OK
}

//export FLBPluginInputPause
func FLBPluginInputPause() { instances.Pause(bridge.Thread(flb.Thread())) }

//export FLBPluginInputResume
func FLBPluginInputResume() { instances.Resume(bridge.Thread(flb.Thread())) }

//export FLBPluginInputPreExit
func FLBPluginInputPreExit(int32) {}

//export FLBPluginExit
func FLBPluginExit() int32 {
	defer bridge.Recover(os.Stderr, "exit", func() {})
	instances.CloseAll()
	return flb.OK
}

//export FLBPluginUnregister
func FLBPluginUnregister(def unsafe.Pointer) { flb.Unregister(def) }

func main() {}
