// Package piece cuts an input, however long it is, into what can be redacted by
// itself: JSON documents and the items of long Lists, lines of JSON Lines, YAML
// documents, and windows of text. The texts of all pieces one after the other
// are the input.
//
// It holds one piece at a time. What exceeds its limit, or does not tell where it
// ends, is not handed on, and its piece says why.
package piece
