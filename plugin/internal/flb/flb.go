// Package flb is the C side of a Fluent Bit plugin: the only place, besides
// the exported functions themselves, where Go meets Fluent Bit's memory.
//
// Ownership. The definition and the plugin structure are the host's. Bytes
// handed over are copied into memory of the C allocator, which the host gives
// back through Free once it has copied them in turn.
package flb

/*
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The context of an input instance, as Fluent Bit 5.1 defines it
// (flb_plugin_input_proxy_context): the field we write is the second.
struct instance_context {
	int   coll_fd;
	void *remote_context;
	void *proxy;
};

// The beginning of flbgo_input_plugin.
struct plugin {
	char *name;
	void *api;
	void *instance;
	struct instance_context *context;
};

static int set_context(void *p, uintptr_t handle) {
	struct instance_context *ctx = ((struct plugin *) p)->context;
	if (ctx == NULL) {
		return -1;
	}
	ctx->remote_context = (void *) handle;
	return 0;
}

// Go's own copy of a slice cannot cross with one that is only read.
static void *copy(const void *data, size_t len) {
	void *p = malloc(len);
	if (p != NULL) {
		memcpy(p, data, len);
	}
	return p;
}

static uintptr_t thread(void) {
	return (uintptr_t) pthread_self();
}
*/
import "C"

import (
	"unsafe"

	"github.com/fluent/fluent-bit-go/input"
)

// Return codes. Fluent Bit aborts its start unless an initialisation returns
// OK; a collect call that returns Error hands over nothing.
const (
	Error = -1
	OK    = input.FLB_OK
)

// Thread returns the thread that the host has called on.
func Thread() uintptr { return uintptr(C.thread()) }

// Register tells the host the plugin's name and type.
func Register(def unsafe.Pointer, name, description string) int {
	return input.FLBPluginRegister(def, name, description)
}

// Unregister gives back what Register allocated.
func Unregister(def unsafe.Pointer) { input.FLBPluginUnregister(def) }

// Getter returns a function that reads the configuration of the instance being
// initialised. It must not be kept: the host reuses the structure for the
// next instance.
func Getter(plugin unsafe.Pointer) func(key string) string {
	return func(key string) string { return input.FLBPluginConfigKey(plugin, key) }
}

// SetContext makes the host pass handle to all later calls of the instance
// being initialised.
func SetContext(plugin unsafe.Pointer, handle uintptr) bool {
	return C.set_context(plugin, C.uintptr_t(handle)) == 0
}

// HandOver copies data to where the host expects it, and returns the code that
// says so. When there is no memory it calls refused, and hands over nothing.
func HandOver(data []byte, to *unsafe.Pointer, size *uintptr, refused func()) int32 {
	if len(data) == 0 {
		return OK
	}
	p := C.copy(unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))
	if p == nil {
		refused()
		return Error
	}
	*to, *size = p, uintptr(len(data))
	return OK
}

// Free gives back what HandOver allocated.
func Free(data unsafe.Pointer) { C.free(data) }
