package redact

// Info describes a rule of this package.
type Info struct {
	// ID is what findings are counted by.
	ID string
	// Description is what the rule takes out.
	Description string
}

// Rules returns what there is to know of the rules of this package, the one of
// known values last. They cannot be switched off, but for those that need
// configuration.
func Rules() []Info {
	return []Info{
		{RuleSecret, "values of Secrets, of which a keyed hash is told: in objects, Lists, patches, audit bodies, annotations and texts"},
		{RuleField, "values of fields named token, password, authorization and the like, and of pairs of name and value so named"},
		{RuleEnv, "values of environment variables whose name says that they are secret"},
		{RuleCommand, "values of flags of commands whose name says that they are secret"},
		{RuleCredential, "authorization headers, bearer tokens, passwords of URLs and of assignments in texts"},
		{RuleURI, "credentials in the path or the query of a request, in records"},
		{RuleMessage, "what an error of the API server quotes of a Secret"},
		{RuleKubeconfig, "private keys of clients in kubeconfigs"},
		{RuleDocker, "credentials of container registries"},
		{RuleHelm, "payloads of Helm releases that are in no Secret"},
		{RuleKnown, "known sensitive values, in any notation"},
	}
}
