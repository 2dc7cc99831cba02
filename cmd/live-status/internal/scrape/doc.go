// Package scrape fetches the metrics of a running Live Status and reads them: the
// text format of Prometheus, version 0.0.4.
//
// Both ends are held to be hostile. The server proves who it is before a token is
// sent to it, no redirect is followed, and what is read is bounded in bytes, lines,
// labels and time. What the server says is nowhere quoted in an error, nor is the
// token.
package scrape
