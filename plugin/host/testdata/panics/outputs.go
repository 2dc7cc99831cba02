package bridge

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
)

// Code is that of the real package.
type Code int32

// The answers of a flush, as in the real package.
const (
	FlushError Code = 0
	FlushOK    Code = 1
	FlushRetry Code = 2
)

// Outputs panics in all of its methods that PANIC_IN names.
type Outputs struct{ flushes atomic.Int64 }

// Open starts nothing.
func (*Outputs) Open(_ Getter, bind func(Handle) bool, _ string, w io.Writer) bool {
	return opened(w) && bind(1)
}

// Flush panics as often as PANIC_FLUSHES says, with what it was given in memory. A
// flush that does not says how often the payload is in what it takes.
func (o *Outputs) Flush(h Handle, tag string, data []byte) Code {
	kept = append(kept, string(data))
	most, err := strconv.ParseInt(os.Getenv("PANIC_FLUSHES"), 10, 64)
	if o.flushes.Add(1) <= most || err != nil {
		Planted("flush")
	}
	fmt.Printf("took %d of %s for %d\n", bytes.Count(data, []byte(payload())), tag, h)
	return FlushOK
}

func (*Outputs) Close(Handle) { Planted("exit") }
func (*Outputs) CloseAll()    { Planted("exit") }
