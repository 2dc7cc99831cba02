package config

import "strings"

// HostKey reports whether Fluent Bit keeps a key of an input for itself, so that it
// may stand in a configuration and is none of ours.
func HostKey(key string) bool { return reserved(strings.ToLower(key)) }
