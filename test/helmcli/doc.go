// Package helmcli gives tests the real Helm: the command of module test/helm, built
// once and kept in the user's cache folder.
package helmcli
