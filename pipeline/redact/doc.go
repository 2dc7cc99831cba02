// Package redact takes out of a record what must not leave the cluster. It is
// the only maker of Redacted, and encode accepts nothing else.
//
// A Redactor walks over every string of a record that came from outside and
// hands it to its layers, one after the other. The structural one knows the shapes
// in which Kubernetes and its tools write secrets down, wherever an event may quote
// them: Secret manifests and lists of them, patches, releases of Helm, token
// reviews, kubeconfigs, credentials for registries, headers, URLs, the words of
// commands, and what stands under keys and names of variables that say secret. It
// parses JSON, and passes each decoded string, key and number on to the layers for
// known values (package known) and for patterns (package pattern).
//
// What was redacted once stays as it is when it is redacted again.
//
// The package fails closed. What a layer cannot read with certainty is
// replaced by MarkWithheld, and the record's list of withheld parts says where
// and why.
package redact
