// Package drift compares live objects with how they were deployed: with the
// manifest that kubectl apply left in an annotation, that of a Helm release or one
// of a file.
//
// It is the comparison that a client-side apply makes before it writes: what a
// manifest says must be so, and what it leaves to the server or to others is
// theirs. Hence defaults need not be known, only the types of fields: which values
// are the same (1 and 1000m), which lists are merged by a key and which replaced.
// These are in schema.txt for the kinds of k8s.io/api. Of custom resources they are
// read off the values and off metadata.managedFields.
//
// Whoever may write an object chooses what is in both sides of a comparison, and
// with its managedFields who is said to own a field. Time and memory are therefore
// linear in the size of the objects, and no message quotes a value.
package drift
