// Package config turns the options that a user wrote into a Config: defaults,
// parsing, checks, and a search for misspelt keys. The names, defaults and
// notations of Fluent Bit's kubernetes_events input are kept, so that a
// configuration written for it works here.
//
// The host hands over options one by one by key and cannot list them. What a
// user wrote under a key that is not asked for is therefore invisible; Parse
// asks for the likely misspellings of every key as well.
package config
