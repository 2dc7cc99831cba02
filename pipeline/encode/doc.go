// Package encode writes records down: as the msgpack that Fluent Bit takes, as
// JSON, as entries of the Fluent forward protocol and as log records of OTLP. It
// accepts only what has passed the redactor.
//
// One walk over the record drives all forms, so that they cannot differ. The
// keys, their order and when they are absent are documented in
// docs/RECORDS.md; docs/schema holds the JSON Schema. Both are checked against
// this package by its tests.
package encode
