// Package rule ties objects to applications. A rule reads labels and annotations,
// or asks which tool says that an object is its own, and names an application.
//
// Rules are tried in a fixed order, and each of them on the object first and then
// on its owners, from the nearest up: what is more certain wins over what is
// nearer. So the Helm release that an owning Deployment names wins over a label
// app of the pod. The first rule that matches any of them decides.
//
// Nothing here does I/O but New, which reads the file of own rules. A Set may be
// used by several goroutines at once. Whoever may create an object chooses its
// labels and annotations, so every value is bounded before it is used, and a
// value that cannot be a name is as good as none.
//
// docs/APPLICATIONS.md describes the rules for users; a test compares its table
// with Rules.
package rule
