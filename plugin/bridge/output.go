package bridge

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/config"
)

// Code is what a flush call answers to Fluent Bit.
type Code int32

// The answers, as Fluent Bit numbers them (flb_output.h).
const (
	// FlushError has Fluent Bit give the chunk up.
	FlushError Code = 0
	// FlushOK says that everything in the chunk has arrived.
	FlushOK Code = 1
	// FlushRetry has Fluent Bit come again with the chunk.
	FlushRetry Code = 2
)

// Output is one configured output. The host calls Flush from any number of threads;
// Close comes once none of them is in a call.
type Output struct {
	pipe *pipeline.Pipeline
	log  *logger
}

// OpenOutput starts an output. The error is a mistake to be mended by the user, one
// line for each; it has been logged to w.
func OpenOutput(get Getter, index int, version string, w io.Writer) (*Output, error) {
	name := fmt.Sprintf("live_status.%d", index)
	log := newLogger(w, "output:live_status:"+name)
	cfg, err := config.ParseOutput(get)
	if err != nil {
		log.Errors(err)
		return nil, err
	}
	pipe, err := start(cfg, name, version, log, 0)
	if err != nil {
		return nil, err
	}
	return &Output{pipe: pipe, log: log}, nil
}

// Flush returns once the downstream has what came of the chunk, or says after
// flush_timeout that Fluent Bit should come again. Data is not used after the return.
func (o *Output) Flush(tag string, data []byte) Code {
	switch o.pipe.Flush(context.Background(), tag, data) {
	case pipeline.Delivered:
		return FlushOK
	case pipeline.Refused:
		return FlushError
	case pipeline.Retry:
	}
	return FlushRetry
}

// Close ends the output. It is logged, not returned: the host has nobody to tell.
func (o *Output) Close() { closeWithLog(o.pipe, o.log) }

// Outputs are the open outputs of a process. The zero value is ready. Its methods
// may be called from any thread.
type Outputs struct {
	mu   sync.Mutex
	last Handle
	// index counts the outputs since the last start or reload, as Fluent Bit numbers
	// them.
	index int
	open  map[Handle]*Output
}

// Open starts an output and tells its handle to bind, which makes the host pass it
// to later calls. It reports false where the host must abort its start; why has then
// been logged to w.
func (s *Outputs) Open(get Getter, bind func(Handle) bool, version string, w io.Writer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := OpenOutput(get, s.index, version, w)
	if err != nil {
		return false
	}
	if !bind(s.last + 1) {
		out.log.Error("the host gave this instance no context: it is no Fluent Bit that this plugin knows")
		out.Close()
		return false
	}
	if s.open == nil {
		s.open = map[Handle]*Output{}
	}
	// Handles are not used twice: a call that is late finds nothing rather than
	// another output.
	s.last++
	s.index++
	s.open[s.last] = out
	return true
}

// Flush flushes to an output. Where that is closed, Fluent Bit keeps the chunk.
func (s *Outputs) Flush(h Handle, tag string, data []byte) Code {
	s.mu.Lock()
	out := s.open[h]
	s.mu.Unlock()
	if out == nil {
		return FlushRetry
	}
	return out.Flush(tag, data)
}

// Close closes an output.
func (s *Outputs) Close(h Handle) {
	s.mu.Lock()
	out := s.open[h]
	delete(s.open, h)
	if len(s.open) == 0 {
		s.index = 0
	}
	s.mu.Unlock()
	if out != nil {
		out.Close()
	}
}

// CloseAll closes all outputs: a host that knows no contexts says no more than that it
// ends.
func (s *Outputs) CloseAll() {
	s.mu.Lock()
	open := s.open
	s.open, s.index = nil, 0
	s.mu.Unlock()
	var done sync.WaitGroup
	for _, out := range open {
		done.Go(out.Close)
	}
	done.Wait()
}
