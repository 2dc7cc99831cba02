// Package event is the vocabulary of the pipeline: the records it emits, the
// things they speak of, and the facts the stages tell each other about an
// item. It does no I/O and reads no clock; every stage may import it and it
// imports none of them.
//
// The schema of the records is documented in docs/RECORDS.md.
package event
