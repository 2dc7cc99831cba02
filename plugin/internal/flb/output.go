package flb

/*
#include <stdint.h>

// The context of an output instance, as Fluent Bit 5.1 defines it
// (flb_plugin_proxy_context).
struct output_context {
	void *remote_context;
	void *proxy;
};

// The beginning of flbgo_output_plugin.
struct output_plugin {
	char *name;
	void *api;
	void *instance;
	struct output_context *context;
};

static int set_output_context(void *p, uintptr_t handle) {
	struct output_context *ctx = ((struct output_plugin *) p)->context;
	if (ctx == NULL) {
		return -1;
	}
	ctx->remote_context = (void *) handle;
	return 0;
}
*/
import "C"

import (
	"unsafe"

	"github.com/fluent/fluent-bit-go/output"
)

// RegisterOutput tells the host the plugin's name, and that it is an output.
func RegisterOutput(def unsafe.Pointer, name, description string) int {
	return output.FLBPluginRegister(def, name, description)
}

// UnregisterOutput gives back what RegisterOutput allocated.
func UnregisterOutput(def unsafe.Pointer) { output.FLBPluginUnregister(def) }

// OutputGetter is Getter for an output.
func OutputGetter(plugin unsafe.Pointer) func(key string) string {
	return func(key string) string { return output.FLBPluginConfigKey(plugin, key) }
}

// SetOutputContext makes the host pass handle to all later calls of the output being
// initialised. The library has a function for that, too, which keeps what it is given
// for ever.
func SetOutputContext(plugin unsafe.Pointer, handle uintptr) bool {
	return C.set_output_context(plugin, C.uintptr_t(handle)) == 0
}

// Borrow returns memory of the host as a slice, which may be read until the call that
// came with it returns.
func Borrow(data unsafe.Pointer, size int) []byte {
	return unsafe.Slice((*byte)(data), size)
}
