// Package splice puts what was redacted of a document back into its text, which
// stays as it is everywhere else: white space, comments, order, the way in which
// strings and numbers are written.
package splice
