// Package redact takes out of a record what must not leave the cluster. It is
// the only maker of Redacted, and encode accepts nothing else.
//
// A Redactor walks over every string of a record that came from outside and
// hands it to its layers, one after the other. There is one layer now, the
// structural one: it knows the shapes in which Kubernetes writes secrets down
// (Secret manifests and lists of them, patches, token reviews, Authorization
// headers, URLs with passwords) wherever an event may quote them, and what the
// bodies of requests are about. Layers that know values and patterns follow the
// same contract.
//
// The package fails closed. What a layer cannot read with certainty is
// replaced by MarkWithheld, and the record's list of withheld parts says where
// and why.
package redact
