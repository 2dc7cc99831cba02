package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/emit"
	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/source/fluentbit"
)

// maxPending bounds the chunks that are taken apart at the same time, in bytes:
// some eight of Fluent Bit's usual size.
const maxPending = 16 << 20

// restWithin bounds how long the end waits for the downstream.
const restWithin = 2 * time.Second

// output is what the output plugin has besides the pipeline.
type output struct {
	chunks    *fluentbit.Source
	client    emit.Client
	letters   *emit.DeadLetters
	deliverer *emit.Deliverer
	// dead counts the records of chunks under way that will never be taken. It
	// belongs to the one who commits.
	dead map[event.Receipt]int
}

// addOutput makes the pipeline take chunks, and forward its records.
func (p *Pipeline) addOutput(cluster event.ClusterName) error {
	f := p.cfg.Forward
	out := &output{dead: map[event.Receipt]int{}}
	p.output = out
	var err error
	out.client, err = emit.Open(emit.Options{
		To: f.To, Format: emit.Format(f.Format), Compress: f.Compress == config.CompressGzip,
		TLS: emit.TLS{
			Enabled: f.TLS, SkipVerify: !f.TLSVerify, CAFile: f.CAFile, CertFile: f.CertFile, KeyFile: f.KeyFile, ServerName: f.ServerName,
		},
		TokenFile: f.TokenFile, HeadersFile: f.HeadersFile, SharedKeyFile: f.SharedKeyFile, Tag: f.Tag, Timeout: f.Timeout,
		FileMaxBytes: f.FileMaxBytes, FileMaxFiles: f.FileMaxFiles,
		Cluster: cluster, Version: p.opts.Version, Instance: p.opts.Instance,
		Stdout: os.Stdout, Logger: p.opts.Logger, Now: time.Now,
	})
	if err != nil {
		return err
	}
	options := emit.DelivererOptions{Client: out.client, To: emit.Destination(f.To), Logger: p.opts.Logger, Now: time.Now}
	if f.DeadLetterPath != "" {
		if out.letters, err = emit.OpenDeadLetters(f.DeadLetterPath, p.opts.Logger); err != nil {
			return err
		}
		options.DeadLetters = out.letters
	}
	out.deliverer = emit.NewDeliverer(options)
	out.chunks = fluentbit.New(fluentbit.Options{
		Sink: p.pump, Logger: p.opts.Logger, Now: time.Now, MaxItem: p.cfg.Audit.MaxLine, MaxPending: maxPending,
	})
	p.sources = append(p.sources, out.chunks)
	p.forwardTo(out.deliverer, out.client.Format())
	p.commits.settled = out.settle
	return nil
}

// forwardTo has batches delivered instead of taken.
func (p *Pipeline) forwardTo(to downstream, format emit.Format) {
	p.forwarder = &forwarder{outbox: p.outbox, to: to}
	p.outbox.marked = true
	switch format {
	case emit.FormatOTLP:
		p.pump.format = encode.AppendOTLP
	case emit.FormatForward:
		p.pump.format = encode.AppendForward
	case emit.FormatJSON:
		p.pump.format = appendJSONLine
	}
}

// settle tells of the chunks of which everything has arrived.
func (o *output) settle(b *batch) {
	for _, receipt := range b.dead {
		o.dead[receipt]++
	}
	if len(b.ended) == 0 {
		return
	}
	settled := make([]fluentbit.Settled, len(b.ended))
	for i, receipt := range b.ended {
		settled[i] = fluentbit.Settled{Receipt: receipt, Dead: o.dead[receipt]}
		delete(o.dead, receipt)
	}
	o.chunks.Settled(settled)
}

// close ends the connections, and returns what went wrong.
func (o *output) close() error {
	var errs []error
	if o.client != nil {
		if err := o.client.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close the downstream: %w", err))
		}
	}
	if o.letters != nil {
		if err := o.letters.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close the dead letters: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Flushed is what became of a chunk.
type Flushed uint8

// What can become of it.
const (
	// Retry means that the chunk is to be flushed again.
	Retry Flushed = iota
	// Delivered means that everything that came of it has arrived.
	Delivered
	// Refused means that some of it can never be delivered, and all else was: it is not
	// to come again.
	Refused
)

// Flush takes a chunk of Fluent Bit's and returns once the downstream has everything
// that came of it, or flush_timeout is over: work on it then goes on, and the next
// Flush of the same chunk joins it. Data is not used after the return. It may be
// called by any number of threads, and only where the configuration says where to
// forward to.
func (p *Pipeline) Flush(ctx context.Context, tag string, data []byte) Flushed {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Forward.FlushTimeout)
	defer cancel()
	result, err := p.output.chunks.Flush(ctx, tag, data)
	if err != nil {
		p.opts.Logger.Error("a chunk cannot be delivered as a whole", "tag", tag, "bytes", len(data), "error", err)
	}
	if fault, ok := errors.AsType[*fluentbit.FaultError](err); ok && !p.unread(tag, data, fault) {
		result = fluentbit.Retry
	}
	switch result {
	case fluentbit.OK:
		return Delivered
	case fluentbit.Refused:
		return Refused
	default:
		return Retry
	}
}

// unread writes to the dead letters that part of a chunk cannot be read, and reports
// whether it is there. What it holds nobody could redact.
func (p *Pipeline) unread(tag string, data []byte, fault *fluentbit.FaultError) bool {
	if p.output.letters == nil {
		return true // A record of the type rejected tells of it.
	}
	err := p.output.letters.WriteUnread(emit.UnreadChunk{
		Time: time.Now(), Reason: fault.Error(), Tag: p.pump.redactor.Line(tag), Bytes: int64(len(data)), Hash: p.pump.redactor.Hash("chunk", data),
	})
	if err != nil {
		p.opts.Logger.Error("dead letters cannot be written; the chunk comes again", "error", err)
	}
	return err == nil
}

// addIndex has records tied to applications by what they themselves tell of objects,
// where these are not watched.
func (p *Pipeline) addIndex() error {
	rules, err := p.applicationRules()
	if err != nil {
		return err
	}
	p.pump.index = correlate.New(correlate.Options{Rules: rules, Now: time.Now})
	// Nothing is served: nobody waits for an object.
	p.pump.index.Serve(nil)
	p.pump.unwatched = true
	p.pump.audited = decode.ObjectDecoder{Annotations: rules.Annotation}
	// No rollout was dealt with, either.
	p.pump.rollouts.listing = true
	return nil
}
