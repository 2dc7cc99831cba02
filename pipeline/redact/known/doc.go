// Package known finds sensitive values that are known, in whatever form they
// are written down, and replaces them by a mark that tells the name of the
// value and nothing else.
//
// A value is looked for raw, in hex, in base64 at its three alignments, as a
// list of its bytes, and with its quotation marks and signs as YAML, shells, CSV
// and HTML write them, by one match.Set for all values. These are searched in the text as it is and,
// where the text gives a reason to, in views of it: with escapes of JSON and
// the like undone, percent-encoding undone, broken lines joined, and runs of
// base64 and hex decoded, each of them again and again until nothing is left
// to undo. A view remembers where its bytes come from, so that exactly the
// bytes of the text that spell the value are replaced, widened to whole
// characters and escapes.
//
// What is found does not depend on how deep forms are nested, up to limits
// that bound work and memory. Where a limit is met the caller is told, and has
// to withhold the text.
package known
