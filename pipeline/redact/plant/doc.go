// Package plant puts sensitive values into records, in many notations and at
// many places, and looks for them in what came out. It measures what redaction
// finds, and so shares nothing with it: values are made by their documented
// shapes, notations by the standard library's encoders, and found again by
// decoding.
//
// It is for tests.
package plant
