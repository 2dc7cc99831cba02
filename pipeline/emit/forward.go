package emit

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// forward speaks the Fluent forward protocol, version 1, as a client: PackedForward
// messages, each with a chunk id that the server acknowledges.
//
// It is written by hand over a msgpack library: of the libraries there are,
// github.com/IBM/fluent-forward-go v0.4.0 knows no context, sets no deadline on
// writes and the handshake, and reads strings of any length from the server;
// github.com/fluent/fluent-logger-golang v1.10.2 knows neither packed messages nor
// shared keys.
type forward struct {
	host, address, tag string
	compress           bool
	timeout            time.Duration
	// name is how this client calls itself in the handshake.
	name string
	// tls and key are nil where they are not used.
	tls *tlsFiles
	key *watchedFile

	// conn is nil where the next batch needs a new connection.
	conn net.Conn
	// single is set where the server takes one message a connection.
	single bool
	// used is when the connection was last known to be good.
	used    time.Time
	hangUps hangUps

	head, tail []byte
	zipped     bytes.Buffer
	zipper     *gzip.Writer
}

const (
	// forwardPort is the port of the protocol.
	forwardPort = "24224"
	// partSize is the size of a message's entries in bytes, uncompressed, beyond
	// which a batch is sent in several. Fluent Bit closes the connection on a message
	// of more than 6,144,000 bytes, compressed or not (buffer_max_size), and reads
	// one of up to 1,024,000 without growing its buffer (buffer_chunk_size).
	partSize = 1_000_000
	// idle is how long a connection may not have been used without a look at whether
	// the server has closed it, and glance how long that look may take.
	idle   = time.Second
	glance = time.Millisecond
	// maxAck is the size of an acknowledgement in bytes: the id is 24 long.
	maxAck = 1 << 10
)

// openForward returns the downstream "forward://HOST:PORT". It does not connect.
func openForward(o Options) (Client, error) {
	u, err := parseURL(o.To)
	if err != nil {
		return nil, err
	}
	if u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("forward_to has more than forward://HOST:PORT")
	}
	if o.Tag == "" {
		return nil, errors.New("forward_tag is empty")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	f := &forward{
		host: u.Hostname(), tag: o.Tag, compress: o.Compress, timeout: o.Timeout,
		// A server must not have the same name, even where it is on the same host.
		name: "live-status@" + host[:min(len(host), maxName)],
	}
	port := u.Port()
	if port == "" {
		port = forwardPort
	}
	f.address = net.JoinHostPort(f.host, port)
	if o.TLS.Enabled {
		if f.tls, err = newTLSFiles(o.TLS, o.Now); err != nil {
			return nil, err
		}
		warnUnverified(o)
	} else if o.SharedKeyFile != "" {
		o.Logger.Warn("who listens can try shared keys, and who stands in between can use this one: forward_tls is off", "to", Destination(o.To))
	}
	if o.SharedKeyFile != "" {
		f.key = &watchedFile{option: "forward_shared_key_file", path: o.SharedKeyFile, now: o.Now}
		data, _, err := f.key.read()
		if err == nil {
			_, err = sharedKey(data)
		}
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *forward) Format() Format { return FormatForward }

// Send sends b in messages of about partSize, one after the other is acknowledged.
// Where some are acknowledged and one is not, the error is a PartialError.
func (f *forward) Send(ctx context.Context, b Batch) error {
	for sent := 0; sent < b.Len(); {
		n := part(b, sent)
		message := b.Slice(sent, sent+n)
		err := f.sendPart(ctx, message)
		judged := f.hangUps.judge(message, err)
		switch {
		case err != nil && sent > 0:
			// That one is refused is said once it is the first.
			return &PartialError{Delivered: sent, Err: err}
		case judged != nil:
			return judged
		}
		sent += n
	}
	return nil
}

// part returns how many records of b go into one message from record i on.
func part(b Batch, i int) int {
	size := len(b.Record(i))
	n := 1
	for i+n < b.Len() && size+len(b.Record(i+n)) <= partSize {
		size += len(b.Record(i + n))
		n++
	}
	return n
}

// sendPart sends one message and waits for its acknowledgement.
func (f *forward) sendPart(ctx context.Context, b Batch) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	err := f.connect(ctx)
	if err == nil {
		err = f.during(ctx, func() error { return f.exchange(b) })
	}
	if err != nil || f.single {
		f.drop()
	}
	f.used = time.Now()
	return err
}

// during does something with the connection, which it ends with ctx. The error is
// then why ctx ended.
func (f *forward) during(ctx context.Context, do func() error) error {
	conn := f.conn
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err := do()
	// Where it has begun to take effect, the connection is of no use any more.
	if !release() && err == nil {
		f.single = true
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("forward to %s: %w: %w", f.address, ctx.Err(), forPeople(err))
	}
	if err != nil {
		return fmt.Errorf("forward to %s: %w", f.address, forPeople(err))
	}
	return nil
}

// connect makes sure of a connection over which messages may be sent.
func (f *forward) connect(ctx context.Context) error {
	changed := false
	if f.tls != nil {
		if err := f.tls.refresh(); err != nil {
			return err
		}
		changed = f.tls.stale
	}
	var key []byte
	if f.key != nil {
		data, fresh, err := f.key.read()
		if err != nil {
			return err
		}
		if key, err = sharedKey(data); err != nil {
			return err
		}
		changed = changed || fresh
	}
	if f.conn != nil && !changed && f.alive() {
		return nil
	}
	f.drop()
	conn, err := f.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", f.address, forPeople(err))
	}
	f.conn, f.single = conn, false
	if key == nil {
		return nil
	}
	return f.during(ctx, func() error { return f.handshake(key) })
}

func (f *forward) dial(ctx context.Context) (net.Conn, error) {
	if f.tls == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", f.address)
	}
	// It does the handshake as well.
	d := tls.Dialer{Config: f.tls.config(f.host)}
	return d.DialContext(ctx, "tcp", f.address)
}

// alive reports whether the server has not closed the connection since it was used.
// What is written to one that is closed is lost without a trace, and has to be sent
// again though it never arrived.
func (f *forward) alive() bool {
	if time.Since(f.used) < idle {
		return true
	}
	if f.conn.SetReadDeadline(time.Now().Add(glance)) != nil {
		return false
	}
	// Nothing is sent that was not asked for.
	var b [1]byte
	_, err := f.conn.Read(b[:])
	return errors.Is(err, os.ErrDeadlineExceeded) && f.conn.SetReadDeadline(time.Time{}) == nil
}

// exchange sends a message and reads the acknowledgement.
func (f *forward) exchange(b Batch) error {
	id, err := f.message(b)
	if err != nil {
		return err
	}
	entries := b.Bytes()
	if f.compress {
		entries = f.zipped.Bytes()
	}
	// Nothing is copied to make one piece of it.
	pieces := net.Buffers{f.head, entries, f.tail}
	if _, err := pieces.WriteTo(f.conn); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return f.acknowledged(id)
}

// message puts together what stands around the entries of a message, and returns
// the id that it has.
func (f *forward) message(b Batch) (id string, err error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // It never fails.
	id = base64.StdEncoding.EncodeToString(random[:])
	size, options := len(b.Bytes()), uint32(2)
	if f.compress {
		if err := f.zip(b.Bytes()); err != nil {
			return "", err
		}
		size, options = f.zipped.Len(), 3
	}
	f.head = msgp.AppendArrayHeader(f.head[:0], 3)
	f.head = msgp.AppendString(f.head, f.tag)
	f.head = msgp.AppendBytesHeader(f.head, uint32(size))
	f.tail = msgp.AppendMapHeader(f.tail[:0], options)
	f.tail = msgp.AppendInt(msgp.AppendString(f.tail, "size"), b.Len())
	f.tail = msgp.AppendString(msgp.AppendString(f.tail, "chunk"), id)
	if f.compress {
		f.tail = msgp.AppendString(msgp.AppendString(f.tail, "compressed"), "gzip")
	}
	return id, nil
}

func (f *forward) zip(entries []byte) error {
	f.zipped.Reset()
	if f.zipper == nil {
		z, err := gzip.NewWriterLevel(&f.zipped, gzip.BestSpeed)
		if err != nil {
			return err
		}
		f.zipper = z
	}
	f.zipper.Reset(&f.zipped)
	if _, err := f.zipper.Write(entries); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := f.zipper.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return nil
}

// drop ends the connection.
func (f *forward) drop() {
	if f.conn != nil {
		// What was sent is acknowledged or not, whatever becomes of the rest.
		_ = f.conn.Close()
		f.conn = nil
	}
}

func (f *forward) Close() error {
	f.drop()
	return nil
}
