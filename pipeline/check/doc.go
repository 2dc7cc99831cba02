// Package check verifies a target as a person would before trusting it with
// monitoring: whether the API server can be reached and is the right one, who this
// process is there and what it may do, whether the audit trail flows, whether what
// has to be written can be, and whether records would arrive. It changes nothing: no
// file is created that stays, no record is sent, no database is upgraded.
//
// Every check has a name, finds one or more things, and says the way out of each that
// is not well. docs/CHECK.md lists them. A finding never quotes a credential or a
// payload, since people paste them into tickets.
package check
