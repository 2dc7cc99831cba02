// Package decode turns bytes as the outside wrote them into typed items. It is
// strict about what it needs to identify an item and indifferent to fields it
// does not know, so that a newer API server breaks nothing.
package decode
