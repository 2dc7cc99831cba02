// Package fluentbit takes the chunks that Fluent Bit flushes to an output
// plugin: log events in msgpack, of whichever input.
//
// A chunk is taken apart into Kubernetes Events and audit Events as raw JSON.
// These are recognised by what they say, never by the tag: as the body of a log
// event, as a map or a text one level below it, alone, in lists and in the
// notices of a watch. What is none of these becomes a skipped item.
//
// Whoever can have a log event routed here can thus report whatever he likes.
// The routes of Fluent Bit decide who that is.
//
// Flush answers once everything that came of a chunk has arrived downstream.
// Where that takes longer than Flush may take, work goes on and the host is told
// to come again; the same chunk then joins what is under way, or is answered at
// once. Chunks are told apart by all of their bytes.
//
// Input is not trusted: each length is checked against what is left, nesting is
// bounded, and memory is a small multiple of the size of the chunks under way,
// which is bounded, too.
package fluentbit
