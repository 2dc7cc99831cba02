package permission

import (
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Identity is who the API server takes this account for.
type Identity struct {
	// User is empty where the server does not tell.
	User   string
	Groups []string
}

// Account returns the service account that it is, if it is one.
func (i Identity) Account() (Account, bool) {
	rest, ok := strings.CutPrefix(i.User, "system:serviceaccount:")
	if !ok {
		return Account{}, false
	}
	ns, name, ok := strings.Cut(rest, ":")
	return Account{Name: name, Namespace: ns}, ok && isLabel(ns) && name != ""
}

// isLabel reports whether a text may be the name of a namespace, RFC 1123.
func isLabel(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// Finding is a right that is missing or too much.
type Finding struct {
	Right
	// Why says what does not work without it, or what harm it does.
	Why string
	// Fix is the way out: the rule to add, or what to remove.
	Fix string
	// Or is another way out, by an option; empty where there is none.
	Or string
	// By is what the server says grants it; empty where it does not tell.
	By string
}

// Report is what a check has found.
type Report struct {
	Identity Identity
	// Missing and Excess are ordered by where and what they are about.
	Missing, Excess []Finding
	// Namespaces are those whose roles were looked at for what is too much.
	Namespaces []event.Namespace
	// Notes say what could not be found out.
	Notes []string
	// Requests is how many requests it took.
	Requests int
	// Checked is when it ended.
	Checked time.Time

	// basis is what it rests on; empty where that is not known.
	basis string
}

// OK reports whether nothing is missing and nothing too much.
func (r Report) OK() bool { return len(r.Missing) == 0 && len(r.Excess) == 0 }

// Add returns the rules that grant what is missing.
func (r Report) Add() []Rule {
	rights := make([]Right, len(r.Missing))
	for i, f := range r.Missing {
		rights[i] = f.Right
	}
	return rulesOf(rights)
}

// Status returns the report as monitor_status tells it.
func (r Report) Status() *event.PermissionsStatus {
	return &event.PermissionsStatus{
		Missing: int64(len(r.Missing)), Excess: int64(len(r.Excess)),
		MissingRights: texts(r.Missing), ExcessRights: texts(r.Excess), Checked: r.Checked,
	}
}

func texts(findings []Finding) []string {
	var out []string
	for _, f := range findings[:min(len(findings), event.MaxPermissions)] {
		out = append(out, f.String())
	}
	return out
}
