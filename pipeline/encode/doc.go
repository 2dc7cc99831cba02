// Package encode writes records down: as the msgpack that Fluent Bit takes and
// as JSON. It accepts only what has passed the redactor.
//
// One walk over the record drives both forms, so that they cannot differ. The
// keys, their order and when they are absent are documented in
// docs/RECORDS.md; docs/schema holds the JSON Schema. Both are checked against
// this package by its tests.
package encode
