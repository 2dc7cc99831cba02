package actor

import "strings"

// Bounds of what a client says of itself.
const (
	// maxAgent is how much of a user agent is read, in bytes.
	maxAgent = 256
	// maxVersion is the length of the longest version that is taken for one.
	maxVersion = 64
	// maxQuery is how much of a request's URI is searched for a field manager.
	// Writes have a few short parameters.
	maxQuery = 4096
)

// agentOf returns the tool that a user agent names, and the version that it
// tells of it. The tool is zero if it is not known.
//
// Clients built on client-go that do not choose a user agent have the name of
// their program there, and a version if their build set one:
// helm/v0.0.0 (darwin/amd64) kubernetes/$Format.
func agentOf(userAgent string) (t tool, version string) {
	userAgent = userAgent[:min(len(userAgent), maxAgent)]
	name, version, rest := product(userAgent)
	if name == "HashiCorp" {
		// HashiCorp/1.0 Terraform/1.9.5
		name, version, _ = product(rest)
	}
	t, exact := agentTool(strings.TrimSuffix(name, ".exe"))
	if t.tool == "" || !exact || !tellsVersion(version) {
		return t, ""
	}
	return t, version
}

// product cuts the first product off a user agent, RFC 9110 section 10.1.5.
func product(s string) (name, version, rest string) {
	s, rest, _ = strings.Cut(s, " ")
	name, version, _ = strings.Cut(s, "/")
	version, _, _ = strings.Cut(version, "/")
	return name, version, rest
}

// tellsVersion reports whether v may be a version. Programs whose build did not
// set one say v0.0.0.
func tellsVersion(v string) bool {
	return v != "" && len(v) <= maxVersion && v != "v0.0.0" && v != "unknown"
}

// managerOf returns the tool that the field manager in the query of a request
// names. Without one the API server takes the name in the user agent.
func managerOf(uri string) tool {
	_, query, _ := strings.Cut(uri[:min(len(uri), maxQuery)], "?")
	for query != "" {
		var parameter string
		parameter, query, _ = strings.Cut(query, "&")
		// The names that are looked for need no escapes. Of several values the
		// API server takes the first.
		if value, ok := strings.CutPrefix(parameter, "fieldManager="); ok {
			return managerTool(value)
		}
	}
	return tool{}
}
