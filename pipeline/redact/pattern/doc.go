// Package pattern finds credentials in free text by their shapes: private
// keys, tokens of clouds and services, URLs and connection strings with
// passwords, and assignments to names that say secret.
//
// A rule has keywords, of which one must occur before anything dearer is done;
// one pass over the text finds the keywords of all rules. Only around one does
// the rule's regular expression (RE2) run, then the entropy of what it found is
// looked at, and then the lists of what is allowed to stay. The rules stand in
// rules/*.yaml with examples of what each must find and what it must leave.
// The shapes are those that the vendors document.
//
// The work is bounded by the length of the text. A text that would need more
// was not examined, and says so.
package pattern
