// Package secrets watches the Secrets that the service account may read, so that
// their values are found wherever else they occur.
//
// It keeps no content: a Secret is decoded, given to the sink and wiped, and what
// stays here is which Secrets there are, and in which version. No error and no
// line of the log repeats anything of an answer's body.
//
// Secrets are read in all namespaces or, where that is forbidden, in those that
// are configured. The right to read all is tried again from time to time.
// Releases of Helm and tokens of service accounts are left out by the server: the
// former hold manifests in a form of their own, the latter are JSON web tokens,
// and both are found by what they look like. The type of a Secret cannot be
// changed, and who makes one of these types with other content hides its values
// only from this.
//
// # The window
//
// A value is not known from the instant at which its Secret is made. The API
// server tells a watch of it within milliseconds, and then the sink has to
// prepare for it. What quotes the value and is handled before that passes: an
// audit event of the request that made the Secret is redacted by its structure,
// not by this.
//
// Where the server cannot be reached the window is longer. The sink is told once
// nothing has been watched for Options.Patience; at once where nothing was listed
// yet or reading is forbidden. A connection that dies in silence is noticed after
// watch.QuietWatch, and the patience begins then. Once told, the sink is told
// otherwise only after all Secrets were listed anew.
package secrets
