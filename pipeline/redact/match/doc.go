// Package match finds the occurrences of very many literal patterns in a text
// at once.
//
// What a byte of the text costs does not grow with the number of patterns. A
// text is read once for each class of lengths, and there only at every few
// bytes: the window of bytes that begins there is looked up in a filter that
// holds the windows of all patterns of the class. Only where the filter knows
// the window, the patterns that may lie around it are looked up and compared.
//
// Patterns and texts may be chosen by somebody hostile. The hashes are keyed
// with random numbers, so that nobody can make up texts that the filter takes
// for patterns. Whoever knows a pattern can make a text full of its pieces,
// and whoever chooses many patterns can make them alike; the first costs one
// look-up for each byte, the second is what the budget of Find bounds.
package match
