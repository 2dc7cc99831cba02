// Package manifest reads Kubernetes objects as people keep and print them: YAML
// of many documents, JSON, JSON Lines, Lists of them (also Lists of Lists),
// compressed with gzip or not, in UTF-8 or UTF-16.
//
// It holds one object at a time, however long the input is: the items of a List
// are handed on while it is read. Only of a YAML List below a mebibyte all items
// are held together, because they may share anchors. An object longer than
// Options.MaxObject is an error and is skipped.
//
// What is wrong with one document is told with its place, and reading goes on
// with the next one.
package manifest
