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
func FLBPluginRegister(def unsafe.Pointer) (code int32) {
	defer bridge.Recover(os.Stderr, "register", func() { code = flb.Error })
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
	defer bridge.Recover(os.Stderr, "cleanup", nothing)
	flb.Free(data)
	return flb.OK
}

//export FLBPluginInputPause
func FLBPluginInputPause() {
	defer bridge.Recover(os.Stderr, "pause", nothing)
	instances.Pause(bridge.Thread(flb.Thread()))
}

//export FLBPluginInputResume
func FLBPluginInputResume() {
	defer bridge.Recover(os.Stderr, "resume", nothing)
	instances.Resume(bridge.Thread(flb.Thread()))
}

//export FLBPluginInputPreExit
func FLBPluginInputPreExit(int32) {}

//export FLBPluginExit
func FLBPluginExit() int32 {
	defer bridge.Recover(os.Stderr, "exit", nothing)
	instances.CloseAll()
	return flb.OK
}

//export FLBPluginUnregister
func FLBPluginUnregister(def unsafe.Pointer) {
	defer bridge.Recover(os.Stderr, "unregister", nothing)
	flb.Unregister(def)
}

// nothing is what is left to do after the panic of a call that cannot fail.
func nothing() {}

func main() {}
