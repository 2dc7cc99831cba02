// Package permission says which rights in a cluster a configuration needs, as rules of
// RBAC, and asks an API server which of them are missing and what else is allowed
// that a program which only reads must not do.
//
// The server's own answers count, whatever authorizer gives them:
// SelfSubjectAccessReviews say what may be done, and SelfSubjectRulesReviews, where
// these are complete, what nobody thought to ask for. Neither needs a right that not
// every authenticated user has. What a role in a namespace grants that is looked at
// by neither is not found; a Report says which were.
package permission
