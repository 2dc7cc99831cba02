// Package docs tests what the documentation says: that every link and path in it
// leads somewhere, that every block of YAML, JSON and INI is what it seems to be,
// that every command is one that works, and that each line that the program logs is
// explained.
//
// Commands are run in a folder of their own with what `make build` has built, against
// a real control plane; testdata/commands.yaml says what each finds there in the place
// of a reader's own files. What cannot be run here has a comment before it,
// <!-- not run: why -->, which the test counts.
package docs
