package crash

import (
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"strings"
)

// Run calls f. Where that panics it panics itself, and says where and why without
// what the panic said.
func Run(f func()) {
	if what := failure(f); what != "" {
		// Here, and not where it was recovered: the runtime would print that, too.
		panic(what)
	}
}

// failure returns what Run says of the panic of f, if it did.
func failure(f func()) (what string) {
	defer func() {
		if r := recover(); r != nil {
			what = "please report this: " + Describe(r) + " in " + Callers()
		}
	}()
	f()
	return ""
}

// Describe returns what the runtime says of a mistake, which has numbers and the
// names of types in it, and of all other values the type.
func Describe(value any) string {
	if err, ok := value.(runtime.Error); ok && ofRuntime(reflect.TypeOf(value)) {
		return err.Error()
	}
	return fmt.Sprintf("a value of type %T", value)
}

// ofRuntime tells the errors of the runtime from those of others that only claim
// to be such.
func ofRuntime(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == "runtime"
}

// mostCallers bounds a stack, of which a recursion has no end.
const mostCallers = 64

// Callers returns who has called, the innermost first: functions and lines. The
// runtime's own trace has the words of arguments, and in these bytes of texts may
// stand.
func Callers() string {
	// Neither runtime.Callers, this function nor the one that recovers.
	const skip = 3
	pcs := make([]uintptr, mostCallers)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(skip, pcs)])
	var b strings.Builder
	for more := true; more; {
		var f runtime.Frame
		if f, more = frames.Next(); f.Function == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(" < ")
		}
		b.WriteString(f.Function)
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(f.Line))
	}
	return b.String()
}
